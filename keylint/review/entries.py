"""Two manifests, and which of their tables are the same → what changed in each section."""

from collections.abc import Iterator

from keylint.manifest.model import Account, Bot, Manifest, Provider, Undecided
from keylint.manifest.permissions import KINDS, ordered
from keylint.manifest.policy import Policy

from .changes import Change, Entry, Values, addresses, again, entry, fields, items, neutral, table
from .directions import NEUTRAL, ROWS
from .pairs import Names, Pairs, account_of, numbered, renamed


def policy(before: Policy, after: Policy) -> Iterator[Entry]:
    """What changed in the policy, leaf by leaf, defaults counted in."""
    yield from entry("policy", ("", ""), [*fields("policy", leaves(before), leaves(after))])


def leaves(whole: Policy) -> Values:
    """The leaves of a policy by their dotted names."""
    return {f"{name}.{leaf}": value for name, part in whole._asdict().items() for leaf, value in part._asdict().items()}


def accounts(base: Manifest, head: Manifest, found: Pairs) -> Iterator[Entry]:
    """What changed in the accounts; what a sub-account takes over from its master is said of the master alone."""
    names = found.account_names
    for old, new in found.accounts.both:
        before, after = base.accounts[old], head.accounts[new]
        changes = [*again(old, new, found.accounts), *_account(before, after, names)]
        if before.owner != after.owner and not _masters_owner(base, head, before, after):
            changes += neutral("owner", before.owner, after.owner)
        yield from entry("accounts", (old, new), changes)
    for name in found.accounts.removed:
        yield from entry("accounts", (name, None), [table("accounts", "-", _account_in_words(base.accounts[name]))])
    for name in found.accounts.added:
        yield from entry("accounts", (None, name), [table("accounts", "+", _account_in_words(head.accounts[name]))])


def _account(before: Account, after: Account, names: Names) -> Iterator[Change]:
    same_master = renamed(before.master, names) == after.master
    skipped = {"owner", "two_factor.methods"}
    for word in ("two_factor", "withdrawal_allowlist"):
        if same_master and word in before.inherits & after.inherits:
            skipped |= {row.field for row in ROWS.values() if row.field.startswith(f"{word}.")}
    values = [_account_values(it, at) for it, at in ((before, names), (after, {}))]
    if "two_factor.by" not in skipped:
        yield from _methods(before, after)
    yield from fields("accounts", *values, but=frozenset(skipped))


def _account_values(account: Account, names: Names) -> Values:
    factor, allowlist = account.two_factor, account.withdrawal_allowlist
    return {
        "exchange": account.exchange,
        "master": renamed(account.master, names),
        "email": account.email,
        "two_factor.attested": factor and factor.attested,
        "two_factor.by": factor and factor.by,
        "withdrawal_allowlist.enabled": allowlist and _truth(allowlist.enabled),
        "withdrawal_allowlist.attested": allowlist and allowlist.attested,
        "withdrawal_allowlist.by": allowlist and allowlist.by,
        "admin_ips": account.admin_ips,
        "manual": account.manual,
    }


_PHISHABLE = frozenset({"sms", "email"})
_UNPHISHABLE = frozenset({"passkey", "security-key"})


def _methods(before: Account, after: Account) -> Iterator[Change]:
    """What changed in the second factors: one that can be phished is a way in, unless it is the only one there is."""
    row = ROWS["accounts", "two_factor.methods"]
    had, has = (frozenset(it.two_factor.methods if it.two_factor else ()) for it in (before, after))
    for change in items(row, sorted(had), sorted(has)):
        (method,) = change.before or change.after
        direction, note = change.direction, change.note
        if had and has and method in _PHISHABLE:
            direction, note = direction.opposite, "a way in that can be phished" if change.after else "a way in less"
        elif had and has and method not in _UNPHISHABLE and had & has & _UNPHISHABLE:
            direction, note = NEUTRAL, "a passkey or a security key stays"
        yield change._replace(direction=direction, note=note)


def _masters_owner(base: Manifest, head: Manifest, before: Account, after: Account) -> bool:
    """Whether the owner of a sub-account changed because its master's did."""
    masters = [it.accounts.get(account.master or "") for it, account in ((base, before), (head, after))]
    return all(master and master.owner == it.owner for master, it in zip(masters, (before, after), strict=True))


def _account_in_words(account: Account) -> tuple[str, ...]:
    return (f"a sub-account of {account.master}" if account.master else "a master account",)


def providers(base: Manifest, head: Manifest, found: Pairs) -> Iterator[Entry]:
    """What changed in the platforms."""
    for old, new in found.providers.both:
        before, after = base.providers[old], head.providers[new]
        but = frozenset({"asks_for"} if None in {before.asks_for, after.asks_for} else ())
        changes = [
            *again(old, new, found.providers),
            *fields("providers", _provider_values(before), _provider_values(after), but=but),
            *(neutral("asks_for", before.asks_for, after.asks_for) if but else ()),
        ]
        yield from entry("providers", (old, new), changes)
    for name in found.providers.removed:
        yield from entry("providers", (name, None), [table("providers", "-", _url(base.providers[name]))])
    for name in found.providers.added:
        yield from entry("providers", (None, name), [table("providers", "+", _url(head.providers[name]))])


