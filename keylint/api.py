"""Everything a rule may import: what a manifest declares, what a rule is, and what it may say."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import pluggy

from .manifest.addresses import Network, breadth, common, merged, network, whole
from .manifest.model import (
    Account,
    Bot,
    Event,
    Key,
    Manifest,
    NotShown,
    Place,
    Provider,
    Reference,
    Side,
    TwoFactor,
    Undecided,
    Waiver,
    WithdrawalAllowlist,
    networks,
)
from .manifest.permissions import KINDS, PERMISSION, PERMISSIONS, READING, TRADING, TRANSFERS, Permission, ordered
from .manifest.policy import Policy
from .manifest.positions import Span
from .manifest.source import Fault, Source, Violation, dotted
from .manifest.special_networks import unroutable
from .secret_shapes import find as secrets_in
from .unseen import alike
from .unseen import in_source as unseen_in

if TYPE_CHECKING:
    from .baseline import BaselineUse
    from .evidence.accounts import LiveAccount
    from .evidence.keys import LiveKey
    from .evidence.known import Known
    from .evidence.model import ListedKey, Order, SubAccount
    from .manifest.strictness import Loosened

__all__ = [
    "ACTIVE",
    "BOTH_SIDES",
    "EVERY_STATUS",
    "KINDS",
    "NOT_APPLICABLE",
    "PERMISSION",
    "PERMISSIONS",
    "READING",
    "TRADING",
    "TRANSFERS",
    "Account",
    "AccountRule",
    "BaselineUse",
    "Books",
    "BooksRule",
    "Bot",
    "BotRule",
    "Context",
    "Event",
    "Fault",
    "Finding",
    "Key",
    "KeyRule",
    "Known",
    "ListedKey",
    "LiveAccount",
    "LiveAccountRule",
    "LiveKey",
    "LiveKeyRule",
    "Loosened",
    "Manifest",
    "ManifestRule",
    "Network",
    "NotApplicable",
    "NotShown",
    "Order",
    "Outcome",
    "Permission",
    "Place",
    "Policy",
    "Provider",
    "ProviderRule",
    "Reference",
    "Rule",
    "Severity",
    "Side",
    "Source",
    "SourceRule",
    "Span",
    "SubAccount",
    "TwoFactor",
    "Undecided",
    "Violation",
    "Waiver",
    "WaiverUse",
    "WithdrawalAllowlist",
    "alike",
    "breadth",
    "common",
    "days",
    "dotted",
    "hookimpl",
    "merged",
    "network",
    "networks",
    "ordered",
    "secrets_in",
    "unroutable",
    "unseen_in",
    "whole",
]

hookimpl = pluggy.HookimplMarker("keylint")

_LATE = {
    "BaselineUse": "baseline",
    "Known": "evidence.known",
    "ListedKey": "evidence.model",
    "LiveAccount": "evidence.accounts",
    "LiveKey": "evidence.keys",
    "Loosened": "manifest.strictness",
    "Order": "evidence.model",
    "SubAccount": "evidence.model",
}


def __getattr__(name: str) -> object:
    """The types of what an option asks for, imported when a rule asks for them: a commit hook does not pay for them."""
    if name not in _LATE:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    from importlib import import_module  # noqa: PLC0415 - needed here alone

    found: object = getattr(import_module(f".{_LATE[name]}", __package__), name)
    return found


class Severity(StrEnum):
    """How much a finding matters. A run fails from `warning` upwards unless told otherwise."""

    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"

    @property
    def rank(self) -> int:
        """0 for a note, 1 for a warning, 2 for an error."""
        return _RANK[self]


_RANK = {Severity.NOTE: 0, Severity.WARNING: 1, Severity.ERROR: 2}


class Finding(NamedTuple):
    """What a rule found, where, and what to do about it.

    `message` is a predicate: keylint puts the subject before it, as in "keys.grid *can withdraw*", and the side behind
    it. Lower case, both sides and the numbers, no full stop. `help` is one short line: the fix.
    """

    at: Place | Span
    message: str
    help: str
    severity: Severity | None = None
    """None: the rule's own."""
    live: str | None = None
    """What Binance said, in its own terms, as in "enableFutures = true"; None: keylint knows it by the place."""
    seen: datetime | None = None
    """When Binance said it; None: keylint knows it by the place."""


