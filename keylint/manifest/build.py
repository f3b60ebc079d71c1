"""Schema-checked TOML values → Manifest: every reference becomes the thing it names, or is listed as dangling."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeVar

from . import policy
from .model import (
    Account,
    Bot,
    Event,
    Key,
    Manifest,
    Place,
    Provider,
    Reference,
    TwoFactor,
    Waiver,
    WithdrawalAllowlist,
)
from .permissions import KINDS

# Values have passed the schema when they come here, which is where their types are checked; so this module, and it
# alone, reads them as Any.
Table = dict[str, Any]

SOLE_ACCOUNT = "main"

K = TypeVar("K")
V = TypeVar("V")


def build(values: Table) -> Manifest:
    """The manifest that schema-checked `values` declare."""
    builder = _Builder(values)
    accounts = builder.accounts()
    providers = {name: _provider(name, table) for name, table in values.get("providers", {}).items()}
    bots = builder.bots(accounts, providers)
    keys = builder.keys(accounts, bots)
    events = tuple(
        Event(index, table["on"], table["kind"], tuple(table["affects"]))
        for index, table in enumerate(values.get("events", ()))
    )
    waivers = tuple(Waiver(index, **table) for index, table in enumerate(values.get("waivers", ())))
    builder.named(events, waivers, {"accounts": accounts, "providers": providers, "bots": bots, "keys": keys})
    return Manifest(
        MappingProxyType(accounts),
        MappingProxyType(providers),
        MappingProxyType(bots),
        MappingProxyType(keys),
        events,
        waivers,
        policy.stated(values.get("policy", {})),
        tuple(builder.dangling),
        tuple(key for key in keys.values() if key.bots_missing),
        _grouped([(bot, key) for key in keys.values() for bot in key.bots_named]),
        _grouped([(key.account_found.id, key) for key in keys.values() if key.account_found is not None]),
        _grouped([(_labelled(key), key) for key in keys.values() if key.label is not None]),
        _grouped([(key.fingerprint, key) for key in keys.values() if key.fingerprint is not None]),
        _grouped([(account.master, account) for account in accounts.values() if account.master is not None]),
        _grouped([(key.replaced_by, key) for key in keys.values() if key.replaced_by is not None]),
    )


class _Builder:
    """Builds the parts in the order in which they refer to each other, and notes what names nothing."""

    def __init__(self, values: Table) -> None:
        self.values = values
        self.dangling: list[Reference] = []
        self.sole: Account | None = None
        # A bot's power depends on its kinds and needs alone, and ten thousand bots have few combinations of them.
        self.powers: dict[tuple[tuple[str, ...], tuple[str, ...]], tuple[frozenset[str], frozenset[str], bool]] = {}
        self.permissions: dict[tuple[str, ...], frozenset[str]] = {}

    def refer(self, place: Place, section: str, name: str) -> None:
        """Note that `place` names something in `section` that is not there."""
        self.dangling.append(Reference(place, f"{section}.{name}"))

    def accounts(self) -> dict[str, Account]:
        """The accounts by id, each sub-account with what its master attests."""
        tables = self.values.get("accounts", {})
        if not tables:
            self.sole = Account(SOLE_ACCOUNT, written=False)
            return {SOLE_ACCOUNT: self.sole}
        own = {name: _account(name, table) for name, table in tables.items()}
        accounts = {}
        for name, account in own.items():
            accounts[name] = account
            if account.master is None:
                continue
            master = own.get(account.master)
            # Binance knows masters and their sub-accounts, and no third level.
            if master is None or master.master is not None:
                self.refer(account.at("master"), "accounts", account.master)
                accounts[name] = account._replace(master_found=False)
            else:
                accounts[name] = _inherited(account, master)
        if len(accounts) == 1:
            self.sole = next(iter(accounts.values()))
        return accounts

    def account_missing(self, section: str, name: str, named: str | None) -> None:
        """Note that a bot or a key names an account that is not there, or none where there are several."""
        place = Place((section, name, "account"))
        self.dangling.append(Reference(place, "accounts" if named is None else f"accounts.{named}"))

    def bots(self, accounts: Mapping[str, Account], providers: Mapping[str, Provider]) -> dict[str, Bot]:
        """The bots by id, each with its account and its provider."""
        bots = {}
        tables = self.values.get("bots", {})
        for name, table in tables.items():
            get = table.get
            kind = table["kind"]
            kinds = (kind,) if type(kind) is str else tuple(kind)
            needs = tuple(get("needs", ()))
            power = self.powers.get((kinds, needs))
            if power is None:
                power = self.powers[kinds, needs] = _power(kinds, needs)
            named = get("account")
            account = self.sole if named is None else accounts.get(named)
            if account is None:
                self.account_missing("bots", name, named)
            provider_named = get("provider")
            provider = None
            if provider_named is not None:
                provider = providers.get(provider_named)
                if provider is None:
                    self.refer(Place(("bots", name, "provider")), "providers", provider_named)
            bots[name] = Bot(
                name,
                kinds,
                needs,
                *power,
                named,
                account,
                provider_named,
                provider,
                get("because"),
                get("purpose"),
                tuple(get("egress_ips", ())),
                get("static_ip", True),
                get("status", "active"),
                get("owner"),
                get("order_prefix"),
            )
        return bots

    def keys(self, accounts: Mapping[str, Account], bots: Mapping[str, Bot]) -> dict[str, Key]:
        """The keys by id, each with its bots and its account."""
        tables = self.values.get("keys", {})
        keys = {}
        for name, table in tables.items():
            get = table.get
            bot = get("bot")
            named: tuple[str, ...]
            found: tuple[Bot, ...]
            missing: tuple[str, ...]
            if bot in bots:
                named, found, missing = (bot,), (bots[bot],), ()
            else:
                named = (bot,) if bot is not None else tuple(dict.fromkeys(get("bots", ())))
                found = tuple([bots[it] for it in named if it in bots])
                missing = tuple([it for it in named if it not in bots])
                for it in missing:
                    place = Place(("keys", name, "bots"), it) if bot is None else Place(("keys", name, "bot"))
                    self.refer(place, "bots", it)
            account_named = get("account")
            account = self.sole
            if account_named is not None:
                account = accounts.get(account_named)
            elif found:
                account = found[0].account_found
            if account is None and (account_named is not None or not named):
                self.account_missing("keys", name, account_named)
            listed = tuple(table["permissions"])
            permissions = self.permissions.get(listed)
            if permissions is None:
                permissions = self.permissions[listed] = frozenset(listed)
            replaced_by = get("replaced_by")
            if replaced_by is not None and (replaced_by not in tables or replaced_by == name):
                self.refer(Place(("keys", name, "replaced_by")), "keys", replaced_by)
            keys[name] = Key(
                name,
                table["type"],
                permissions,
                table["created"],
                named,
                found,
                missing,
                account_named,
                account,
                get("role"),
                get("label"),
                tuple(get("ip_allowlist", ())),
                get("ip_third_party"),
                get("status", "active"),
                get("disabled"),
                replaced_by,
                get("reviewed"),
                get("custody"),
                tuple(get("holders", ())),
                get("fingerprint"),
                get("owner"),
                bot is None,
            )
        return keys

    def named(
        self, events: tuple[Event, ...], waivers: tuple[Waiver, ...], sections: Mapping[str, Mapping[str, object]]
    ) -> None:
        """Note what events and waivers name that is not there."""
        for event in events:
            for subject in event.affects:
                self.subject(Place(("events", event.number, "affects"), subject), subject, sections)
        for waiver in waivers:
            if waiver.on != "manifest":
                self.subject(waiver.at("on"), waiver.on, sections)

    def subject(self, place: Place, subject: str, sections: Mapping[str, Mapping[str, object]]) -> None:
        """Note that `place` names `subject`, such as `keys.grid`, where that is not there."""
        section, _, name = subject.partition(".")
        if name not in sections[section]:
            self.refer(place, section, name)


def _power(kinds: tuple[str, ...], needs: tuple[str, ...]) -> tuple[frozenset[str], frozenset[str], bool]:
    """What a bot's key must be able to do, may do, and whether it uses a key at all."""
    required = frozenset(needs).union(*(KINDS[kind].needs for kind in kinds))
    allowed = required.union(*(KINDS[kind].may for kind in kinds))
    if "read" in allowed:
        allowed |= {"fix-read"}
    return required, allowed, bool(required) or any(KINDS[kind].uses_key for kind in kinds)


