"""The answers about one key → what is known of it, each fact from the latest answer that carries it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final, NamedTuple, TypeAlias

from keylint.manifest.model import Key, NotShown, Undecided
from keylint.manifest.permissions import PERMISSIONS

from .model import MALFORMED, AccountLook, KeyFacts, KeyLook, ListedKey

TOKENS: Final = {permission.field: permission.token for permission in PERMISSIONS}
"""The token of each field of `apiRestrictions` that keylint knows."""

SWITCH: Final = ("enable", "permit")
"""How Binance's names of permissions begin."""


class Fact(NamedTuple):
    """Something that Binance told, and when it was asked."""

    value: object
    at: datetime


class Facts(NamedTuple):
    """What is known of a key. In place of what was not answered stands Undecided, of what nobody shows NotShown."""

    flags: Mapping[str, Fact | Undecided]
    """By Binance's name: every permission that keylint knows, and what else was told."""
    none: Undecided | NotShown | None
    """Why there is nothing of all this; None where something was told."""
    ip_restricted: Fact | Undecided | NotShown
    ip_list: Fact | Undecided | NotShown
    created: Fact | Undecided | NotShown
    trading_expires: Fact | Undecided | NotShown
    label: Fact | Undecided | NotShown


Listing: TypeAlias = AccountLook | Undecided | NotShown
"""The look at the keys of an account, or why there is none."""


def nothing(why: Undecided | NotShown) -> Facts:
    """Facts that are all unknown, for one reason."""
    return Facts({}, why, why, why, why, why, why)


def token_value(fact: Fact | Undecided | None) -> object:
    """What was told; None where nothing was."""
    return fact.value if isinstance(fact, Fact) else None


class _Told(NamedTuple):
    """What one answer told, and when it was asked."""

    facts: KeyFacts
    at: datetime


def merged(
    key: Key, chosen: KeyLook | Undecided, listing: Listing, listed: ListedKey | None, identity: str | None
) -> Facts:
    """What the look at itself and the list tell together; of what both tell the later one counts."""
    told = []
    own = isinstance(chosen, KeyLook) and chosen.facts is not None
    if isinstance(chosen, KeyLook) and chosen.facts is not None:
        told.append(_Told(chosen.facts, chosen.at))
    if isinstance(listing, AccountLook) and listed is not None:
        told.append(_Told(listed.facts, listing.at))
    told.sort(key=lambda it: it.at)
    created: Undecided | NotShown = NotShown() if own else _not_listed(key, "when it was created", chosen)
    expires: Undecided | NotShown = NotShown() if own else _not_listed(key, "when its trading ends", chosen)
    return Facts(
        _flags(key, chosen, told),
        None,
        _newest(key, told, "ip_restricted", "ipRestrict", _not_listed(key, "whether it has an IP list", chosen)),
        _newest(key, told, "ip_list", "ipList", _only_listed(key, listing, listed, identity)),
        _newest(key, told, "created", "createTime", created),
        _newest(key, told, "trading_expires", "tradingAuthorityExpirationTime", expires),
        _newest(key, told, "label", "apiName", _only_listed(key, listing, listed, identity)),
    )


def _flags(key: Key, chosen: KeyLook | Undecided, told: Iterable[_Told]) -> dict[str, Fact | Undecided]:
    """Every permission that keylint knows and every other that was told, each as the latest answer has it."""
    flags: dict[str, Fact | Undecided] = {
        name: _not_listed(key, f"whether it has {token}", chosen) for name, token in TOKENS.items()
    }
    for each in told:
        flags.update((name, Fact(value, each.at)) for name, value in each.facts.flags.items())
        for name, why in each.facts.doubts.items():
            if name in TOKENS or name.lower().startswith(SWITCH):
                flags[name] = _doubtful(key, name, why)
    return flags


def _newest(
    key: Key, told: Iterable[_Told], field: str, name: str, absent: Undecided | NotShown
) -> Fact | Undecided | NotShown:
    """A field of the latest answer that carries it, or was to carry it."""
    found: Fact | Undecided | NotShown = absent
    for each in told:
        value = getattr(each.facts, field)
        if name in each.facts.doubts:
            found = _doubtful(key, name, each.facts.doubts[name])
        elif value is not None:
            found = Fact(value, each.at)
    return found


def _only_listed(key: Key, listing: Listing, listed: ListedKey | None, identity: str | None) -> Undecided | NotShown:
    """Why something is not known that stands in a master's list alone: nobody can ask, or who could was not told."""
    if isinstance(listing, Undecided):
        return listing
    if isinstance(listing, AccountLook) and listed is None:
        if identity is not None:
            return Undecided("not-listed", f"{key}: it answered, and is not among the keys of its account's list")
        message = f"{key}: which of the keys in its account's list it is cannot be told: give it a fingerprint"
        return Undecided("not-identified", message)
    return NotShown()


def _doubtful(key: Key, name: str, why: str) -> Undecided:
    where = "" if why.startswith("was not told") else " in what Binance answered"
    return Undecided(MALFORMED, f"{key}: {name} {why}{where}")


def _not_listed(key: Key, what: str, chosen: KeyLook | Undecided) -> Undecided:
    """Why something is not known of a key that is seen through its master's list alone."""
    because = "" if isinstance(chosen, KeyLook) else f"; {chosen.message.removeprefix(f'{key}: ')}"
    return Undecided("not-in-list", f"{key}: the list of its account's keys does not say {what}{because}")
