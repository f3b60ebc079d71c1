"""What a manifest declares, as frozen values in which every reference has become the thing it names.

The types are named tuples and not dataclasses because a commit hook pays for each class it defines: 0.09 ms against
0.6 ms, and a fifth of the time for each of ten thousand keys. They are built by `keylint.manifest.build`.
"""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

from .addresses import Network, network, whole
from .permissions import READING, TRADING
from .policy import DEFAULT, Policy
from .positions import Path

_REFERENCE = "unknown-reference"


class Side(StrEnum):
    """Where a fact comes from: what the manifest says, or what Binance said."""

    DECLARED = "declared"
    LIVE = "live"


class Undecided(Exception):  # noqa: N818 - it is no error: it says that a rule cannot be decided here
    """Raised where a rule asks for what is not known; the engine turns it into an *unknown*.

    `reason` is one word for programs, `message` a sentence for people.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class NotShown(Exception):  # noqa: N818 - it is no error: it says that the question does not arise
    """Raised where a rule asks for what no observer can show; the engine makes it *not applicable*."""


class Place(NamedTuple):
    """A field of the manifest, or one item of a list in it; the manifest knows where it stands."""

    path: Path
    item: str | None = None
    names: bool = False
    """Whether it is the name at the end of the path that is meant, and not what stands there."""

    @property
    def field(self) -> str:
        """The field without its subject and without list positions, such as `permissions=withdraw`."""
        names = ".".join(part for part in self.path[2:] if isinstance(part, str))
        return names if self.item is None else f"{names}={self.item}"


class Reference(NamedTuple):
    """A place in the manifest that names something else in it."""

    place: Place
    names: str
    """What it names, such as `bots.grid`; `accounts` where an account has to be named and is not."""


class TwoFactor(NamedTuple):
    """What a person vouched for about the second factors of an account."""

    methods: tuple[str, ...]
    attested: date
    by: str


class WithdrawalAllowlist(NamedTuple):
    """What a person vouched for about the withdrawal allowlist of an account."""

    enabled: bool
    attested: date
    by: str


class Account(NamedTuple):
    """A Binance account or sub-account; what it does not say itself about 2FA, allowlist and owner is its master's."""

    id: str
    exchange: str = "binance"
    master: str | None = None
    email: str | None = None
    owner: str | None = None
    two_factor: TwoFactor | None = None
    withdrawal_allowlist: WithdrawalAllowlist | None = None
    admin_ips: tuple[str, ...] = ()
    manual: tuple[str, ...] = ()
    written: bool = True
    """False for the one account that exists because none is written down."""
    inherits: frozenset[str] = frozenset()
    """Which of `two_factor` and `withdrawal_allowlist` are its master's word, and not its own."""
    master_found: bool = True
    """False where it names a master that is no master account of this manifest."""

    def __str__(self) -> str:
        return f"accounts.{self.id}"

    def at(self, *fields: str) -> Place:
        """The place of a field of this account."""
        return Place(("accounts", self.id, *fields))


class Provider(NamedTuple):
    """A third-party platform that holds a key. None means that the manifest does not say."""

    id: str
    url: str | None = None
    egress_ips: tuple[str, ...] = ()
    asks_for: tuple[str, ...] | None = None
    rejects_withdrawals: bool | None = None
    changelog: str | None = None
    storage: str | None = None
    reviewed: date | None = None

    def __str__(self) -> str:
        return f"providers.{self.id}"

    def at(self, field: str, item: str | None = None) -> Place:
        """The place of a field of this provider, or of one item of it."""
        return Place(("providers", self.id, field), item)


