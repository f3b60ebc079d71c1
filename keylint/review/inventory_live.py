"""What Binance said of one key → what an inventory shows of it, and how that differs from what is declared."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import NamedTuple

from keylint.evidence.facts import Fact
from keylint.evidence.keys import LiveKey
from keylint.evidence.model import ListedKey
from keylint.manifest.addresses import whole
from keylint.manifest.model import Key, NotShown, Undecided, networks
from keylint.manifest.permissions import PERMISSIONS, READING

from .inventory_model import Addresses, Cell, Holding, Shown, yes


class Seen(NamedTuple):
    """What Binance said of one key."""

    state: str
    otherwise: Shown
    """What is said of a permission of which nothing is said."""
    permissions: Mapping[str, Shown] = MappingProxyType({})
    restricted: Shown = Shown.NOT_LOOKED_AT
    ip_list: tuple[str, ...] | None = None
    created: date | None = None
    unnamed: tuple[str, ...] = ()
    at: datetime | None = None
    differences: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


NOT_LOOKED_AT = Seen(Shown.NOT_LOOKED_AT.value, Shown.NOT_LOOKED_AT)


def seen_of(key: Key, live: LiveKey) -> Seen:
    """What Binance said of a key, and how that differs from what is declared."""
    if live.not_there:
        gone = () if key.status == "disabled" else ("Binance does not know it: it was deleted, or is another one",)
        return Seen("gone", Shown.NO, restricted=Shown.NOT_SHOWN, at=live.seen_at, differences=gone)
    none = live.facts.none
    if none is not None:
        if live.unasked or isinstance(none, NotShown):
            return Seen(Shown.NOT_SHOWN.value, Shown.NOT_SHOWN, restricted=Shown.NOT_SHOWN, at=live.seen_at)
        doubt = (none.message,)
        return Seen(Shown.UNKNOWN.value, Shown.UNKNOWN, restricted=Shown.UNKNOWN, at=live.seen_at, doubts=doubt)
    permissions = {
        it.token: Shown.UNKNOWN if it.token in live.undecided_permissions else yes(it.token in live.least)
        for it in PERMISSIONS
    }
    facts = live.facts
    restricted, unclear = _told(facts.ip_restricted)
    listed, _ = _told(facts.ip_list)
    created, no_day = _told(facts.created)
    made = created.astimezone(UTC).date() if isinstance(created, datetime) else None
    ip_list = tuple(listed) if isinstance(listed, tuple) else None
    unread = live.unread_flags
    doubts = [live.doubt().message] if live.undecided_permissions else []
    doubts += [why.message for why in (unread, unclear, no_day) if why is not None]
    return Seen(
        "answered",
        Shown.UNKNOWN,
        permissions,
        Shown.UNKNOWN if unclear is not None else yes(restricted is True),
        ip_list,
        made,
        live.unknown_flags,
        live.seen_at,
        tuple(_differences(key, live, permissions, made, ip_list)),
        tuple(dict.fromkeys(doubts)),
    )


def _told(fact: Fact | Undecided | NotShown) -> tuple[object, Undecided | None]:
    """What Binance told, or why that is not known."""
    if isinstance(fact, Fact):
        return fact.value, None
    return None, fact if isinstance(fact, Undecided) else None


def _differences(
    key: Key, live: LiveKey, permissions: Mapping[str, Shown], made: date | None, ip_list: tuple[str, ...] | None
) -> Iterator[str]:
    more = [token for token, shown in permissions.items() if shown is Shown.YES and token not in key.permissions]
    less = [token for token, shown in permissions.items() if shown is Shown.NO and token in key.permissions]
    if key.status == "disabled":
        # Whoever disables a key takes its boxes away; that they are gone is as it should be.
        more = [token for token, shown in permissions.items() if shown is Shown.YES and token not in READING]
        less = []
    if more:
        yield f"live has {', '.join(more)}, {'and it is disabled' if key.status == 'disabled' else 'not declared'}"
    if less:
        yield f"live does not have {', '.join(less)}, declared"
    if live.unknown_flags:
        yield f"live has {', '.join(live.unknown_flags)}, for which keylint has no word"
    fact = live.facts.ip_restricted
    if isinstance(fact, Fact) and fact.value is not True and key.restricted:
        yield "live can be used from any address, declared from some"
    elif isinstance(fact, Fact) and fact.value is True and not key.restricted:
        yield "live can be used from some addresses alone, declared from any"
    elif ip_list is not None and key.ip_third_party is None and set(networks(ip_list)) != set(key.networks):
        more_ips = [it for it in ip_list if it not in key.ip_allowlist]
        less_ips = [it for it in key.ip_allowlist if it not in ip_list]
        parts = [f"lists {', '.join(more_ips)}, not declared"] if more_ips else []
        parts += [f"does not list {', '.join(less_ips)}, declared"] if less_ips else []
        yield f"live {'; '.join(parts)}"
    if made is not None and made != key.created:
        yield f"live was created {made}, declared {key.created}"
    label = live.facts.label
    if isinstance(label, Fact) and isinstance(label.value, str) and key.label is not None and label.value != key.label:
        yield f'live is called "{label.value}", declared "{key.label}"'


def stranger(account: str, listed: ListedKey, today: date) -> Holding:
    """A key that an account's list has and the manifest has not."""
    facts = listed.facts
    created = None if facts.created is None else facts.created.astimezone(UTC).date()
    restricted = Shown.UNKNOWN if facts.ip_restricted is None else yes(facts.ip_restricted)
    ip_list = facts.ip_list
    everywhere = facts.ip_restricted is False or (ip_list is not None and whole(networks(ip_list)) is not None)
    cells = {}
    for it in PERMISSIONS:
        told = facts.flags.get(it.field)
        cells[it.token] = Cell(Shown.NO, Shown.UNKNOWN if told is None or it.field in facts.doubts else yes(told))
    silent = [token for token, cell in cells.items() if cell.live is Shown.UNKNOWN]
    doubts = [f"{listed.fingerprint}: the list of its account's keys does not say whether it has {', '.join(silent)}"]
    fields = {it.field for it in PERMISSIONS}
    return Holding(
        None,
        account,
        MappingProxyType(cells),
        Addresses((), None, everywhere, restricted, ip_list),
        facts.label,
        listed.fingerprint,
        created_live=created,
        age_days=None if created is None else (today - created).days,
        unnamed=tuple(name for name, told in facts.flags.items() if told and name not in fields),
        live="answered",
        differences=("live, and not declared",),
        doubts=tuple(doubts) if silent else (),
    )
