"""Evidence → a manifest that says of the keys what Binance said, and leaves to a person what Binance does not show."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import combinations
from typing import Final, NamedTuple

from keylint.evidence.facts import Fact
from keylint.evidence.keys import LiveKey
from keylint.evidence.model import MALFORMED, SANDBOX, Evidence, when
from keylint.manifest.model import Undecided
from keylint.manifest.permissions import KINDS, PERMISSION, READING, TRADING, ordered

from .draft import ATTESTED, MOST_LABEL, SCHEMA, TODO, Blank, Field, Line, Remark, document, fits, stub, table
from .holdings import UNDATED, Holding, Holdings, holdings

NO_ADDRESS: Final = "127.0.0.1"
"""What stands where nobody knows the trusted IPs: no program calls Binance from it, and KL304 says so."""
NO_TYPE: Final = "hmac"
"""What stands where nobody knows the type of a key: the one that is least liked."""
SHOWN: Final = 5

_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"')


class Imported(NamedTuple):
    """A manifest made of evidence, and what a person should know of it."""

    text: str
    accounts: int
    bots: int
    keys: int
    unknown: tuple[tuple[str, str], ...]
    """What was asked and is not known: the subject, and why."""
    gone: tuple[str, ...]
    """The keys that Binance does not know, or that are others under a second id: a sentence each."""
    to_decide: int
    """How many places are marked."""


def imported(evidence: Sequence[Evidence], as_of: datetime, emails: Mapping[str, str] | None = None) -> Imported:
    """The manifest that declares what `evidence` tells at the instant `as_of`.

    `emails`: the e-mail addresses of sub-accounts in it, by their ids there, where somebody gave them; evidence holds
    none. What is older than a day tells nothing.
    """
    found = holdings(evidence, as_of, emails or {})
    several = len(found.accounts) > 1
    made = [_Entry(key, found, several=several) for key in found.keys]
    written = [each for each in made if each.known]
    tables = [_account(each, found) for each in found.accounts]
    tables += [each.bot for each in written if each.bot]
    tables += [each.table for each in written]
    tables += [each.table for each in made if not each.known]
    tables += [stub("keys", twin, _twin(twin, kept)) for twin, kept in found.twins.items()]
    text = document(_head(evidence), tables)
    return Imported(
        text,
        len(found.accounts),
        sum(bool(each.bot) for each in written),
        len(written),
        (*(it for each in made for it in each.unknown), *found.unlisted),
        (*(each.gone for each in made if each.gone), *(_twin(*names) for names in found.twins.items())),
        _STRING.sub("", text).count(f"{TODO}:"),
    )


def _head(evidence: Sequence[Evidence]) -> list[str]:
    """What the reader of the file should know."""
    looks = "; ".join(
        f"{'the sandbox' if each.source == SANDBOX else 'Binance'} on {when(each.finished)}"
        + (f" ({each.name})" if each.name else "")
        for each in evidence
    )
    how = (
        f"Where {TODO} stands, a person has to decide or to look something up: Binance does not show it, or did not. A "
        "line with a field behind its # counts once it is filled in and the # is taken away. "
        f"`keylint schema manifest > {SCHEMA}` helps editors, and `keylint check` says what else is missing."
    )
    return [f"Written by `keylint import` from what was said by {looks}.", how]


def _account(account: Holding, found: Holdings) -> str:
    lines: list[Line] = []
    if account.master is not None:
        lines.append(Field("master", account.master))
        if account.email is not None and fits(account.email):
            lines.append(Field("email", account.email))
        else:
            which = _which(account)
            lines.append(Blank("email", '""', f"{TODO}: {which}; with it its keys can be listed"))
        lines.append(Blank("owner", '""', "if it is another than its master's"))
        return table("accounts", account.id, lines)
    lines += ATTESTED
    if any(key.account_found is not None and key.account_found.id == account.id for key in found.keys):
        return table("accounts", account.id, lines)
    return table("accounts", account.id, [Remark("No key of this account was looked at."), *lines])


def _which(account: Holding) -> str:
    if not account.may_be:
        return "its e-mail address, which evidence does not hold"
    said = ", ".join(f"{it.shown}{' (frozen)' if it.frozen else ''}" for it in account.may_be[:SHOWN])
    if len(account.may_be) == 1:
        return f"its e-mail address, which its master's list shows as {said}"
    more = len(account.may_be) - SHOWN
    return f"one of {said}{f' and {more} more' if more > 0 else ''}"


def _twin(twin: str, kept: str) -> str:
    return f"keys.{twin} is keys.{kept} under a second id: it has the same fingerprint, and is written down once"


class _Entry:
    """One key: its table and its bot's, or a comment that says why there is none."""

    def __init__(self, key: LiveKey, found: Holdings, *, several: bool) -> None:
        self.key = key
        self.unknown: list[tuple[str, str]] = []
        self.known = False
        self.gone = ""
        self.bot = ""
        why = key.facts.none
        if key.not_there:
            seen = f" on {when(key.seen_at)}" if key.seen_at is not None else ""
            self.gone = f"{key} is not known to Binance{seen}: it was deleted, or the credentials are those of another"
            self.table = stub("keys", key.id, self.gone)
        elif why is not None:
            self._doubt(why if isinstance(why, Undecided) else Undecided("not-looked-at", f"{key} was not looked at"))
            self.table = stub("keys", key.id, f"{TODO}: nothing is known of it, so nothing is declared: {self._why()}")
        else:
            self.known = True
            inventory = key.id in found.inventories
            account = key.account.id if several else None
            here = [Field("role", "inventory")] if inventory else [Field("bot", key.id)]
            if inventory and account is not None:
                here.append(Field("account", account))
            self.table = table("keys", key.id, [*self._homeless(found), *here, *self._fields()])
            if not inventory:
                self.bot = _bot(key, account)

    def _why(self) -> str:
        return self.unknown[-1][1]

    def _doubt(self, why: Undecided) -> None:
        self.unknown.append((str(self.key), why.message.removeprefix(f"{self.key}").removeprefix(":").strip()))

    def _doubtful(self, fact: object) -> None:
        """Note what Binance ought to have said in another way than it did."""
        if isinstance(fact, Undecided) and fact.reason == MALFORMED:
            self._doubt(fact)

    def _homeless(self, found: Holdings) -> Iterator[Line]:
        if len(found.keys) > 1 and self.key.id in found.homeless:
            yield Remark(f"{TODO}: Binance did not say on which account this key is; see in API Management")

    def _fields(self) -> Iterator[Line]:
        key, facts = self.key, self.key.facts
        label = facts.label.value if isinstance(facts.label, Fact) else None
        self._doubtful(facts.label)
        if isinstance(label, str) and fits(label, MOST_LABEL):
            yield Field("label", label)
        else:
            yield Blank("label", '""', f"{TODO}: as it stands in API Management")
        kind = None if key.look is None else key.look.type
        if kind is not None:
            yield Field("type", kind)
        else:
            yield Field("type", NO_TYPE, f"{TODO}: a placeholder; ed25519, rsa or hmac, as API Management shows")
        yield from self._permissions()
        yield from self._addresses()
        created = facts.created.value if isinstance(facts.created, Fact) else None
        self._doubtful(facts.created)
        if isinstance(created, datetime):
            yield Field("created", created.date())
        else:
            yield Field("created", UNDATED, f"{TODO}: a placeholder, older than any key; the day in API Management")
        if key.identity is not None:
            yield Field("fingerprint", key.identity)
        yield Blank("custody", '""', f"{TODO}: where the secret lies (secret-manager, env-file, platform …)")
        yield Blank("reviewed", "YYYY-MM-DD", "the day on which somebody last looked at it in API Management")
        ends = facts.trading_expires.value if isinstance(facts.trading_expires, Fact) else None
        self._doubtful(facts.trading_expires)
        if isinstance(ends, datetime):
            yield Remark(f"Binance says that it will lose spot and margin trading on {ends.date()}.")

    def _permissions(self) -> Iterator[Line]:
        key = self.key
        yield Field("permissions", ordered(key.least))
        for fact in key.facts.flags.values():
            self._doubtful(fact)
        if key.undecided_permissions:
            boxes = ", ".join(f'{token} ("{PERMISSION[token].label}")' for token in key.undecided_permissions)
            yield Remark(f"{TODO}: Binance did not say whether it has these as well: {boxes}")
        if key.unknown_flags:
            yield Remark(f"Binance says too, and keylint has no word for it: {', '.join(key.unknown_flags)}")

    def _addresses(self) -> Iterator[Line]:
        facts = self.key.facts
        restricted = facts.ip_restricted.value if isinstance(facts.ip_restricted, Fact) else None
        listed = facts.ip_list.value if isinstance(facts.ip_list, Fact) else None
        self._doubtful(facts.ip_restricted)
        self._doubtful(facts.ip_list)
        if restricted is False:
            yield Remark("No ip_allowlist: Binance says that any address may use it.")
        elif isinstance(listed, tuple) and listed:
            note = "" if restricted else f"{TODO}: Binance did not say whether this list is in force"
            yield Field("ip_allowlist", tuple(dict.fromkeys(map(str, listed))), note)
        elif restricted is True:
            note = f"{TODO}: a placeholder; Binance says that there is a list, and not which: copy it"
            yield Field("ip_allowlist", (NO_ADDRESS,), note)
        else:
            yield Blank("ip_allowlist", '[""]', f"{TODO}: Binance did not say whether only some addresses may use it")