class Bot(NamedTuple):
    """A program that uses a key, with what its kinds and `needs` add up to."""

    id: str
    kinds: tuple[str, ...]
    needs: tuple[str, ...]
    required: frozenset[str]
    """The permissions that its key must have: what its kinds need, and its own `needs`."""
    allowed: frozenset[str]
    """The permissions that its key may have: the required ones, what its kinds may have, and reading by FIX."""
    uses_key: bool
    """False for the exchange's own bots and for those that read public data."""
    account_named: str | None
    account_found: Account | None
    provider_named: str | None
    provider_found: Provider | None
    because: str | None = None
    purpose: str | None = None
    own_egress_ips: tuple[str, ...] = ()
    static_ip: bool = True
    status: str = "active"
    owner: str | None = None
    order_prefix: str | None = None

    def __str__(self) -> str:
        return f"bots.{self.id}"

    def at(self, field: str, item: str | None = None) -> Place:
        """The place of a field of this bot, or of one item of it."""
        return Place(("bots", self.id, field), item)

    @property
    def account(self) -> Account:
        """The account it trades on. Raises Undecided where the manifest names one that is not there, or none."""
        if self.account_found is None:
            raise _dangling(str(self), "accounts", self.account_named)
        return self.account_found

    @property
    def provider(self) -> Provider | None:
        """The platform that runs it, or None: run by ourselves. Raises Undecided for one that is not there."""
        if self.provider_named is not None and self.provider_found is None:
            raise _dangling(str(self), "providers", self.provider_named)
        return self.provider_found

    @property
    def egress_ips(self) -> tuple[str, ...]:
        """The addresses it calls Binance from: its own, else its provider's; () where nobody says."""
        if self.own_egress_ips:
            return self.own_egress_ips
        provider = self.provider
        return provider.egress_ips if provider is not None else ()


class Key(NamedTuple):
    """An API key, as declared or as Binance shows it."""

    id: str
    type: str
    permissions: frozenset[str]
    created: date
    bots_named: tuple[str, ...]
    bots_found: tuple[Bot, ...]
    """Those of its bots that are in the manifest."""
    bots_missing: tuple[str, ...]
    """The ids of those that are not."""
    account_named: str | None
    account_found: Account | None
    role: str | None = None
    label: str | None = None
    ip_allowlist: tuple[str, ...] = ()
    ip_third_party: str | None = None
    status: str = "active"
    disabled: date | None = None
    replaced_by: str | None = None
    reviewed: date | None = None
    custody: str | None = None
    holders: tuple[str, ...] = ()
    fingerprint: str | None = None
    owner: str | None = None
    bots_listed: bool = False
    """Whether the manifest names its bots in a list, `bots`, and not one in `bot`."""
    side: Side = Side.DECLARED

    def __str__(self) -> str:
        return f"keys.{self.id}"

    def at(self, field: str, item: str | None = None) -> Place:
        """The place of a field of this key, or of one item of it."""
        return Place(("keys", self.id, field), item)

    def at_bot(self, name: str) -> Place:
        """The place that names its bot `name`."""
        return self.at("bots", name) if self.bots_listed else self.at("bot")

    @property
    def bots(self) -> tuple[Bot, ...]:
        """The bots that use it. Raises Undecided where the manifest names one that is not there."""
        if self.bots_missing:
            raise _dangling(str(self), "bots", ", ".join(self.bots_missing))
        return self.bots_found

    @property
    def account(self) -> Account:
        """The account it belongs to. Raises Undecided where the manifest names one that is not there, or none."""
        if self.account_found is None:
            if self.account_named is None and self.bots_missing:
                raise _dangling(str(self), "bots", ", ".join(self.bots_missing))
            raise _dangling(str(self), "accounts", self.account_named)
        return self.account_found

    @property
    def required(self) -> frozenset[str]:
        """The permissions that its bots need of it; an inventory key needs to read."""
        if self.role == "inventory":
            return _READ
        bots = self.bots
        if len(bots) == 1:
            return bots[0].required
        return frozenset().union(*(bot.required for bot in bots))

    @property
    def allowed(self) -> frozenset[str]:
        """The permissions that its bots call for, with what they may have besides."""
        if self.role == "inventory":
            return READING
        bots = self.bots
        if len(bots) == 1:
            return bots[0].allowed
        return frozenset().union(*(bot.allowed for bot in bots))

    @property
    def can_trade(self) -> bool:
        """Whether it can place an order anywhere."""
        return not TRADING.isdisjoint(self.permissions)

    @property
    def reads_only(self) -> bool:
        """Whether it can read and no more."""
        return self.permissions <= READING

    @property
    def restricted(self) -> bool:
        """Whether only some addresses may use it: a list of its own, or a platform's that Binance keeps."""
        return bool(self.ip_allowlist) or self.ip_third_party is not None

    @property
    def open(self) -> bool:
        """Whether any address may use it: there is no restriction, or a list that holds every address."""
        return not self.restricted or whole(self.networks) is not None

    @property
    def networks(self) -> tuple[Network, ...]:
        """The entries of its IP allowlist as ranges, in the order of the manifest."""
        return networks(self.ip_allowlist)


