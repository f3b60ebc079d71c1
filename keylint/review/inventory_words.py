"""Parts of an inventory → the words that every format has for them; a format encodes them as it needs."""

from collections.abc import Collection, Sequence
from typing import Final

from keylint.evidence.model import SANDBOX, when
from keylint.manifest.permissions import TRANSFERS

from .due import days
from .inventory_model import Addresses, Cell, Holder, Holding, Inventory, Shown, User, Word

NOT_LOOKED_AT: Final = "live state was not looked at"
NOBODY: Final = "nobody has vouched for it"


def looked_at(found: Inventory) -> str:
    """What was looked at, in one sentence. Without live state it never sounds as if there were."""
    if found.live is None:
        return f"As declared; {NOT_LOOKED_AT}"
    sources = {each.source for each in found.live.looked_at}
    both = "Binance and the sandbox" if len(sources) > 1 else "the sandbox" if SANDBOX in sources else "Binance"
    files = [f"{it.name}, {when(it.finished)}" for it in found.live.looked_at if it.name]
    asked = "; ".join(files) or ", ".join(dict.fromkeys(when(it.finished) for it in found.live.looked_at))
    keys = counted(found.live.asked, "key")
    return f"As declared, and as {both} told of {found.live.answered} of {keys} ({asked or 'nobody was asked'})"


def facts(found: Inventory) -> tuple[str, ...]:
    """What a person who owns the money wants to know first, each in a few words."""
    accounts = sum(account.id is not None for account in found.accounts)
    lines = [f"{counted(len(found.keys), 'key')} on {counted(accounts, 'account')}"]
    there = [key for key in found.keys if key.live != "gone"]
    lines.append(f"{_who(there, {'withdraw'})} can withdraw{_perhaps(there, {'withdraw'})}")
    lines.append(f"{_who(there, TRANSFERS)} can transfer{_perhaps(there, TRANSFERS)}")
    everywhere = sum(usable_anywhere(key.addresses) for key in there)
    lines.append(f"{_many(everywhere)} usable from any address")
    late = sum(is_late(key, found) for key in found.keys)
    if late:
        lines.append(f"{late} past the day of the next step")
    if found.live is not None:
        lines.append(f"{_many(sum(bool(key.differences) for key in found.keys))} not as declared")
        lines.append(f"{_many(sum(bool(key.doubts) for key in found.keys))} not wholly known")
    return tuple(lines)


def _who(keys: Sequence[Holding], tokens: Collection[str]) -> str:
    """How many of `keys` have one of `tokens`."""
    return _many(sum(any(key.has(token) for token in tokens) for key in keys))


def _perhaps(keys: Sequence[Holding], tokens: Collection[str]) -> str:
    """Of how many of `keys` it is not known whether they have one of `tokens`, and they have no other of them."""
    unsure = sum(
        any(Shown.UNKNOWN in key.permissions[token] for token in tokens) and not any(key.has(it) for it in tokens)
        for key in keys
    )
    return f", not known of {unsure}" if unsure else ""


def _many(number: int) -> str:
    return str(number) if number else "none"


def counted(number: int, noun: str) -> str:
    """A number of things: "1 key", "3 keys"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def usable_anywhere(addresses: Addresses) -> bool:
    """Whether every address may use a key, by one side at least."""
    return addresses.any or addresses.restricted is Shown.NO


def is_late(key: Holding, found: Inventory) -> bool:
    """Whether the next step of a key's rotation is overdue."""
    return key.next is not None and key.next.left(found.as_of.date()) < 0


def step(key: Holding) -> str:
    """The next step of a key's rotation and its day: "rotate 2026-12-10"; "" where there is none."""
    return "" if key.next is None else f"{key.next.what.split()[0]} {key.next.day}"


def late(key: Holding, found: Inventory) -> str:
    """How late the next step is: "8 days late"; "" where it is not."""
    if key.next is None or not is_late(key, found):
        return ""
    return f"{days(-key.next.left(found.as_of.date()))} late"


def user(it: User) -> str:
    """A bot and who runs it: "spot-dca at fastbot"."""
    if not it.found:
        return f"{it.bot} (not in the manifest)"
    where = "" if it.provider is None else f" at {it.provider}"
    missing = "" if it.provider_found else " (not in the manifest)"
    idle = "" if it.status == "active" else f" ({it.status})"
    return f"{it.bot}{idle}{where}{missing}"


