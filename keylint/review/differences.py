"""A declared key beside the key as Binance shows it → in what they differ, and what of it could not be compared."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from enum import Enum
from typing import Final, TypeVar

from keylint.evidence.keys import LiveKey
from keylint.evidence.model import NO_CREDENTIALS
from keylint.manifest.addresses import Network, breadth, common, merged, network
from keylint.manifest.model import Key, NotShown, Undecided, networks
from keylint.manifest.permissions import READING, ordered

from . import steps
from .planned import (
    ACCOUNT,
    ADD,
    ADDRESSES,
    ALTER,
    CREATED,
    DRIFT,
    INTENT,
    KEY,
    LABEL,
    PERMISSIONS,
    RESTRICTION,
    TAKE,
    Change,
    Unknown,
    highest,
)

T = TypeVar("T")

ANY: Final = "any address"
SOME: Final = "trusted IPs only"


class Presence(Enum):
    """Whether a key is at Binance."""

    THERE = "there"
    ABSENT = "absent"
    UNKNOWN = "unknown"


def presence(live: LiveKey) -> Presence:
    """Whether `live` is at Binance, as far as anybody knows.

    A staged key for which nobody has ever had credentials, and of which no fingerprint is written down, is yet to be
    created: there is nothing else by which it could ever be told that it is not there.
    """
    why = live.facts.none
    if live.not_there:
        return Presence.ABSENT
    if not isinstance(why, Undecided):
        return Presence.THERE
    if live.declared.status != "staged" or live.declared.fingerprint is not None:
        return Presence.UNKNOWN
    # Where an older look is late, its message begins otherwise: somebody had credentials then.
    unasked = why.reason == "not-looked-at" or (why.reason == NO_CREDENTIALS and why.message.startswith(f"{live}: "))
    return Presence.ABSENT if unasked else Presence.UNKNOWN


def deletion_day(key: Key, delete_after_days: int) -> date | None:
    """The day on which a disabled key is to be deleted; None for one that is not disabled, or without the day."""
    if key.status != "disabled" or key.disabled is None:
        return None
    try:
        return key.disabled + timedelta(days=delete_after_days)
    except OverflowError:
        return date.max


def compare(live: LiveKey, today: date, delete_after_days: int, elsewhere: str | None) -> Iterator[Change | Unknown]:
    """In what `live` differs from what is declared. `elsewhere`: the account that holds it, where it is another one."""
    key = live.declared
    found = presence(live)
    why = live.facts.none
    if isinstance(why, Undecided) and found is Presence.UNKNOWN:
        yield Unknown(str(key), "", why.reason, why.message + _mistaken(live, why))
    day = deletion_day(key, delete_after_days)
    if key.disabled is not None and day is not None and today >= day and found is not Presence.ABSENT:
        yield _deleted(live, key.disabled, found)
        return
    if found is Presence.ABSENT and key.status != "disabled":
        yield _created(live)
    if elsewhere is not None:
        yield _moved(key, elsewhere)
    if found is Presence.THERE:
        yield from _permissions(live)
        if key.status != "disabled":
            yield from _restriction(live)
        yield from _label(live)
        yield from _created_day(live)


def _mistaken(live: LiveKey, why: Undecided) -> str:
    """What to do where a key was asked with credentials that are not its own."""
    if why.reason != "another-key" or live.tried is None:
        return ""
    return (
        f" (declared {live.declared.fingerprint}, asked with {live.tried.fingerprint}): give the credentials of the "
        "key that is meant; if it was replaced, declare the new one under an id of its own"
    )


def _created(live: LiveKey) -> Change:
    key = live.declared
    wanted = ", ".join(ordered(key.permissions)) or "no permission"
    if key.status == "staged":
        return Change(ADD, KEY, (), "not there yet", wanted, highest(key.permissions), INTENT, steps.create(key))
    gone = "not known to Binance" if live.look is not None else "not among the keys of its account"
    successor = None if key.replaced_by is None else f"keys.{key.replaced_by}"
    step = steps.create_again(key, successor)
    return Change(ADD, KEY, (), gone, wanted, highest(key.permissions), DRIFT, step)


def _deleted(live: LiveKey, since: date, found: Presence) -> Change:
    certain = found is Presence.THERE
    has = live.permissions if certain else live.declared.permissions
    shown = (", ".join(ordered(has)) or "no permission") if certain else "not known"
    step = steps.delete_disabled(since, certain=certain)
    return Change(TAKE, KEY, (), shown, f"disabled since {since}", highest(has), INTENT, step)


def _moved(key: Key, elsewhere: str) -> Change:
    declared = "no account" if key.account_found is None else str(key.account_found)
    step = steps.another_account(elsewhere, declared)
    return Change(ALTER, ACCOUNT, (), elsewhere, declared, highest(key.permissions), DRIFT, step)


# -- Permissions -----------------------------------------------------------------------------------------------------


def _permissions(live: LiveKey) -> Iterator[Change | Unknown]:
    key, has = live.declared, live.permissions
    disabled = key.status == "disabled"
    doubtful = frozenset(live.undecided_permissions)
    if disabled:
        # A key is disabled by taking from it all but reading.
        for token in ordered(has - READING):
            step = steps.untick_disabled(token, key.disabled)
            yield _permission(TAKE, token, INTENT, step)
        doubtful -= READING
    else:
        # Where reading is declared, reading by another protocol is the same.
        meant = key.permissions | {"fix-read"} if "read" in key.permissions else key.permissions
        for token in ordered(has - meant):
            yield _permission(TAKE, token, DRIFT, steps.untick(token))
        for token in ordered(key.permissions - live.most):
            yield _permission(ADD, token, DRIFT, steps.tick(token))
        doubtful -= meant - key.permissions
    for name in live.unknown_flags:
        step = steps.untick_unknown(name)
        yield _permission(TAKE, name, INTENT if disabled else DRIFT, step)
    if doubtful:
        why = live.doubt()
        yield Unknown(str(key), ", ".join(ordered(doubtful)), why.reason, why.message)
    unread = live.unread_flags
    if unread is not None:
        yield Unknown(str(key), "a permission that keylint does not know", unread.reason, unread.message)


def _permission(sign: str, token: str, cause: str, step: str) -> Change:
    live, declared = ("not ticked", "ticked") if sign == ADD else ("ticked", "not ticked")
    return Change(sign, PERMISSIONS, (token,), live, declared, highest((token,)), cause, step)


# -- Addresses -------------------------------------------------------------------------------------------------------


def _restriction(live: LiveKey) -> Iterator[Change | Unknown]:
    key, risk = live.declared, highest(live.permissions)
    restricted = _asked(live, "whether it is bound to addresses", lambda: live.restricted)
    if not isinstance(restricted, bool):
        if restricted is not None:
            yield restricted
        return
    declared = _declared_addresses(key)
    if not key.restricted:
        if restricted:
            yield Change(ALTER, RESTRICTION, (), SOME, ANY, risk, DRIFT, steps.write_down_addresses())
        return
    if not restricted:
        yield Change(ADD, RESTRICTION, key.ip_allowlist, ANY, declared, risk, DRIFT, steps.restrict(key))
        return
    if key.ip_third_party is not None:
        return  # which addresses a platform has is its own affair
    listed = _asked(live, "its trusted IPs", lambda: live.ip_allowlist)
    if isinstance(listed, Unknown):
        yield listed
    elif listed is not None:
        yield from _addresses(key, listed, risk)


def _addresses(key: Key, listed: tuple[str, ...], risk: str) -> Iterator[Change]:
    extra = outside(listed, merged(key.networks))
    kept = [each for each in listed if each not in extra]
    missing = outside(key.ip_allowlist, merged(networks(tuple(kept))))
    words = steps.listed(listed) or "none", _declared_addresses(key)
    if extra:
        yield Change(TAKE, ADDRESSES, extra, *words, risk, DRIFT, steps.shut_out(extra))
    if missing:
        yield Change(ADD, ADDRESSES, missing, *words, risk, DRIFT, steps.let_in(missing))


def outside(addresses: Sequence[str], ranges: Sequence[Network]) -> tuple[str, ...]:
    """Those of `addresses` that do not lie in `ranges` altogether; `ranges` are merged."""
    return tuple(
        text
        for text in dict.fromkeys(addresses)
        if (one := network(text)) is None or common(one, ranges) < breadth((one,))
    )


def _declared_addresses(key: Key) -> str:
    if key.ip_third_party is not None:
        return f"the addresses of {key.ip_third_party}"
    return steps.listed(key.ip_allowlist) or ANY


# -- Label and creation ----------------------------------------------------------------------------------------------


def _label(live: LiveKey) -> Iterator[Change | Unknown]:
    key = live.declared
    if key.label is None:
        return
    label = _asked(live, "its label", lambda: live.label or "")
    if isinstance(label, Unknown):
        yield label
    elif label is not None and label != key.label:
        has = f'"{label}"' if label else "no label"
        yield Change(ALTER, LABEL, (), has, f'"{key.label}"', "low", DRIFT, steps.relabel(key.label))


def _created_day(live: LiveKey) -> Iterator[Change | Unknown]:
    key = live.declared
    created = _asked(live, "when it was created", lambda: live.created)
    if isinstance(created, Unknown):
        yield created
    elif created is not None and abs((created - key.created).days) > 1:  # one day is left for time zones
        risk = highest(live.permissions)
        yield Change(ALTER, CREATED, (), f"{created}", f"{key.created}", risk, DRIFT, steps.another_key())


def _asked(live: LiveKey, about: str, ask: Callable[[], T]) -> T | Unknown | None:
    """What Binance says; why it is not known; or None, where nobody can show it."""
    try:
        return ask()
    except Undecided as why:
        return Unknown(str(live), about, why.reason, why.message)
    except NotShown:
        return None