def _bot(key: LiveKey, account: str | None) -> str:
    kinds = kinds_for(key.least | (key.most & READING))  # whether it can read, a master's list does not say
    lines: list[Line] = [] if account is None else [Field("account", account)]
    why = f"guessed from what {key} can do" if kinds != ("custom",) else f"no other kind fits what {key} can do"
    lines += [
        Field("kind", kinds[0] if len(kinds) == 1 else kinds, f"{TODO}: {why}"),
        Blank("owner", '""', "if it is another than its account's"),
        Blank("purpose", '""', "what it is for"),
        Blank("egress_ips", '[""]', f"{TODO}: where it calls Binance from; or static_ip = false, or provider"),
    ]
    return table("bots", key.id, lines)


def kinds_for(permissions: frozenset[str]) -> tuple[str, ...]:
    """The fewest kinds of bot that call for most of what a key can do, and for nothing that it cannot.

    What is left over belongs to no kind or to none that fits, and is for a person to untick or to explain.
    """
    able = [name for name, kind in KINDS.items() if kind.needs and kind.needs <= permissions]
    trading = [name for name in able if KINDS[name].needs & TRADING]
    choices: Iterable[tuple[str, ...]] = [
        some for count in range(1, len(trading) + 1) for some in combinations(trading, count)
    ] or [tuple(able)]
    best = max(choices, key=lambda some: _rank(some, permissions))
    return best or ("custom",)


def _rank(kinds: Sequence[str], permissions: frozenset[str]) -> tuple[int, int, int]:
    allowed = frozenset[str]().union(*(KINDS[name].needs | KINDS[name].may for name in kinds))
    return len(allowed & permissions), -len(kinds), -len(allowed)
