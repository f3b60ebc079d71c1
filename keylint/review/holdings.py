"""Looks without a manifest → the keys and accounts that they tell of, and which key is on which account."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Final, NamedTuple

import tomli_w

from keylint import secret_shapes
from keylint.evidence.keys import LiveKey
from keylint.evidence.known import Known, known
from keylint.evidence.model import (
    LISTED_KEYS,
    OBSERVED,
    SUB_ACCOUNTS,
    AccountLook,
    Evidence,
    KeyLook,
    ListedKey,
    ListedKeys,
    SubAccount,
    SubAccounts,
    email_hash,
)
from keylint.manifest.load import load
from keylint.manifest.model import Manifest, Undecided

MAIN: Final = "main"
LONGEST_SLUG: Final = 40
UNDATED: Final = date(2017, 7, 1)
"""What stands where nobody knows when a key was made: Binance opened then, so that no key is taken for a young one."""

Table = dict[str, object]


class Holding(NamedTuple):
    """An account: its master, where it is known to be a sub-account, and its e-mail address, where somebody gave it."""

    id: str
    master: str | None = None
    email: str | None = None
    may_be: tuple[SubAccount, ...] = ()
    """Those of its master's list that it may be, where nobody gave its e-mail address."""


class Holdings(NamedTuple):
    """What there is, and the looks set beside it."""

    accounts: tuple[Holding, ...]
    keys: tuple[LiveKey, ...]
    """On their accounts; those that nothing is known of too."""
    inventories: frozenset[str]
    """The keys with which somebody listed sub-accounts or their keys."""
    homeless: frozenset[str]
    """The keys that answered, and of which nobody knows the account: they stand on the first one."""
    unlisted: tuple[tuple[str, str], ...]
    """The accounts whose sub-accounts or keys somebody asked for and was not told, and why."""
    twins: Mapping[str, str]
    """Keys that were looked at under two ids: the one that is left out, and the one that is kept."""


def holdings(evidence: Sequence[Evidence], as_of: datetime, emails: Mapping[str, str]) -> Holdings:
    """What `evidence` tells of at `as_of`; `emails` are those of its accounts, by id, because it holds none."""
    asked = {look.key: None for each in evidence for look in each.keys}
    told_of = {look.account: None for each in evidence for look in each.accounts}
    nowhere = unused("import", told_of)
    raw = _seen(
        {each: {} for each in (nowhere, *told_of)}, {key: {"account": nowhere} for key in asked}, evidence, as_of
    )
    twins = _twins(raw)
    kept = [key for key in raw.keys.values() if key.id not in twins]
    looks = [look for each in evidence for look in each.accounts]
    listings = _chosen(raw, LISTED_KEYS)
    placed = _Placed(kept, twins, looks, listings)
    accounts = _accounts(placed, listings, _chosen(raw, SUB_ACCOUNTS), emails)
    tables: dict[str, Table] = {}
    for key in kept:
        used = _fingerprint(key)
        identity: Table = {} if used is None else {"fingerprint": used}
        tables[key.id] = {"account": placed.of[key.id], **identity}
    tables |= _listed_only(tables, [it.id for it in accounts], listings, [*asked])
    final = _seen({it.id: _fields(it) for it in accounts}, tables, evidence, as_of)
    return Holdings(
        accounts,
        tuple(final.keys.values()),
        frozenset(it.asked_with for it in looks if it.question in _INVENTORY and it.asked_with in tables),
        frozenset(placed.homeless),
        tuple(_unlisted(raw, looks)),
        twins,
    )


_INVENTORY = (SUB_ACCOUNTS, LISTED_KEYS)


def unused(wanted: str, taken: Collection[str]) -> str:
    """`wanted`, else with the first number behind it with which it is none of `taken`."""
    number, name = 2, wanted
    while name in taken:
        name, number = f"{wanted}-{number}", number + 1
    return name


