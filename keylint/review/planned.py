"""What a plan is made of: differences between the manifest and Binance, each with its way, risk, cause and step."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Final, NamedTuple

from keylint.evidence.facts import TOKENS
from keylint.evidence.known import Looked
from keylint.manifest.permissions import PERMISSION

ADD: Final = "+"
TAKE: Final = "-"
ALTER: Final = "~"
SIGNS: Final = (ADD, TAKE, ALTER)
"""What is to happen at Binance so that the manifest is true there."""

CREATE: Final = "create"
CHANGE: Final = "change"
DELETE: Final = "delete"
ACTIONS: Final = (CREATE, CHANGE, DELETE)
"""What is to happen to a key as a whole."""

DRIFT: Final = "drift"
"""Binance has it otherwise than the manifest says that it is."""
INTENT: Final = "intent"
"""The manifest asks for something that is not done yet."""
CAUSES: Final = (DRIFT, INTENT)

KEY: Final = "key"
PERMISSIONS: Final = "permissions"
RESTRICTION: Final = "ip_restriction"
ADDRESSES: Final = "ip_allowlist"
LABEL: Final = "label"
CREATED: Final = "created"
ACCOUNT: Final = "account"
FIELDS: Final = (KEY, PERMISSIONS, RESTRICTION, ADDRESSES, LABEL, CREATED, ACCOUNT)
"""What can differ."""

RISKS: Final = ("low", "medium", "high", "critical")
UNKNOWN_RISK: Final = "unknown"
"""Of a permission that keylint has no word for."""

STEPS: Final = ("create", "move the bot", "test", "disable", "wait", "delete", "done")
"""The steps of a rotation; `done`: the old key is gone, and only its entry is left."""


class Change(NamedTuple):
    """One thing in which Binance and the manifest differ, and what makes the manifest true."""

    sign: str
    """One of SIGNS."""
    field: str
    """One of FIELDS."""
    items: tuple[str, ...]
    """The permission (its token, else Binance's name for it), or the addresses; empty for what is neither."""
    live: str
    """What Binance has, in words."""
    declared: str
    """What the manifest has, in words."""
    risk: str
    """The highest risk of what is gained, lost or at stake: one of RISKS, or UNKNOWN_RISK."""
    cause: str
    """One of CAUSES."""
    step: str
    """What a person does about it: keylint changes nothing at Binance."""


class Entry(NamedTuple):
    """Everything in which Binance and the manifest differ about one key."""

    subject: str
    """`keys.ID`; of a key that the manifest does not have, the account that holds it."""
    fingerprint: str
    """Of a key that the manifest does not have; else ""."""
    label: str
    """What the key is called; "" where nobody says."""
    account: str
    """The account it is on, as `accounts.ID`; "" where that is not known."""
    seen: datetime | None
    """When Binance last said something of it, UTC; None where it never did."""
    changes: tuple[Change, ...]

    @property
    def action(self) -> str:
        """One of ACTIONS."""
        signs = {change.sign for change in self.changes if change.field == KEY}
        return CREATE if ADD in signs else DELETE if TAKE in signs else CHANGE

    @property
    def drifted(self) -> bool:
        """Whether something at Binance is otherwise than it is declared to be."""
        return any(change.cause == DRIFT for change in self.changes)


class Rotation(NamedTuple):
    """A key that goes, the key that comes in its place, and how far they are."""

    old: str
    new: str
    """"" where nothing replaces the old key."""
    step: str
    """The one that is to be done now, one of STEPS."""
    by: date | None
    """The last day for it; None where there is none."""
    next: str
    """The one after it; "" where there is none."""
    on: date | None
    """The day of the next one; None: as soon as this one is done."""
    due: bool
    """Whether there is something to do now that is not among the entries."""
    doubtful: bool
    """Whether the live state of one of the two is not known, so that the step is what the manifest says."""
    help: str
    """What a person does now."""


class Unknown(NamedTuple):
    """What could not be compared, and why."""

    subject: str
    about: str
    """Which part of it; "" for all."""
    reason: str
    """One word for programs."""
    message: str


class Counts(NamedTuple):
    """How many keys are to be created, changed and deleted, and what else counts."""

    create: int
    change: int
    delete: int
    drifted: int
    """Of those, the ones that are otherwise at Binance than they are declared to be."""
    unknown: int
    """Keys and accounts of which something could not be compared."""
    due: int
    """Rotations with a step to do now that is not among the others."""

    @property
    def something_to_do(self) -> bool:
        """Whether a person has to do anything."""
        return self.create + self.change + self.delete + self.due > 0


class Plan(NamedTuple):
    """What makes the manifest true at Binance, as of one moment."""

    manifest: str
    """How the manifest is called."""
    as_of: datetime
    looked_at: tuple[Looked, ...]
    declared: int
    """How many keys the manifest has."""
    answered: int
    """Of how many of them Binance told something."""
    entries: tuple[Entry, ...]
    """Without those keys that are as they are declared."""
    rotations: tuple[Rotation, ...]
    unknown: tuple[Unknown, ...]
    remarks: tuple[str, ...]

    @property
    def counts(self) -> Counts:
        """The numbers of the last line."""
        actions = [entry.action for entry in self.entries]
        return Counts(
            create=actions.count(CREATE),
            change=actions.count(CHANGE),
            delete=actions.count(DELETE),
            drifted=sum(entry.drifted for entry in self.entries),
            unknown=len({unknown.subject for unknown in self.unknown}),
            due=sum(rotation.due for rotation in self.rotations),
        )

    @property
    def who(self) -> str:
        """Who said what is live."""
        sources = {looked.source for looked in self.looked_at}
        if len(sources) > 1:
            return "Binance and the sandbox"
        return "the sandbox" if "sandbox" in sources else "Binance"


def highest(permissions: Iterable[str]) -> str:
    """The highest risk of `permissions`, by token or by Binance's name; one that nobody knows has UNKNOWN_RISK."""
    tokens = [TOKENS.get(each, each) for each in permissions]
    if any(token not in PERMISSION for token in tokens):
        return UNKNOWN_RISK
    return max((PERMISSION[token].risk for token in tokens), key=RISKS.index, default=RISKS[0])