def _provider_values(provider: Provider) -> Values:
    rejects = provider.rejects_withdrawals
    return {**provider._asdict(), "rejects_withdrawals": None if rejects is None else _truth(rejects)}


def _url(provider: Provider) -> tuple[str, ...]:
    return (provider.url,) if provider.url else ()


def bots(base: Manifest, head: Manifest, found: Pairs) -> Iterator[Entry]:
    """What changed in the bots."""
    for old, new in found.bots.both:
        before, after = base.bots[old], head.bots[new]
        yield from entry("bots", (old, new), [*again(old, new, found.bots), *_bot(before, after, found)])
    for name in found.bots.removed:
        yield from entry("bots", (name, None), [table("bots", "-", _bot_in_words(base.bots[name]))])
    for name in found.bots.added:
        yield from entry("bots", (None, name), [table("bots", "+", _bot_in_words(head.bots[name]))])


def _bot(before: Bot, after: Bot, found: Pairs) -> Iterator[Change]:
    gained, lost = ordered(after.allowed - before.allowed), ordered(before.allowed - after.allowed)
    for field, had, has in (("kind", before.kinds, after.kinds), ("needs", before.needs, after.needs)):
        for change in items(ROWS["bots", field], had, has):
            which = change.after or change.before
            granted = KINDS[which[0]].needs | KINDS[which[0]].may if field == "kind" else frozenset(which)
            moved = [it for it in (gained if change.after else lost) if it in granted]
            if moved:
                yield change._replace(note=f"{change.note} {', '.join(moved)}")
            else:
                yield change._replace(direction=NEUTRAL, note="its key may have what it might have before")
    row = ROWS["bots", "egress_ips"]
    came, comes = before.own_egress_ips, after.own_egress_ips
    if came or comes:
        yield from addresses(row, came or _egress(before), comes or _egress(after))
    values = [_bot_values(it, found, old=old) for it, old in ((before, True), (after, False))]
    yield from fields("bots", *values, but=frozenset({"kind", "needs", "egress_ips"}))


def _egress(bot: Bot) -> tuple[str, ...]:
    """The addresses of a bot that says none itself: its platform's, if that is known."""
    try:
        return bot.egress_ips
    except Undecided:
        return ()


def _bot_values(bot: Bot, found: Pairs, *, old: bool) -> Values:
    return {
        **{name: value for name, value in bot._asdict().items() if isinstance(value, str)},
        "account": account_of(bot, found.account_names if old else {}),
        "provider": renamed(bot.provider_named, found.providers.renamed if old else {}),
        "static_ip": _truth(bot.static_ip),
    }


def _bot_in_words(bot: Bot) -> tuple[str, ...]:
    return (" + ".join(bot.kinds),)


def events(base: Manifest, head: Manifest, found: Pairs) -> Iterator[Entry]:
    """What changed in the events after which keys must be new."""
    old_events, new_events, names = numbered(base.events), numbered(head.events), found.subjects
    for old, new in found.events.both:
        before, after = old_events[old], new_events[new]
        affected = tuple(names.get(it, it) for it in before.affects)
        values: list[Values] = [{"on": before.on, "affects": affected}, {"on": after.on, "affects": after.affects}]
        name = f"{after.on} {after.kind}"
        yield from entry("events", (name, name), [*fields("events", *values)])
    for which, sign, tables in ((found.events.removed, "-", old_events), (found.events.added, "+", new_events)):
        for number in which:
            event = tables[number]
            name = f"{event.on} {event.kind}"
            ids = (name, None) if sign == "-" else (None, name)
            yield from entry("events", ids, [table("events", "-" if sign == "-" else "+", event.affects)])


def waivers(base: Manifest, head: Manifest, found: Pairs, codes: Names) -> Iterator[Entry]:
    """What changed in what was accepted."""
    old_waivers, new_waivers = numbered(base.waivers), numbered(head.waivers)
    for old, new in found.waivers.both:
        before, after = old_waivers[old], new_waivers[new]
        name = f"{codes.get(after.rule, after.rule)} on {after.on}"
        values: list[Values] = [{"until": it.until, "reason": it.reason, "by": it.by} for it in (before, after)]
        yield from entry("waivers", (name, name), [*fields("waivers", *values)])
    for which, sign, tables in ((found.waivers.removed, "-", old_waivers), (found.waivers.added, "+", new_waivers)):
        for number in which:
            waiver = tables[number]
            name = f"{codes.get(waiver.rule, waiver.rule)} on {waiver.on}"
            ids = (name, None) if sign == "-" else (None, name)
            said = table("waivers", "-" if sign == "-" else "+", (waiver.reason,))
            yield from entry("waivers", ids, [said._replace(note=f"{said.note} until {waiver.until}")])


def _truth(value: bool) -> str:  # noqa: FBT001 - the value itself
    return "true" if value else "false"