def slug(text: str, instead: str) -> str:
    """An id that reads like `text`; `instead` where it has no letter or digit of ASCII, or the shape of a secret."""
    found = "" if secret_shapes.find(text) else re.sub("[^a-z0-9]+", "-", text.lower())[:LONGEST_SLUG].strip("-")
    return found or instead


def _fields(account: Holding) -> Table:
    fields = {"master": account.master, "email": account.email}
    return {name: value for name, value in fields.items() if value is not None}


def _seen(
    accounts: Mapping[str, Table], keys: Mapping[str, Table], evidence: Sequence[Evidence], as_of: datetime
) -> Known:
    """What the looks tell of such accounts and keys; what else a manifest must say of a key plays no part in it."""
    due: Table = {"type": "hmac", "permissions": [], "created": UNDATED}
    values = {"version": 1, "accounts": accounts, "keys": {name: due | table for name, table in keys.items()}}
    return known(_manifest(values), evidence, as_of)


def _manifest(values: Table) -> Manifest:
    manifest = load("import", tomli_w.dumps(values).encode()).manifest
    if manifest is None:
        message = "evidence names a key or an account by what is no id"
        raise ValueError(message)
    return manifest


def _fingerprint(key: LiveKey) -> str | None:
    """Of the credentials that it answered with, else of those that it was asked with."""
    look = key.look or key.tried
    return None if look is None else look.fingerprint


def _twins(raw: Known) -> dict[str, str]:
    """Which keys are another one under a second id: the look that answered last is kept."""
    by_print: dict[str, list[LiveKey]] = {}
    for key in raw.keys.values():
        used = _fingerprint(key)
        if used is not None:
            by_print.setdefault(used, []).append(key)
    twins: dict[str, str] = {}
    for same in by_print.values():
        best = max(same, key=lambda it: (it.look is not None, _at(it.look or it.tried)))
        twins |= {key.id: best.id for key in same if key is not best}
    return twins


def _at(look: KeyLook | None) -> datetime:
    return datetime.min.replace(tzinfo=UTC) if look is None else look.at


def _chosen(raw: Known, question: str) -> dict[str, AccountLook]:
    """The look that answered a question, for each account of which there is one."""
    found = {name: account.looks.get(question) for name, account in raw.accounts.items()}
    return {name: look for name, look in found.items() if isinstance(look, AccountLook)}


def _unlisted(raw: Known, looks: Sequence[AccountLook]) -> Iterator[tuple[str, str]]:
    asked = {(look.account, look.question) for look in looks}
    for name, account in raw.accounts.items():
        for question in _INVENTORY:
            why = account.looks[question]
            if (name, question) in asked and isinstance(why, Undecided):
                yield f"{account}", f"{question}: {why.message.removeprefix(f'{account}: ')}"


class _Placed:
    """Each key put on an account: by a master's list, by what it was asked about, by the hash of its account's uid."""

    def __init__(
        self,
        keys: Sequence[LiveKey],
        twins: Mapping[str, str],
        looks: Sequence[AccountLook],
        listings: Mapping[str, AccountLook],
    ) -> None:
        self.of: dict[str, str] = {}
        self.homeless: list[str] = []
        self._names: dict[str, str] = {}
        """The account of each group of keys that are known to belong together."""
        groups = {key.id: _group(key) for key in keys}
        prints = {used: key.id for key in keys if (used := _fingerprint(key)) is not None}
        for account, look in listings.items():
            for each in _keys_in(look):
                if each.fingerprint in prints:
                    self._names.setdefault(groups[prints[each.fingerprint]], account)
        for look in sorted(looks, key=lambda it: (it.outcome != OBSERVED, it.question != SUB_ACCOUNTS)):
            asker = look.asked_with or ""
            group = groups.get(twins.get(asker, asker))
            if group is not None and look.question != LISTED_KEYS and look.account not in self._names.values():
                self._names.setdefault(group, look.account)
        told_of = {look.account for look in looks if look.outcome == OBSERVED}
        for group in groups.values():
            if group not in self._names and not group.startswith(_ALONE):
                self._names[group] = self._new(told_of)
        default = next((it for it in self._names.values() if it not in listings), None) or self._new(told_of)
        for key in keys:
            group = groups[key.id]
            self.of[key.id] = self._names.get(group, default)
            if group not in self._names and key.look is not None:
                self.homeless.append(key.id)

    def _new(self, told_of: Iterable[str]) -> str:
        used = {*told_of, *self._names.values()}
        return MAIN if MAIN not in used else unused("account", {"account", *used})