def users(key: Holding) -> str:
    """Who uses a key."""
    if key.role == "inventory":
        return "keylint's own"
    if key.users:
        return ", ".join(map(user, key.users))
    return "no bot" if key.id is not None else "not declared"


def declared_addresses(it: Addresses) -> str:
    """From where a key may be used, as declared."""
    if it.declared:
        whole = " (any)" if it.any else ""
        return f"{', '.join(it.declared)}{whole}"
    return f"those that Binance keeps for {it.third_party}" if it.third_party is not None else "any"


def live_addresses(it: Addresses) -> str:
    """From where a key can be used, as Binance shows it; "" where that was not asked, or cannot be shown."""
    if it.restricted is Shown.UNKNOWN:
        return "unknown"
    if it.restricted is Shown.NO:
        return "any"
    if it.restricted is not Shown.YES:
        return ""
    return ", ".join(it.live) if it.live else "some, which Binance does not show"


def addresses(key: Holding) -> str:
    """From where a key can be used, both sides in one where they agree."""
    declared, live = declared_addresses(key.addresses), live_addresses(key.addresses)
    if key.id is None:
        return f"live {live}"
    same = live in {"", declared} or (key.addresses.restricted is Shown.YES and key.addresses.live is None)
    same = same and not (live and declared == "any" and key.addresses.restricted is Shown.YES)
    return declared if same else f"{declared}; live {live}"


def word(it: Word | None) -> str:
    """What somebody vouched for: "authenticator, attested 2026-10-01 by alice, holds until 2027-03-30"."""
    if it is None:
        return NOBODY
    says = ", ".join(it.says) or "none"
    master = ", its master's" if it.inherited else ""
    until = "a day yet to come" if it.until is None else f"holds until {it.until}"
    return f"{says}{master}, attested {it.attested} by {it.by}, {until}"


def is_stale(it: Word | None, found: Inventory) -> bool:
    """Whether nobody's word holds at the moment of the inventory."""
    return it is None or it.until is None or it.until < found.as_of.date()


def others(found: Inventory) -> str:
    """Of which accounts keys that are not declared would not have been seen; "" where there are none."""
    unseen = [it.id for it in found.accounts if it.others is not Shown.YES and it.id is not None]
    if found.live is None or not unseen:
        return ""
    return f"Keys that are not declared would not have been seen on {', '.join(unseen)}"


def account(it: Holder) -> str:
    """An account, who owns it and under which master it is."""
    if it.id is None:
        return "account unknown"
    of_whom = f", sub-account of {it.master}" if it.master is not None else ""
    owner = f", owner {it.owner}" if it.owner is not None else ", owner not named"
    return f"{it.id}{of_whom}{owner}"


CELL: Final = {
    Shown.YES: "yes",
    Shown.NO: "no",
    Shown.UNKNOWN: "unknown",
    Shown.NOT_SHOWN: "not shown",
    Shown.NOT_LOOKED_AT: "not looked at",
}
"""What a side says of a permission, in words."""


def cell(it: Cell) -> str:
    """A permission on both sides, in words."""
    declared = "declared" if it.declared is Shown.YES else "not declared"
    if it.live is Shown.NOT_LOOKED_AT:
        return declared
    live = {Shown.YES: "live", Shown.NO: "not live", Shown.UNKNOWN: "live unknown"}.get(it.live, "live not shown")
    return f"{declared}, {live}"


def details(key: Holding) -> tuple[str, ...]:
    """What there is to know of a key beside its permissions, each in a few words."""
    state = [key.status] if key.status not in {None, "active"} else []
    people = [f"held by {', '.join(key.holders)}"] if key.holders else []
    owner = [f"owner {key.owner}"] if key.owner is not None else []
    custody = [] if key.id is None else [f"custody {key.custody or 'not stated'}"]
    kind = [key.type] if key.type is not None else []
    if key.id is None and key.fingerprint is not None:
        kind.append(f"fingerprint {key.fingerprint}")
    gone = {"gone": ["Binance does not know it"], Shown.NOT_SHOWN.value: ["live not asked"]}.get(key.live, [])
    return (users(key), *state, *gone, *kind, *custody, *people, *owner, f"from {addresses(key)}")
