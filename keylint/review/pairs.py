"""The tables of two manifests → which of them are the same thing, under one name or under two."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

from keylint.manifest.model import Account, Bot, Event, Key, Manifest, Provider, Waiver, networks

T = TypeVar("T")

Names = Mapping[str, str]
"""What a table of the base is called in the head, where it has another name there."""


class Step(NamedTuple, Generic[T]):
    """One way to know a thing again: by what it is of the base, and of the head. None is known by nothing."""

    told_by: str
    of_base: Callable[[T], Hashable | None]
    of_head: Callable[[T], Hashable | None]
    in_order: bool = False
    """Whether those of which there are several are paired one by one; else only what is alone of its kind is."""


class Paired(NamedTuple):
    """Two sections of tables, as pairs of their ids."""

    both: tuple[tuple[str, str], ...]
    removed: tuple[str, ...]
    added: tuple[str, ...]
    told_by: Names
    """By what each was known again that has another id now, by that id."""
    renamed: Names
    """The new ids by the old ones, of those that differ."""


class Pairs(NamedTuple):
    """Which tables of two manifests are the same, by section."""

    accounts: Paired
    providers: Paired
    bots: Paired
    keys: Paired
    events: Paired
    waivers: Paired
    account_names: Names
    """The new ids of the accounts by the old ones, also of one that is not written down."""

    @property
    def subjects(self) -> Names:
        """The new names of subjects by the old ones, such as `keys.grid-2` by `keys.grid`, of those that differ.

        What is gone, and whose name something else bears now, is told apart from that.
        """
        sections = {"accounts": self.accounts, "providers": self.providers, "bots": self.bots, "keys": self.keys}
        names = {f"accounts.{old}": f"accounts.{new}" for old, new in self.account_names.items()}
        for section, found in sections.items():
            taken = {new for _, new in found.both}
            names |= {f"{section}.{old}": f"{section}.{old} (gone)" for old in found.removed if old in taken}
            names |= {f"{section}.{old}": f"{section}.{new}" for old, new in found.renamed.items()}
        return names

    @property
    def places(self) -> Names:
        """The same, with the events and waivers, whose names are their positions."""
        names = dict(self.subjects)
        for section, found in (("events", self.events), ("waivers", self.waivers)):
            names |= {f"{section}[{old}]": f"{section}[{new}]" for old, new in found.renamed.items()}
        return names


def paired(base: Mapping[str, T], head: Mapping[str, T], steps: Sequence[Step[T]]) -> Paired:
    """Which tables of `head` are those of `base`, by the first of `steps` that says so."""
    left, right = dict(base), dict(head)
    both: list[tuple[str, str]] = []
    told_by = {}
    for step in steps:
        olds = _grouped(left, step.of_base)
        news = _grouped(right, step.of_head)
        for what, old_ids in olds.items():
            new_ids = news.get(what, [])
            if not step.in_order and (len(old_ids) > 1 or len(new_ids) > 1):
                continue
            for old, new in zip(old_ids, new_ids, strict=False):
                both.append((old, new))
                del left[old], right[new]
                if old != new:
                    told_by[new] = step.told_by
    return Paired(tuple(both), tuple(left), tuple(right), told_by, _differing(both))


def _grouped(tables: Mapping[str, T], of: Callable[[T], Hashable | None]) -> dict[Hashable, list[str]]:
    groups: dict[Hashable, list[str]] = {}
    for name, table in tables.items():
        what = of(table)
        if what is not None:
            groups.setdefault(what, []).append(name)
    return groups


def pair(base: Manifest, head: Manifest, codes: Names) -> Pairs:
    """Which tables of `head` are those of `base`. `codes` holds the code of every rule by its code and by its name."""
    same_accounts = accounts(base, head)
    names = account_names(base, head, same_accounts)
    same_providers = providers(base, head)
    same_bots = bots(base, head, names, same_providers.renamed)
    same_keys = keys(base, head, names, same_bots.renamed)
    nothing = Paired((), (), (), {}, {})
    found = Pairs(same_accounts, same_providers, same_bots, same_keys, nothing, nothing, names)
    subjects = found.subjects
    return found._replace(events=events(base, head, subjects), waivers=waivers(base, head, subjects, codes))


def accounts(base: Manifest, head: Manifest) -> Paired:
    """The accounts that are written down: one keeps its id, else its e-mail address, else all that it says."""
    by_id, by_content = (Step(why, of, of) for why, of in (("its id", _id), ("what it says", _account)))
    by_email = Step[Account]("its e-mail address", lambda it: it.email, lambda it: it.email)
    old, new = ({name: it for name, it in each.accounts.items() if it.written} for each in (base, head))
    return paired(old, new, (by_id, by_email, by_content))


def account_names(base: Manifest, head: Manifest, pairs: Paired) -> Names:
    """The new ids of accounts by the old ones; one that is not written down is the same as any that is alone."""
    old, new = base.accounts.values(), head.accounts.values()
    if len(old) == len(new) == 1:
        (before,), (after,) = old, new
        if not (before.written and after.written) and before.id != after.id:
            return {before.id: after.id}
    return pairs.renamed


def providers(base: Manifest, head: Manifest) -> Paired:
    """The platforms: one keeps its id, else all that it says."""
    by_id, by_content = (Step(why, of, of) for why, of in (("its id", _id), ("what it says", _provider)))
    return paired(base.providers, head.providers, (by_id, by_content))


def bots(base: Manifest, head: Manifest, accounts: Names, providers: Names) -> Paired:
    """The bots: one keeps its id, else all that it says."""
    by_content = Step[Bot]("what it says", lambda it: _bot(it, accounts, providers), lambda it: _bot(it, {}, {}))
    return paired(base.bots, head.bots, (Step("its id", _id, _id), by_content))


def keys(base: Manifest, head: Manifest, accounts: Names, bots: Names) -> Paired:
    """The keys: one keeps its fingerprint, else its id, else its label within its account, else all that it says.

    By its label a key is known again only where it has the type and the day that it had: Binance lets nobody change
    those, and a key that comes after another often takes over its label.
    """
    by_content = Step[Key]("what it says", lambda it: _key(it, accounts, bots), lambda it: _key(it, {}, {}))
    steps = (
        Step[Key]("its fingerprint", lambda it: it.fingerprint, lambda it: it.fingerprint),
        Step[Key]("its id", _id, _id),
        Step[Key]("its label", lambda it: _label(it, accounts), lambda it: _label(it, {})),
        by_content,
    )
    return _without_contradictions(paired(base.keys, head.keys, steps), base.keys, head.keys)


def events(base: Manifest, head: Manifest, names: Names) -> Paired:
    """The events, by their position: one keeps all that it says, else all but its day, else all but whom it affects."""

    def whole(at: Names) -> Callable[[Event], Hashable]:
        return lambda it: (it.on, it.kind, _affected(it, at))

    def but_the_day(at: Names) -> Callable[[Event], Hashable]:
        return lambda it: (it.kind, _affected(it, at))

    def but_whom(it: Event) -> Hashable:
        return it.on, it.kind

    steps = (
        Step("", whole(names), whole({}), in_order=True),
        Step("", but_the_day(names), but_the_day({}), in_order=True),
        Step("", but_whom, but_whom, in_order=True),
    )
    return paired(numbered(base.events), numbered(head.events), steps)


def waivers(base: Manifest, head: Manifest, names: Names, codes: Names) -> Paired:
    """The waivers, by their position: one keeps its rule and its subject, and its last day if there are several."""

    def of(at: Names, *, day: bool) -> Callable[[Waiver], Hashable]:
        return lambda it: (codes.get(it.rule, it.rule), at.get(it.on, it.on), it.until if day else None)

    steps = [Step("", of(names, day=day), of({}, day=day), in_order=True) for day in (True, False)]
    return paired(numbered(base.waivers), numbered(head.waivers), steps)


def numbered(tables: Sequence[T]) -> dict[str, T]:
    """Tables that have no id, by their position."""
    return {str(number): table for number, table in enumerate(tables)}


def _without_contradictions(pairs: Paired, base: Mapping[str, Key], head: Mapping[str, Key]) -> Paired:
    """`pairs` without those that other names and other fingerprints tell apart."""
    apart = [
        (old, new)
        for old, new in pairs.both
        if old != new and None not in (prints := {base[old].fingerprint, head[new].fingerprint}) and len(prints) > 1
    ]
    if not apart:
        return pairs
    both = tuple(pair for pair in pairs.both if pair not in apart)
    removed = (*pairs.removed, *(old for old, _ in apart))
    added = (*pairs.added, *(new for _, new in apart))
    return Paired(both, removed, added, pairs.told_by, _differing(both))


def _differing(both: Sequence[tuple[str, str]]) -> Names:
    return {old: new for old, new in both if old != new}


def _id(table: Account | Provider | Bot | Key) -> str:
    return table.id


def _account(account: Account) -> Hashable | None:
    """All that an account says but its id; None where that is nothing, and it could be any."""
    nameless = account._replace(id="")
    return None if nameless == Account("") else nameless


def _provider(provider: Provider) -> Hashable | None:
    nameless = provider._replace(id="", egress_ips=())
    if nameless == Provider("") and not provider.egress_ips:
        return None
    return nameless, frozenset(networks(provider.egress_ips))


def _bot(bot: Bot, accounts: Names, providers: Names) -> Hashable:
    nameless = bot._replace(
        id="",
        kinds=(),
        needs=(),
        account_named=None,
        account_found=None,
        provider_named=None,
        provider_found=None,
        own_egress_ips=(),
    )
    lists = (frozenset(bot.kinds), frozenset(bot.needs), frozenset(networks(bot.own_egress_ips)))
    return nameless, lists, account_of(bot, accounts), renamed(bot.provider_named, providers)


def _key(key: Key, accounts: Names, bots: Names) -> Hashable:
    nameless = key._replace(
        id="",
        bots_named=(),
        bots_found=(),
        bots_missing=(),
        bots_listed=False,
        account_named=None,
        account_found=None,
        ip_allowlist=(),
        holders=(),
        replaced_by=None,
    )
    lists = (frozenset(networks(key.ip_allowlist)), frozenset(key.holders))
    users = frozenset(bots.get(it, it) for it in key.bots_named)
    return nameless, lists, users, account_of(key, accounts), key.replaced_by


def _label(key: Key, accounts: Names) -> Hashable | None:
    return (account_of(key, accounts), key.label, key.type, key.created) if key.label else None


def _affected(event: Event, names: Names) -> frozenset[str]:
    return frozenset(names.get(subject, subject) for subject in event.affects)


def renamed(name: str | None, names: Names) -> str | None:
    """What `name` is called in the head."""
    return None if name is None else names.get(name, name)


def account_of(it: Bot | Key, names: Names) -> str | None:
    """The id, in the head, of the account that a bot or a key is on; None where the manifest does not say."""
    found = it.account_found
    return renamed(it.account_named if found is None else found.id, names)
