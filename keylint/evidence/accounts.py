"""A declared account + the looks at it → the account as Binance shows it, for rules to judge."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple, TypeVar

from keylint.manifest.model import Account, NotShown, Place, Side, Undecided

from .keys import LiveKey
from .model import (
    ADDRESSES,
    FEATURES,
    FUTURES_ORDERS,
    LISTED_KEYS,
    POSITIONS,
    SPOT_ORDERS,
    STATUS,
    SUB_ACCOUNTS,
    TRADING,
    WITHDRAWALS,
    AccountLook,
    Features,
    ListedKey,
    ListedKeys,
    Order,
    Orders,
    Positions,
    Status,
    SubAccount,
    SubAccounts,
    Trading,
    WithdrawalAddresses,
    Withdrawals,
    email_hash,
)

T = TypeVar("T")


class LiveAccount(NamedTuple):
    """An account as Binance shows it. What was not answered raises Undecided, what nobody can show NotShown."""

    declared: Account
    looks: Mapping[str, AccountLook | Undecided | NotShown]
    """By question."""
    keys: Mapping[str, LiveKey]
    """The keys of this account that are in the manifest, by id."""
    of_master: Mapping[str, AccountLook | Undecided | NotShown]
    """What was asked about its master; empty for a master."""

    def __str__(self) -> str:
        return str(self.declared)

    @property
    def side(self) -> Side:
        """Live."""
        return Side.LIVE

    def said(self, _place: Place) -> tuple[str, datetime | None]:
        """Nothing of a field, and when Binance last said something of this account."""
        looks = (*self.looks.values(), *self.of_master.values())
        return "", max((it.at for it in looks if isinstance(it, AccountLook)), default=None)

    def look(self, question: str) -> AccountLook:
        """The look that answered `question`. Raises Undecided or NotShown."""
        return _look(self.looks, question)

    @property
    def status(self) -> Status:
        """What Binance calls the state of the account."""
        return _told(self.looks, STATUS, Status)

    @property
    def trading(self) -> Trading:
        """Whether trading by API is locked."""
        return _told(self.looks, TRADING, Trading)

    @property
    def features(self) -> Features:
        """Which businesses are open to the account."""
        return _told(self.looks, FEATURES, Features)

    @property
    def withdrawal_addresses(self) -> WithdrawalAddresses:
        """The saved withdrawal addresses."""
        return _told(self.looks, ADDRESSES, WithdrawalAddresses)

    @property
    def sub_accounts(self) -> tuple[SubAccount, ...]:
        """The sub-accounts of this master."""
        return _told(self.looks, SUB_ACCOUNTS, SubAccounts).found

    @property
    def email_hash(self) -> str | None:
        """What stands for its e-mail address in its master's list; None where the manifest does not give it."""
        return None if self.declared.email is None else email_hash(self.declared.email)

    @property
    def frozen(self) -> bool:
        """Whether its master's list has this sub-account as frozen."""
        if not self.declared.master_found:
            raise no_master(self.declared)
        if not isinstance(self.of_master.get(SUB_ACCOUNTS), AccountLook | Undecided):
            raise NotShown  # a master, or a sub-account of one whose list nobody asks for
        if self.declared.email is None:
            raise no_email(self.declared)
        for sub_account in _told(self.of_master, SUB_ACCOUNTS, SubAccounts).found:
            if sub_account.email_hash == self.email_hash:
                return sub_account.frozen
        message = f"{self.declared} is not in the list of its master's sub-accounts: is its email right"
        raise Undecided(reason="not-listed", message=message)

    @property
    def listed_keys(self) -> tuple[ListedKey, ...]:
        """The keys of this sub-account, as its master's list has them."""
        return _told(self.looks, LISTED_KEYS, ListedKeys).found

    @property
    def undeclared_keys(self) -> tuple[ListedKey, ...]:
        """The listed keys that are none of the manifest's. Raises Undecided where that cannot be told."""
        listed = self.listed_keys
        claimed = {key.listed.fingerprint for key in self.keys.values() if key.listed is not None}
        left = tuple(each for each in listed if each.fingerprint not in claimed)
        nameless = [
            str(key) for key in self.keys.values() if key.listed is None and key.identity is None and not key.not_there
        ]
        if left and nameless:
            message = (
                f"{self.declared} holds {_keys(len(left))} that may or may not be {', '.join(nameless)}: give each "
                "key its fingerprint (`keylint fingerprint`)"
            )
            raise Undecided(reason="not-identified", message=message)
        return left

    @property
    def withdrawals(self) -> Withdrawals:
        """The withdrawals of the last 90 days that were made through the API."""
        return _told(self.looks, WITHDRAWALS, Withdrawals)

    @property
    def positions(self) -> tuple[str, ...]:
        """The futures contracts in which there is a position."""
        return _told(self.looks, POSITIONS, Positions).symbols

    @property
    def spot_orders(self) -> tuple[Order, ...]:
        """The open orders on the spot market."""
        return _told(self.looks, SPOT_ORDERS, Orders).open

    @property
    def futures_orders(self) -> tuple[Order, ...]:
        """The open orders on the futures market."""
        return _told(self.looks, FUTURES_ORDERS, Orders).open


def _keys(number: int) -> str:
    return "a key" if number == 1 else f"{number} keys"


def no_email(account: Account) -> Undecided:
    """Why nothing is known of a sub-account that its master's list cannot be searched for."""
    message = f"{account} has no email, by which its master's inventory key could list its keys: write it down"
    return Undecided("no-email", message)


def no_master(account: Account) -> Undecided:
    """Why nothing is known of what only the master of a sub-account can list."""
    message = f"{account} names accounts.{account.master} as its master, which is no master account of this manifest"
    return Undecided("unknown-reference", message)


def _look(looks: Mapping[str, AccountLook | Undecided | NotShown], question: str) -> AccountLook:
    look = looks.get(question)
    if isinstance(look, AccountLook):
        return look
    if isinstance(look, Undecided):
        raise Undecided(look.reason, look.message)  # a fresh one, so that no trace of another rule hangs on it
    raise NotShown


def _told(looks: Mapping[str, AccountLook | Undecided | NotShown], question: str, kind: type[T]) -> T:
    look = _look(looks, question)
    if not isinstance(look.told, kind):
        raise Undecided(
            reason="malformed", message=f"accounts.{look.account}: {question} is not told in the form that is due"
        )
    return look.told
