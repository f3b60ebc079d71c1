"""Who holds what, as frozen values: each key with each permission, declared and live."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

from keylint.evidence.known import Looked

from .due import Due


class Shown(StrEnum):
    """What one side says of one thing."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"
    """It was asked for, and not answered; or the manifest contradicts itself."""
    NOT_SHOWN = "not-shown"
    """Nobody can show it, or nobody was to ask."""
    NOT_LOOKED_AT = "not-looked-at"


class Cell(NamedTuple):
    """Whether a key has a permission: what is declared, and what is live."""

    declared: Shown
    live: Shown


class User(NamedTuple):
    """A bot that uses a key, and who runs it."""

    bot: str
    found: bool = True
    """Whether the manifest has such a bot."""
    provider: str | None = None
    """The platform that runs it; None: run by ourselves."""
    provider_found: bool = True
    status: str = "active"


class Addresses(NamedTuple):
    """From where a key can be used."""

    declared: tuple[str, ...]
    """The declared list; () where there is none."""
    third_party: str | None
    """The platform to whose addresses Binance itself binds the key."""
    any: bool
    """Whether every address may use it, as declared."""
    restricted: Shown
    """Whether Binance lets only some addresses use it."""
    live: tuple[str, ...] | None = None
    """The live list, where Binance shows it."""


class Word(NamedTuple):
    """What a person vouched for, and until when it holds."""

    says: tuple[str, ...]
    """The second factors; or "on" or "off"."""
    attested: date
    by: str
    until: date | None
    """None where it is said to be from a day yet to come."""
    inherited: bool
    """Whether it is the master's word."""


class Holding(NamedTuple):
    """One key, and everything that says who can do what with it."""

    id: str | None
    """Its name in the manifest; None for a key that is live and not declared."""
    account: str | None
    """None where the manifest does not tell."""
    permissions: Mapping[str, Cell]
    """By token, in the order of `PERMISSIONS`."""
    addresses: Addresses
    label: str | None = None
    fingerprint: str | None = None
    type: str | None = None
    role: str | None = None
    status: str | None = None
    users: tuple[User, ...] = ()
    owner: str | None = None
    custody: str | None = None
    holders: tuple[str, ...] = ()
    created: date | None = None
    created_live: date | None = None
    age_days: int | None = None
    """Since the declared creation, else the live one; negative for a day to come."""
    next: Due | None = None
    """The next step of its rotation."""
    unnamed: tuple[str, ...] = ()
    """What else Binance lets it do, by Binance's names, because keylint has no word for it."""
    live: str = Shown.NOT_LOOKED_AT.value
    """answered, gone (Binance does not know it), unknown, not-shown or not-looked-at."""
    seen_at: datetime | None = None
    differences: tuple[str, ...] = ()
    """How live is not as declared, each in a few words."""
    doubts: tuple[str, ...] = ()
    """What could not be told, and why."""

    @property
    def name(self) -> str:
        """What reports call it."""
        if self.id is not None:
            return self.id
        return self.label or self.fingerprint or "a key without a name"

    def differs(self, token: str) -> bool:
        """Whether one side says that it has a permission, and the other that it has not.

        Of a disabled key only what it still has: whoever disables a key takes its boxes away.
        """
        cell = self.permissions[token]
        if self.status == "disabled" and cell.live is not Shown.YES:
            return False
        return {*cell} == {Shown.YES, Shown.NO}

    def has(self, token: str) -> bool:
        """Whether it has a permission on either side."""
        return Shown.YES in self.permissions[token]


class Holder(NamedTuple):
    """An account, and what people vouched for about it."""

    id: str | None
    """None for the keys of which the manifest does not tell the account."""
    owner: str | None = None
    master: str | None = None
    two_factor: Word | None = None
    """None where nobody said."""
    withdrawal_allowlist: Word | None = None
    others: Shown = Shown.NOT_LOOKED_AT
    """Whether keys that are not declared would have been seen."""
    doubts: tuple[str, ...] = ()


class Looks(NamedTuple):
    """What was looked at of the live state."""

    looked_at: tuple[Looked, ...]
    answered: int
    asked: int
    remarks: tuple[str, ...]


class Inventory(NamedTuple):
    """Who holds what, by the word of one manifest and as far as Binance told."""

    name: str
    """Of the manifest."""
    as_of: datetime
    accounts: tuple[Holder, ...]
    keys: tuple[Holding, ...]
    """In the order of the manifest; those that are not declared last."""
    live: Looks | None
    """None where live state was not looked at."""

    def of(self, account: str | None) -> tuple[Holding, ...]:
        """The keys of an account."""
        return tuple(key for key in self.keys if key.account == account)

    @property
    def undecided(self) -> bool:
        """Whether something could not be told."""
        return any(key.doubts for key in self.keys) or any(account.doubts for account in self.accounts)


def yes(holds: bool) -> Shown:  # noqa: FBT001 - it is what the function is about
    """What a side says that knows."""
    return Shown.YES if holds else Shown.NO
