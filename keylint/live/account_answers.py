"""Binance's answers about accounts → what they tell, whole or not at all."""

import re
from collections.abc import Callable
from hashlib import pbkdf2_hmac
from typing import Final

from keylint.evidence.model import (
    Features,
    Order,
    Orders,
    Positions,
    Status,
    SubAccount,
    Trading,
    WithdrawalAddresses,
    Withdrawals,
    email_hash,
)

from . import reading
from .endpoints import (
    ACCOUNT_INFO,
    ACCOUNT_STATUS,
    API_TRADING_STATUS,
    FUTURES_ACCOUNT,
    FUTURES_ORDERS,
    SPOT_ACCOUNT,
    SPOT_ORDERS,
    SUB_ACCOUNTS,
    WITHDRAW_ADDRESSES,
    WITHDRAW_HISTORY,
)
from .reading import MISSING, kept, malformed, mapping, moment, near, oddity, rows, stamp

SUB_ACCOUNTS_PAGE: Final = 200
"""Sub-accounts on one page of a master's list."""
WITHDRAWALS_MOST: Final = 200
"""Withdrawals in one answer."""
MAX_SYMBOL: Final = 40

_SALT = b"keylint account v1"
_ROUNDS = 100_000
"""The uid of an account is a number of nine or ten digits: a plain hash of it could be undone in a second."""
_ENDS = 4
_ORDER_ID = "withdrawOrderId"
_DECIMAL = re.compile(r"-?[0-9]{1,40}(?:\.[0-9]{1,40})?")
_EMAIL = re.compile(r"[!-?A-~]{1,254}@[!-?A-~]{1,254}")


def uid(answer: object) -> int:
    """The number of the account that `api/v3/account` answers for. Raises Failure."""
    found = mapping(SPOT_ACCOUNT, answer, "it").get("uid", MISSING)
    if type(found) is not int:
        raise malformed(SPOT_ACCOUNT, f"uid {oddity(found, 'a number')}")
    if not 0 < found < 1 << 63:
        raise malformed(SPOT_ACCOUNT, "uid is out of range")
    return found


def account_hash(number: int) -> str:
    """What stands for the account `number` in evidence: the same in every run, and dear to undo."""
    return pbkdf2_hmac("sha256", str(number).encode(), _SALT, _ROUNDS, 8).hex()


def status(answer: object) -> Status:
    """What `account/status` tells. Raises Failure."""
    return Status(kept(reading.text(ACCOUNT_STATUS, mapping(ACCOUNT_STATUS, answer, "it"), "data")))


def trading(answer: object) -> Trading:
    """What `account/apiTradingStatus` tells. Raises Failure.

    The planned end is 0 where there is none, and only a hint: without it the lock is as true.
    """
    told = mapping(API_TRADING_STATUS, mapping(API_TRADING_STATUS, answer, "it").get("data", MISSING), "data")
    locked = reading.true_or_false(API_TRADING_STATUS, told, "isLocked", "data.")
    return Trading(locked, moment(told.get("plannedRecoverTime")) if locked else None)


def features(answer: object) -> Features:
    """What `account/info` tells. Raises Failure."""
    told = mapping(ACCOUNT_INFO, answer, "it")
    names = ("isMarginEnabled", "isFutureEnabled", "isOptionsEnabled", "isPortfolioMarginRetailEnabled")
    return Features(*(reading.true_or_false(ACCOUNT_INFO, told, name) for name in names))


def withdrawal_addresses(answer: object) -> WithdrawalAddresses:
    """What `capital/withdraw/address/list` tells. Raises Failure."""
    where = WITHDRAW_ADDRESSES
    saved = rows(where, answer, "it")
    unlisted = []
    for index, row in enumerate(saved):
        what = f"it[{index}]."
        coin, network, address = (reading.text(where, row, name, what) for name in ("coin", "network", "address"))
        if not reading.true_or_false(where, row, "whiteStatus", what):
            unlisted.append(f"{kept(coin, MAX_SYMBOL)} on {kept(network, MAX_SYMBOL)} {_ends(address)}")
    return WithdrawalAddresses(len(saved), tuple(unlisted))