def _account(name: str, table: Table) -> Account:
    two_factor, allowlist = table.get("two_factor"), table.get("withdrawal_allowlist")
    return Account(
        name,
        table.get("exchange", "binance"),
        table.get("master"),
        table.get("email"),
        table.get("owner"),
        two_factor and TwoFactor(tuple(two_factor["methods"]), two_factor["attested"], two_factor["by"]),
        allowlist and WithdrawalAllowlist(**allowlist),
        tuple(table.get("admin_ips", ())),
        tuple(table.get("manual", ())),
    )


def _inherited(account: Account, master: Account) -> Account:
    """A sub-account, with its master's word where it has none of its own."""
    words = {"two_factor": account.two_factor, "withdrawal_allowlist": account.withdrawal_allowlist}
    return account._replace(
        owner=account.owner or master.owner,
        two_factor=account.two_factor or master.two_factor,
        withdrawal_allowlist=account.withdrawal_allowlist or master.withdrawal_allowlist,
        inherits=frozenset(field for field, word in words.items() if word is None),
    )


def _provider(name: str, table: Table) -> Provider:
    asks_for = table.get("asks_for")
    return Provider(
        name,
        table.get("url"),
        tuple(table.get("egress_ips", ())),
        None if asks_for is None else tuple(asks_for),
        table.get("rejects_withdrawals"),
        table.get("changelog"),
        table.get("storage"),
        table.get("reviewed"),
    )


def _labelled(key: Key) -> tuple[str | None, str]:
    """The account of a key, None where that is not known, and its label."""
    return (None if key.account_found is None else key.account_found.id, key.label or "")


def _grouped(pairs: Sequence[tuple[K, V]]) -> Mapping[K, tuple[V, ...]]:
    """The values of `pairs` by their names, each name's in order."""
    single = {name: (value,) for name, value in pairs}
    if len(single) == len(pairs):
        return MappingProxyType(single)
    groups: dict[K, list[V]] = {}
    for name, value in pairs:
        groups.setdefault(name, []).append(value)
    return MappingProxyType({name: tuple(group) for name, group in groups.items()})