class NotApplicable:
    """The type of NOT_APPLICABLE."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "NOT_APPLICABLE"


NOT_APPLICABLE: Final = NotApplicable()
"""What a check returns where the question does not arise, so that nothing was checked."""

Outcome = None | Finding | Iterable[Finding] | NotApplicable
"""What a check returns: None (it holds), a finding, several, or NOT_APPLICABLE. It may raise Undecided."""


class Context(NamedTuple):
    """What a check is handed beside its subject. Rules read no clock, no environment and no network."""

    as_of: datetime
    """The moment of judgement, UTC."""
    today: date
    """The UTC day of that moment."""
    policy: Policy
    manifest: Manifest
    rules: Mapping[str, str]
    """Every rule that is loaded: its code, by its code and by its name."""
    live: "Known | None" = None
    """What Binance said of everything in the manifest; None where it was not asked."""
    unwaivable: frozenset[str] = frozenset()
    """The codes of the rules that the organisation lets nobody waive."""

    def waived(self, code: str, subject: object) -> Waiver | None:
        """The waiver in force for the rule `code` on `subject`, if there is one."""
        on = None if code in self.unwaivable else str(subject)
        for waiver in self.manifest.waivers:
            if waiver.on == on and self.rules.get(waiver.rule) == code and waiver.in_force(self.today):
                return waiver
        return None

    def age(self, day: date) -> int:
        """How many days `day` lies before today; negative for a day to come."""
        return (self.today - day).days


def days(number: int) -> str:
    """A number of days in words: "1 day", "264 days"."""
    return f"{number} day" if number == 1 else f"{number} days"


class WaiverUse(NamedTuple):
    """What became of a waiver in this run."""

    waiver: Waiver
    code: str | None
    """The code of its rule; None where no such rule is loaded."""
    waivable: bool
    judged: bool
    """Whether its rule was judged on its subject in this run."""
    used: bool
    """Whether there was a finding for it."""


class Books(NamedTuple):
    """keylint's own books after the rules have spoken."""

    waivers: tuple[WaiverUse, ...]
    baseline: "tuple[BaselineUse, ...]" = ()
    """What became of each entry of the baseline; () where there is none."""
    loosened: "tuple[Loosened, ...] | None" = None
    """Where the manifest's policy is looser than the organisation's; None where that has none."""


DECLARED: Final = (Side.DECLARED,)
BOTH_SIDES: Final = (Side.DECLARED, Side.LIVE)
LIVE: Final = (Side.LIVE,)
ACTIVE: Final = frozenset({"staged", "active"})
EVERY_STATUS: Final = frozenset({"staged", "active", "disabled"})


class SourceRule(NamedTuple):
    """A rule about the text of a manifest; it is judged even where that text is broken."""

    code: str
    name: str
    summary: str
    severity: Severity
    check: Callable[[Source, "SourceContext"], Outcome]
    waivable: Literal[False] = False
    sides: tuple[Side, ...] = DECLARED
    on: Literal["manifest"] = "manifest"


class SourceContext(NamedTuple):
    """What a source rule is handed beside its subject."""

    as_of: datetime
    today: date


class ManifestRule(NamedTuple):
    """A rule about a manifest as a whole."""

    code: str
    name: str
    summary: str
    severity: Severity
    check: Callable[[Manifest, Context], Outcome]
    waivable: bool = True
    sides: tuple[Side, ...] = DECLARED
    on: Literal["manifest"] = "manifest"


class AccountRule(NamedTuple):
    """A rule about each account."""

    code: str
    name: str
    summary: str
    severity: Severity
    check: Callable[[Account, Context], Outcome]
    waivable: bool = True
    sides: tuple[Side, ...] = DECLARED
    on: Literal["account"] = "account"


class ProviderRule(NamedTuple):
    """A rule about each third-party platform."""

    code: str
    name: str
    summary: str
    severity: Severity
    check: Callable[[Provider, Context], Outcome]
    waivable: bool = True
    sides: tuple[Side, ...] = DECLARED
    on: Literal["provider"] = "provider"


class BotRule(NamedTuple):
    """A rule about each bot."""

    code: str
    name: str
    summary: str
    severity: Severity
    check: Callable[[Bot, Context], Outcome]
    waivable: bool = True
    sides: tuple[Side, ...] = DECLARED
    on: Literal["bot"] = "bot"


class KeyRule(NamedTuple):
    """A rule about each key whose status is one of `statuses`, on each of `sides` that is known."""

    code: str
    name: str
    summary: str
    severity: Severity
    check: Callable[[Key, Context], Outcome]
    statuses: frozenset[str] = ACTIVE
    """Which keys it judges; for others it is not applicable. Disabled keys are judged by few rules."""
    waivable: bool = True
    sides: tuple[Side, ...] = DECLARED
    on: Literal["key"] = "key"


class BooksRule(NamedTuple):
    """A rule about waivers and what else was accepted, judged after all others."""

    code: str
    name: str
    summary: str
    severity: Severity
    check: Callable[[Books, Context], Outcome]
    waivable: Literal[False] = False
    sides: tuple[Side, ...] = DECLARED
    on: Literal["manifest"] = "manifest"


class LiveKeyRule(NamedTuple):
    """A rule that sets what Binance said of a key beside what is declared; judged only where Binance was asked.

    The live key raises Undecided where it is asked for what Binance did not answer, and NotShown for what it never
    shows. `check` is called for every key, whatever came of asking for it.
    """

    code: str
    name: str
    summary: str
    severity: Severity
    check: Callable[[Key, "LiveKey", Context], Outcome]
    statuses: frozenset[str] = EVERY_STATUS
    """Which keys it judges; for others it is not applicable."""
    waivable: bool = True
    sides: tuple[Side, ...] = LIVE
    on: Literal["key"] = "key"


class LiveAccountRule(NamedTuple):
    """A rule that sets what Binance said of an account beside what is declared; see LiveKeyRule."""

    code: str
    name: str
    summary: str
    severity: Severity
    check: Callable[[Account, "LiveAccount", Context], Outcome]
    waivable: bool = True
    sides: tuple[Side, ...] = LIVE
    on: Literal["account"] = "account"


Rule = (
    SourceRule
    | ManifestRule
    | AccountRule
    | ProviderRule
    | BotRule
    | KeyRule
    | BooksRule
    | LiveKeyRule
    | LiveAccountRule
)
"""What a plugin may bring."""