def _ends(address: str) -> str:
    """The ends of an address, by which its owner knows it."""
    return address if len(address) <= 2 * _ENDS else f"{address[:_ENDS]}…{address[-_ENDS:]}"


def sub_accounts(answer: object) -> tuple[SubAccount, ...]:
    """The sub-accounts on one page of `sub-account/list`. Raises Failure. Names, remarks and numbers are not read."""
    where = SUB_ACCOUNTS
    listed = rows(where, mapping(where, answer, "it").get("subAccounts", MISSING), "subAccounts")
    if len(listed) > SUB_ACCOUNTS_PAGE:
        raise malformed(where, f"it lists {len(listed)} on one page, where at most {SUB_ACCOUNTS_PAGE} were asked for")
    found = []
    for index, row in enumerate(listed):
        what = f"subAccounts[{index}]."
        email = reading.text(where, row, "email", what)
        if not _EMAIL.fullmatch(email):
            raise malformed(where, f"{what}email is no e-mail address")
        found.append(SubAccount(email_hash(email), _masked(email), reading.true_or_false(where, row, "isFreeze", what)))
    return tuple(found)


def _masked(email: str) -> str:
    """An e-mail with most of its name left out; of a short name there is less to show."""
    name, _, domain = email.rpartition("@")
    return kept(f"{name[: min(2, len(name) - 1)]}…@{domain}")


def withdrawals(answer: object) -> Withdrawals:
    """What `capital/withdraw/history` tells. Raises Failure.

    `withdrawOrderId` is left out where a withdrawal has none; a name that is nearly it could be one.
    """
    where = WITHDRAW_HISTORY
    made = rows(where, answer, "it")
    by_api = []
    for index, row in enumerate(made):
        what = f"it[{index}]."
        applied = stamp(reading.text(where, row, "applyTime", what))
        if applied is None:
            raise malformed(where, f"{what}applyTime is no time such as 2019-10-12 11:12:02")
        if near(row, _ORDER_ID):
            raise malformed(where, f"{what}{_ORDER_ID} is spelled otherwise")
        order_id = row.get(_ORDER_ID, "")
        if not isinstance(order_id, str):
            raise malformed(where, f"{what}{_ORDER_ID} {oddity(order_id, 'a string')}")
        if order_id:
            by_api.append(applied)
    return Withdrawals(tuple(sorted(by_api, reverse=True)), len(made) < WITHDRAWALS_MOST)


def positions(answer: object) -> Positions:
    """What `fapi/v3/account` tells of positions. Raises Failure."""
    where = FUTURES_ACCOUNT
    symbols: dict[str, None] = {}
    for index, row in enumerate(rows(where, mapping(where, answer, "it").get("positions", MISSING), "positions")):
        what = f"positions[{index}]."
        symbol, amount = (reading.text(where, row, name, what) for name in ("symbol", "positionAmt"))
        if not _DECIMAL.fullmatch(amount):
            raise malformed(where, f"{what}positionAmt is no decimal number")
        if amount.strip("-0."):
            symbols.setdefault(kept(symbol, MAX_SYMBOL))
    return Positions(tuple(symbols))


def orders(market: str) -> Callable[[object], Orders]:
    """What reads `openOrders` of `market`, which is spot or futures."""
    where = SPOT_ORDERS if market == "spot" else FUTURES_ORDERS

    def read(answer: object) -> Orders:
        found = []
        for index, row in enumerate(rows(where, answer, "it")):
            client_id = row.get("clientOrderId", MISSING)
            if not isinstance(client_id, str):
                raise malformed(where, f"it[{index}].clientOrderId {oddity(client_id, 'a string')}")
            symbol = kept(reading.text(where, row, "symbol", f"it[{index}]."), MAX_SYMBOL)
            found.append(Order(market, symbol, kept(client_id)))
        return Orders(tuple(found))

    return read
