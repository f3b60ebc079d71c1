"""Looks + manifest → what is known of each key and account at one moment: the newest fresh look that answered wins."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple, TypeVar

from keylint.manifest.model import Account, Key, Manifest, NotShown, Undecided

from .accounts import LiveAccount, no_email, no_master
from .keys import LiveKey, live_key
from .model import (
    ANSWERS,
    LISTED_KEYS,
    MALFORMED,
    ON_REQUEST,
    QUESTIONS,
    SUB_ACCOUNTS,
    AccountLook,
    Evidence,
    KeyLook,
    ListedKey,
    ListedKeys,
    when,
)

T = TypeVar("T")

AHEAD = timedelta(minutes=5)
"""How far the clock of another host may be ahead."""


class Looked(NamedTuple):
    """One set of evidence, as a report names it."""

    name: str
    source: str
    started: datetime
    finished: datetime


class Known(NamedTuple):
    """What is known of everything in one manifest at one moment."""

    keys: Mapping[str, LiveKey]
    accounts: Mapping[str, LiveAccount]
    looked_at: tuple[Looked, ...]
    remarks: tuple[str, ...]
    """What the looks do not agree on, and what those who looked had to say."""

    @property
    def answered(self) -> int:
        """Of how many keys Binance told something."""
        return sum(key.answered for key in self.keys.values())


class _Looks(NamedTuple):
    """The looks at one thing, and where each comes from."""

    looks: Sequence[tuple[KeyLook | AccountLook, str]]
    as_of: datetime
    max_age_hours: int
    names: str

    def choose(self, subject: str) -> KeyLook | AccountLook | Undecided:
        """The newest fresh look that answered; else why there is none."""
        if not self.looks:
            return Undecided("not-looked-at", f"{subject} was not looked at in {self.names}")
        ripe = [look for look in self.looks if look[0].at - self.as_of <= AHEAD]
        if not ripe:
            look, name = min(self.looks, key=lambda it: it[0].at)
            message = f"{subject} was looked at {when(look.at)} ({name}), after the moment of judgement"
            return Undecided("later", f"{message}: judge as of a later one (--as-of)")
        limit = timedelta(hours=self.max_age_hours)
        fresh = [look for look in ripe if self.as_of - look[0].at < limit]
        answered = [look for look, _ in fresh if look.outcome in ANSWERS]
        if answered:
            return max(reversed(answered), key=lambda it: it.at)  # of two at one moment the last, as is said
        late = [look for look in ripe if look not in fresh]
        before = [look for look in late if look[0].outcome in ANSWERS]
        silent = max(fresh, key=lambda it: it[0].at, default=None)
        if silent is not None and not before:
            return Undecided(silent[0].outcome, f"{subject}: {_of(silent)}")
        # A host that answered and is late comes first: what another host, or this one since, was refused says less.
        look, name = max(before or late, key=lambda it: it[0].at)
        hours = (self.as_of - look.at) // timedelta(hours=1)
        message = (
            f"{subject} {'last answered' if before else 'was last looked at'} {when(look.at)} ({name}), {hours} hours "
            f"ago; the policy allows {self.max_age_hours}: look again there with `keylint observe`"
        )
        if silent is None:
            return Undecided("stale", message)
        return Undecided(silent[0].outcome, f"{message}. Since then: {_of(silent)}")

    def tried(self) -> KeyLook | None:
        """The last look that was made with credentials, whatever came of it."""
        looks = [look for look, _ in self.fresh() if isinstance(look, KeyLook) and look.fingerprint is not None]
        return looks[-1] if looks else None

    def used(self) -> str | None:
        """The fingerprint of its credentials: of those in the look that is judged, else of the newest ones."""
        chosen = self.choose("")
        if isinstance(chosen, KeyLook) and chosen.fingerprint is not None:
            return chosen.fingerprint
        looks = [look for look, _ in self.looks if isinstance(look, KeyLook) and look.fingerprint is not None]
        return max(looks, key=lambda it: it.at).fingerprint if looks else None

    def fresh(self) -> list[tuple[KeyLook | AccountLook, str]]:
        """The looks that hold, oldest first."""
        limit = timedelta(hours=self.max_age_hours)
        held = [look for look in self.looks if look[0].at - self.as_of <= AHEAD and self.as_of - look[0].at < limit]
        return sorted(held, key=lambda it: it[0].at)


def _of(look: tuple[KeyLook | AccountLook, str]) -> str:
    """Why a look brought no answer, and in which evidence that stands."""
    reason, name = look[0].reason, look[1]
    return f"{reason} ({name})" if name else reason


def known(manifest: Manifest, evidence: Sequence[Evidence], as_of: datetime) -> Known:
    """What `evidence` tells of `manifest` at the instant `as_of`. Stale looks tell nothing."""
    names = ", ".join(each.name for each in evidence if each.name) or "this run"
    hours = manifest.policy.evidence.max_age_hours
    at_keys: dict[str, list[tuple[KeyLook | AccountLook, str]]] = {}
    at_accounts: dict[tuple[str, str], list[tuple[KeyLook | AccountLook, str]]] = {}
    for each in evidence:
        for look in each.keys:
            at_keys.setdefault(look.key, []).append((look, each.name))
        for question in each.accounts:
            at_accounts.setdefault((question.account, question.question), []).append((question, each.name))
    answers = {
        account.id: _questions(manifest, account, at_accounts, _Looks((), as_of, hours, names))
        for account in manifest.accounts.values()
    }
    looks_at = {key: _Looks(at_keys.get(key, ()), as_of, hours, names) for key in manifest.keys}
    listed = _identified(manifest, answers, {key: looks.used() for key, looks in looks_at.items()})
    keys, remarks = {}, [remark for each in evidence for remark in each.remarks]
    for key in manifest.keys.values():
        looks = looks_at[key.id]
        chosen = looks.choose(str(key))
        account = key.account_found
        listing = answers[account.id][LISTED_KEYS] if account is not None else NotShown()
        keys[key.id] = live_key(
            key,
            chosen if isinstance(chosen, KeyLook | Undecided) else _impossible(),
            looks.tried(),
            listing,
            listed.get(key.id),
        )
        remarks += _disagreements(key, looks.fresh(), hours)
    by_account: dict[str, dict[str, LiveKey]] = {}
    for live in keys.values():
        if live.account_found is not None:
            by_account.setdefault(live.account_found.id, {})[live.id] = live
    accounts = {
        account.id: LiveAccount(
            account,
            answers[account.id],
            MappingProxyType(by_account.get(account.id, {})),
            answers.get(account.master or "", MappingProxyType({})),
        )
        for account in manifest.accounts.values()
    }
    looked_at = tuple(Looked(each.name, each.source, each.started, each.finished) for each in evidence)
    return Known(MappingProxyType(keys), MappingProxyType(accounts), looked_at, tuple(dict.fromkeys(remarks)))


def _impossible() -> Undecided:
    return Undecided(MALFORMED, "the evidence speaks of an account where a key was due")


def _questions(
    manifest: Manifest,
    account: Account,
    at: Mapping[tuple[str, str], list[tuple[KeyLook | AccountLook, str]]],
    empty: _Looks,
) -> Mapping[str, AccountLook | Undecided | NotShown]:
    """What came of every question about one account."""
    answers: dict[str, AccountLook | Undecided | NotShown] = {}
    for question in QUESTIONS:
        looks = at.get((account.id, question), [])
        if question == LISTED_KEYS and not looks and not account.master_found:
            answers[question] = no_master(account)
            continue
        if not looks and not _asked(manifest, account, question):
            answers[question] = NotShown()
            continue
        if question == LISTED_KEYS and account.email is None and not looks:
            answers[question] = no_email(account)
            continue
        chosen = empty._replace(looks=looks).choose(str(account))
        answers[question] = chosen if isinstance(chosen, AccountLook | Undecided) else _impossible()
    return MappingProxyType(answers)


def _asked(manifest: Manifest, account: Account, question: str) -> bool:
    """Whether somebody ought to have asked `question` about `account`."""
    if question in ON_REQUEST:
        return False
    if question == SUB_ACCOUNTS:
        return has_inventory(manifest, account)
    if question == LISTED_KEYS:
        master = manifest.accounts.get(account.master or "")
        return master is not None and has_inventory(manifest, master)
    return any(key.status != "disabled" for key in manifest.keys_of_account.get(account.id, ()))


def has_inventory(manifest: Manifest, account: Account) -> bool:
    """Whether `account` is a master with a key of keylint's own, by which its sub-accounts can be listed."""
    keys = manifest.keys_of_account.get(account.id, ())
    return account.master is None and any(key.role == "inventory" and key.status == "active" for key in keys)