_READ = frozenset({"read"})


class Event(NamedTuple):
    """Something after which a key must be new."""

    number: int
    """Its position in the list of events, from 0."""
    on: date
    kind: str
    affects: tuple[str, ...]

    def __str__(self) -> str:
        return f"events[{self.number}]"


class Waiver(NamedTuple):
    """An accepted finding: the rule by code or name, one subject, and the last day."""

    number: int
    """Its position in the list of waivers, from 0."""
    rule: str
    on: str
    reason: str
    by: str
    until: date

    def __str__(self) -> str:
        return f"waivers[{self.number}]"

    def at(self, field: str) -> Place:
        """The place of a field of this waiver."""
        return Place(("waivers", self.number, field))

    def in_force(self, today: date) -> bool:
        """Whether it holds on the UTC day `today`: its last day is included."""
        return today <= self.until


class Manifest(NamedTuple):
    """Everything one manifest declares. The mappings are read-only and in the order of the file."""

    accounts: Mapping[str, Account]
    providers: Mapping[str, Provider]
    bots: Mapping[str, Bot]
    keys: Mapping[str, Key]
    events: tuple[Event, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    policy: Policy = DEFAULT
    dangling: tuple[Reference, ...] = ()
    """The references that name nothing, in the order of the file's sections."""
    astray: tuple[Key, ...] = ()
    """The keys that name a bot that is not there, and so may be anybody's."""
    keys_of_bot: Mapping[str, tuple[Key, ...]] = MappingProxyType({})
    """The keys that name a bot, by the bot's id."""
    keys_of_account: Mapping[str, tuple[Key, ...]] = MappingProxyType({})
    """The keys of an account, by its id."""
    keys_by_label: Mapping[tuple[str | None, str], tuple[Key, ...]] = MappingProxyType({})
    """The keys that bear a label within an account, by account id and label; None is an account that is not known."""
    keys_by_fingerprint: Mapping[str, tuple[Key, ...]] = MappingProxyType({})
    """The keys that bear a fingerprint."""
    sub_accounts: Mapping[str, tuple[Account, ...]] = MappingProxyType({})
    """The sub-accounts of a master, by its id."""
    replaces: Mapping[str, tuple[Key, ...]] = MappingProxyType({})
    """The keys that a key replaces, by the id of the new one."""

    def successor(self, key: Key) -> Key | None:
        """The key that replaces `key`, or None. Raises Undecided where it names itself, or a key that is not there."""
        if key.replaced_by is None:
            return None
        new = self.keys.get(key.replaced_by)
        if new is None:
            raise _dangling(str(key), "keys", key.replaced_by)
        if new.id == key.id:
            msg = f"{key} names itself as the key that replaces it"
            raise Undecided(_REFERENCE, msg)
        return new


@cache
def networks(addresses: tuple[str, ...]) -> tuple[Network, ...]:
    """The ranges that schema-checked addresses cover, in their order."""
    return tuple([found for address in addresses if (found := network(address)) is not None])


def _dangling(subject: str, section: str, named: str | None) -> Undecided:
    if named is None:
        return Undecided(_REFERENCE, f"{subject} does not say which of the {section} it belongs to")
    return Undecided(_REFERENCE, f"{subject} names {section} that are not in the manifest: {named}")