_ALONE = "key "


def _group(key: LiveKey) -> str:
    """What it has in common with the keys of its account, as far as Binance told."""
    told = key.account_hash_or
    return f"account {told}" if isinstance(told, str) else f"{_ALONE}{key.id}"


def _keys_in(look: AccountLook | None) -> tuple[ListedKey, ...]:
    return look.told.found if look is not None and isinstance(look.told, ListedKeys) else ()


def _accounts(
    placed: _Placed,
    listings: Mapping[str, AccountLook],
    lists: Mapping[str, AccountLook],
    emails: Mapping[str, str],
) -> tuple[Holding, ...]:
    """Every account: those of keys, those whose keys were listed, and those that a master lists besides."""
    masters: dict[str, str] = {}
    for account, look in listings.items():
        above = placed.of.get(look.asked_with or "")
        if above is not None and above not in listings:
            masters[account] = above
    found: dict[str, SubAccounts] = {}
    for account, look in lists.items():
        above = placed.of.get(look.asked_with or "", account)
        if above not in listings and isinstance(look.told, SubAccounts):
            found[above] = look.told
    for account, email in emails.items():  # one whose keys were asked for, and whose list did not come
        hashed = email_hash(email)
        above = next((it for it, told in found.items() if any(sub.email_hash == hashed for sub in told.found)), None)
        if above is not None and account != above:
            masters.setdefault(account, above)
    names = dict.fromkeys([*placed.of.values(), *masters.values(), *listings, *masters, *found])
    ordered = sorted(names, key=lambda it: (it in masters, it != MAIN))
    made = [Holding(it, masters.get(it), emails.get(it) if it in masters else None) for it in ordered]
    for master, told in found.items():
        made = list(_with_others(made, master, told.found, names))
    return tuple(made)


def _with_others(
    made: Sequence[Holding], master: str, listed: Sequence[SubAccount], names: dict[str, None]
) -> Iterator[Holding]:
    """The accounts `made`, and as many more as `master` lists beyond those of them that are its own."""
    ours = [it for it in made if it.master == master]
    hashes = {email_hash(it.email) for it in ours if it.email is not None}
    left = tuple(it for it in listed if it.email_hash not in hashes)
    nameless = {it.id for it in ours if it.email is None}
    for it in made:
        yield it._replace(may_be=left) if it.id in nameless else it
    for number in range(len(left) - len(nameless)):
        name = unused(f"sub-account-{number + 1}", names)
        names[name] = None
        yield Holding(name, master, None, left if nameless else (left[number],))


def _listed_only(
    tables: Mapping[str, Table], accounts: Sequence[str], listings: Mapping[str, AccountLook], asked: Sequence[str]
) -> dict[str, Table]:
    """The keys that a master's list alone tells of, each under an id that reads like its label."""
    held = {str(table["fingerprint"]) for table in tables.values() if "fingerprint" in table}
    made: dict[str, Table] = {}
    for account in accounts:
        for each in sorted(_keys_in(listings.get(account)), key=lambda it: (it.facts.label or "", it.fingerprint)):
            if each.fingerprint not in held:
                name = unused(slug(each.facts.label or "", f"{account[:LONGEST_SLUG]}-key"), [*asked, *made])
                made[name] = {"account": account, "fingerprint": each.fingerprint}
                held.add(each.fingerprint)
    return made