def _identified(
    manifest: Manifest,
    answers: Mapping[str, Mapping[str, AccountLook | Undecided | NotShown]],
    used: Mapping[str, str | None],
) -> dict[str, ListedKey]:
    """Which key of a master's list is which key of the manifest: by fingerprint, else by a label that is unique."""
    found: dict[str, ListedKey] = {}
    for account in manifest.accounts.values():
        look = answers[account.id][LISTED_KEYS]
        if not isinstance(look, AccountLook) or not isinstance(look.told, ListedKeys):
            continue
        by_fingerprint = {each.fingerprint: each for each in look.told.found}
        declared = manifest.keys_of_account.get(account.id, ())
        left = []
        for key in declared:
            identity = key.fingerprint or used[key.id]
            if identity is None:
                left.append(key)
            elif identity in by_fingerprint:
                found[key.id] = by_fingerprint[identity]
        taken = {each.fingerprint for each in found.values()}
        for key in left:
            alike = [it for it in look.told.found if key.label is not None and it.facts.label == key.label]
            rivals = [it for it in left if it.label == key.label]
            if len(alike) == len(rivals) == 1 and alike[0].fingerprint not in taken:
                found[key.id] = alike[0]
    return found


def _disagreements(key: Key, fresh: Iterable[tuple[KeyLook | AccountLook, str]], hours: int) -> list[str]:
    """What fresh answers about one key do not agree on; the newest is the one that is judged."""
    answers = [(look, name) for look, name in fresh if isinstance(look, KeyLook) and look.outcome in ANSWERS]
    if len(answers) <= 1:
        return []
    newest, newest_name = answers[-1]
    said = []
    for look, name in answers[:-1]:
        differing = _differing(look, newest)
        if differing:
            said.append(
                f"{key}: two looks within {hours} hours disagree on {', '.join(differing)}: {when(look.at)} ({name}) "
                f"and {when(newest.at)} ({newest_name}); the later one is judged"
            )
    return said


def _differing(one: KeyLook, other: KeyLook) -> list[str]:
    """What two answers about one key do not agree on, by Binance's names."""
    if one.outcome != other.outcome:
        return ["whether there is such a key"]
    if one.fingerprint != other.fingerprint:
        return ["which key it is"]
    before, after = one.facts, other.facts
    if before is None or after is None:
        return []
    names = [name for name in before.flags if name in after.flags and before.flags[name] != after.flags[name]]
    fields = (("ipRestrict", before.ip_restricted, after.ip_restricted), ("createTime", before.created, after.created))
    return names + [name for name, old, new in fields if old is not None and new is not None and old != new]
