"""Two manifests, and which of their keys are the same → what changed in each: what it can do, from where, for whom."""

from collections.abc import Iterator

from keylint.manifest.addresses import breadth
from keylint.manifest.model import Key, Manifest
from keylint.manifest.permissions import ordered

from .changes import (
    Change,
    Entry,
    Values,
    addresses,
    again,
    entry,
    fields,
    items,
    neutral,
    one,
    opened,
    table,
    widening,
)
from .directions import NEUTRAL, ROWS, way
from .pairs import Pairs, account_of, renamed


def keys(base: Manifest, head: Manifest, found: Pairs) -> Iterator[Entry]:
    """What changed in the keys."""
    for old, new in found.keys.both:
        before, after = base.keys[old], head.keys[new]
        yield from entry("keys", (old, new), [*again(old, new, found.keys), *_key(before, after, found)])
    for name in found.keys.removed:
        key = base.keys[name]
        disabled = key.status == "disabled"
        note = f"was {key.status}, and is {ROWS['keys', ''].said_of_less}"
        change = table(
            "keys",
            "-",
            ordered(key.permissions),
            "disabled before, and no longer declared: is it deleted at Binance?" if disabled else note,
        )
        yield from entry("keys", (name, None), [change._replace(direction=NEUTRAL)])
    for name in found.keys.added:
        yield from entry("keys", (None, name), [*_new_key(head.keys[name], base, head, found)])


def _new_key(key: Key, base: Manifest, head: Manifest, found: Pairs) -> Iterator[Change]:
    """What a new key means: all that it can do, or, where it takes over from another, what it can do beyond that."""
    count = breadth(key.networks)
    reach = "any address" if key.open else f"{count} address{'' if count == 1 else 'es'}"
    if not key.open and not key.ip_allowlist:
        reach = "a platform's addresses"
    change = table("keys", "+", ordered(key.permissions), f"new, {key.status}, usable from {reach}")
    if key.status == "disabled" or not key.permissions:
        yield change._replace(direction=NEUTRAL)
        return
    came = {new: base.keys[old] for old, new in found.keys.both}
    elders = [came[it.id] for it in head.replaces.get(key.id, ()) if it.id in came]
    for elder in elders:
        if elder.status == "disabled":
            continue
        beyond = widening([*_power(elder, key, found)])
        note = f"new, {key.status}, takes over from {elder.id} and can do {'more' if beyond else 'no more'}"
        yield change._replace(direction=NEUTRAL, note=note)
        yield from beyond
        return
    yield change


def _power(before: Key, after: Key, found: Pairs) -> Iterator[Change]:
    """What changed in what a key can do, from where, for whom, and who can read its secret."""
    account = account_of(before, found.account_names), account_of(after, {})
    yield from items(ROWS["keys", "permissions"], tuple(before.permissions), tuple(after.permissions))
    yield from _reach(before, after)
    yield from _users(before, after, found)
    yield from one(ROWS["keys", "account"], *account)
    yield from one(ROWS["keys", "type"], before.type, after.type)
    yield from one(ROWS["keys", "custody"], before.custody, after.custody)
    yield from _holders(before, after)


def _key(before: Key, after: Key, found: Pairs) -> Iterator[Change]:
    yield from items(ROWS["keys", "permissions"], tuple(before.permissions), tuple(after.permissions))
    yield from _reach(before, after)
    yield from _users(before, after, found)
    yield from _holders(before, after)
    came, comes = before.fingerprint, after.fingerprint
    another = None not in {came, comes} and came != comes
    if another:
        yield from neutral("created", before.created, after.created)
        yield from neutral(
            "fingerprint", came, comes, "another key stands behind it: is the old one deleted at Binance?"
        )
    else:
        yield from one(ROWS["keys", "created"], before.created, after.created)
        yield from neutral("fingerprint", came, comes)
    if before.disabled and after.disabled:
        yield from one(ROWS["keys", "disabled"], before.disabled, after.disabled)
    values = [dict(_key_values(it, found, old=old)) for it, old in ((before, True), (after, False))]
    if before.account_named is None and after.account_named is None and not _named(before, after, found):
        del values[0]["account"], values[1]["account"]  # it moved with its bot, of which that is said
    skipped = {"permissions", "ip_allowlist", "ip_third_party", "bot", "holders", "created", "fingerprint", "disabled"}
    yield from fields("keys", *values, but=frozenset(skipped))


def _key_values(key: Key, found: Pairs, *, old: bool) -> Values:
    return {
        **{name: value for name, value in key._asdict().items() if isinstance(value, str)},
        "account": account_of(key, found.account_names if old else {}),
        "replaced_by": renamed(key.replaced_by, found.keys.renamed if old else {}),
        "reviewed": key.reviewed,
    }


def _named(before: Key, after: Key, found: Pairs) -> bool:
    """Whether the bots of a key changed."""
    names = found.bots.renamed
    return {names.get(it, it) for it in before.bots_named} != set(after.bots_named)


def _users(before: Key, after: Key, found: Pairs) -> Iterator[Change]:
    """The bots that a key gained and lost."""
    names = found.bots.renamed
    had, has = {names.get(it, it) for it in before.bots_named}, set(after.bots_named)
    for change in items(ROWS["keys", "bot"], tuple(had), tuple(has)):
        shared = change.after and len(has) > 1
        yield change._replace(note=f"{change.note}, which {len(has)} bots share") if shared else change


def _holders(before: Key, after: Key) -> Iterator[Change]:
    """The people who can read the secret: that somebody says who they are, or ceases to, changes nothing itself."""
    if before.holders and after.holders:
        yield from items(ROWS["keys", "holders"], before.holders, after.holders)
    else:
        yield from neutral("holders", before.holders, after.holders, "what nobody says may be anybody")


def _reach(before: Key, after: Key) -> Iterator[Change]:
    """The addresses that may use a key: lists, and platforms to whose addresses Binance binds it."""
    row, platform = ROWS["keys", "ip_allowlist"], ROWS["keys", "ip_third_party"]
    had, has = before.ip_allowlist, after.ip_allowlist
    bound, binds = before.ip_third_party, after.ip_third_party
    if before.open != after.open:
        yield opened(row, had or _of_platform(bound), has or _of_platform(binds), 1 if after.open else -1)
        if (had and bound) or (has and binds):
            yield from neutral("ip_third_party", bound, binds)
    elif before.open and not (had and has):
        yield from neutral("ip_allowlist", had, has, "any address may use it, as before")
        yield from neutral("ip_third_party", bound, binds)
    else:
        if bound is None or binds is None:
            yield from one(platform, bound, binds)
        else:
            yield from neutral("ip_third_party", bound, binds)
        if had and has:
            yield from addresses(row, had, has)
        elif had or has:
            # Only a platform keeps such a key from being open: its addresses may be these, or may not.
            known = bound == binds
            direction, note = way(row, 1 if has else -1)
            change = Change(NEUTRAL, "+" if has else "-", "ip_allowlist", had, has, "")
            yield change._replace(direction=direction, note=note) if known else change


def _of_platform(name: str | None) -> tuple[str, ...]:
    return (f"the addresses of {name}",) if name is not None else ()
