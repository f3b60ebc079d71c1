"""A request that passed the checks → what Binance would say of a State.

Shapes: Binance's OpenAPI file (2024), the models of its Python connector (2026) for what is newer, and its futures
documentation for /fapi. tests/sandbox/ holds them there.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import NamedTuple

from keylint.manifest.permissions import PERMISSIONS

from .credentials import api_key
from .state import Account, Json, Key, Order, State, Withdrawal

Fields = Mapping[str, str]

_NOTHING = "0.00000000"
_DAY_MS = 86_400_000
_LONGEST_LOOK_MS = 90 * _DAY_MS
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAMES = {
    "canTrade": "spot",
    "canMarginLoanRepay": "margin",
    "canFuturesTrade": "futures",
    "canUniversalTransfer": "universal-transfer",
    "canVanillaOptions": "options",
}


class Refused(Exception):  # noqa: N818 - it is an answer, as Binance's errors are
    """A request that is answered with one of Binance's codes."""

    def __init__(self, status: int, code: int, message: str, headers: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.headers = status, code, message, headers


class Asked(NamedTuple):
    """A request that passed the checks. `key` is None where no key is needed."""

    state: State
    key: Key | None
    fields: Fields
    now_ms: int

    @property
    def account(self) -> Account:
        """The account of the key."""
        return self.state.accounts[self.the_key.account]

    @property
    def the_key(self) -> Key:
        """The key. Raises Refused where the request came without one."""
        if self.key is None:
            raise Refused(401, -2014, "API-key format invalid.")
        return self.key

    def number(self, name: str, default: int, most: int) -> int:
        """The value of a parameter that counts, from 1 to `most`. Raises Refused."""
        text = self.fields.get(name, "")
        if not text:
            return default
        if not re.fullmatch(r"[0-9]{1,18}", text) or not 1 <= int(text) <= most:
            raise Refused(400, -1130, f"Data sent for parameter '{name}' is not valid.")
        return int(text)


def server_time(asked: Asked) -> Json:
    """What time it is here."""
    return {"serverTime": asked.now_ms}


def api_restrictions(asked: Asked) -> Json:
    """What the key that asks may do."""
    key = asked.the_key
    fields: dict[str, Json] = {"ipRestrict": bool(key.ip_list), "createTime": key.created_ms}
    fields |= {each.field: each.token in key.permissions for each in PERMISSIONS}
    if key.trading_expires_ms is not None:
        fields["tradingAuthorityExpirationTime"] = key.trading_expires_ms
    return {**fields, **key.flags}


def account_status(asked: Asked) -> Json:
    """How its account stands."""
    return {"data": asked.account.status}


def api_trading_status(asked: Asked) -> Json:
    """Whether its account may trade through the API."""
    account = asked.account
    return {
        "data": {
            "isLocked": account.locked,
            "plannedRecoverTime": account.planned_recover_ms,
            "triggerCondition": {"GCR": 150, "IFER": 150, "UFR": 300},
            "updateTime": asked.now_ms,
        }
    }


def account_info(asked: Asked) -> Json:
    """What its account has opened."""
    features = asked.account.features
    return {
        "vipLevel": 0,
        "isMarginEnabled": "margin" in features,
        "isFutureEnabled": "futures" in features,
        "isOptionsEnabled": "options" in features,
        "isPortfolioMarginRetailEnabled": "portfolio-margin" in features,
    }


def spot_account(asked: Asked) -> Json:
    """Its spot account; the can* flags are the account's, whatever the key may do."""
    nothing = asked.fields.get("omitZeroBalances") == "true"
    return {
        "makerCommission": 10,
        "takerCommission": 10,
        "buyerCommission": 0,
        "sellerCommission": 0,
        "commissionRates": {"maker": "0.00100000", "taker": "0.00100000", "buyer": _NOTHING, "seller": _NOTHING},
        "canTrade": not asked.account.locked,
        "canWithdraw": True,
        "canDeposit": True,
        "brokered": False,
        "requireSelfTradePrevention": False,
        "preventSor": False,
        "updateTime": asked.now_ms,
        "accountType": "SPOT",
        "balances": []
        if nothing
        else [{"asset": one, "free": _NOTHING, "locked": _NOTHING} for one in ("BTC", "USDT")],
        "permissions": ["SPOT"],
        "uid": asked.account.uid,
    }


def withdrawal_addresses(asked: Asked) -> Json:
    """The address book."""
    return [
        {
            "address": each.address,
            "addressTag": "",
            "coin": each.coin,
            "name": each.name,
            "network": each.network,
            "origin": "",
            "originType": "others",
            "whiteStatus": each.whitelisted,
        }
        for each in asked.account.withdrawal_addresses
    ]


def withdrawal_history(asked: Asked) -> Json:
    """The withdrawals of at most 90 days, the newest first."""
    fields = asked.fields
    limit = asked.number("limit", 1000, 1000)
    end = asked.number("endTime", asked.now_ms, 10**17)
    start = asked.number("startTime", max(end - _LONGEST_LOOK_MS, 1), 10**17)
    if end - start > _LONGEST_LOOK_MS:
        raise Refused(400, -1127, "Lookup interval is too big.")
    found = [
        (at, each)
        for at, each in enumerate(asked.account.withdrawals)
        if start <= each.on_ms <= end
        and fields.get("coin", each.coin) == each.coin
        and fields.get("withdrawOrderId", each.order_id) == each.order_id
    ]
    newest_first = sorted(found, key=lambda pair: -pair[1].on_ms)
    return [_withdrawal(asked.account, at, each) for at, each in newest_first[:limit]]


def _withdrawal(account: Account, at: int, made: Withdrawal) -> Json:
    number = sha256(f"keylint sandbox withdrawal {account.id} {at}".encode()).hexdigest()
    moment = _EPOCH + timedelta(milliseconds=made.on_ms)
    fields: dict[str, Json] = {
        "id": number[:32],
        "amount": made.amount,
        "transactionFee": "0.00010000",
        "coin": made.coin,
        "status": 6,
        "address": f"sandbox-{number[32:56]}",
        "txId": f"0x{number}",
        "applyTime": moment.strftime("%Y-%m-%d %H:%M:%S"),
        "network": made.coin,
        "transferType": 0,
        "info": "",
        "confirmNo": 3,
        "walletType": 0,
        "txKey": "",
        "completeTime": (moment + timedelta(minutes=10)).strftime("%Y-%m-%d %H:%M:%S"),
    }
    return {**fields, "withdrawOrderId": made.order_id} if made.order_id else fields


def sub_accounts(asked: Asked) -> Json:
    """A page of the sub-accounts. The default of one is documented: who forgets the limit sees one."""
    fields = asked.fields
    frozen = {"true": True, "false": False}.get(fields.get("isFreeze", ""))
    found: list[Json] = [
        {
            "subUserId": each.uid,
            "email": each.email,
            "remark": each.id,
            "isFreeze": each.frozen,
            "createTime": 1_544_433_328_000,
            "isManagedSubAccount": False,
            "isAssetManagementSubAccount": False,
        }
        for each in _subs(asked)
        if fields.get("email", each.email) == each.email and frozen in {None, each.frozen}
    ]
    return {"subAccounts": _paged(found, asked.number("page", 1, 10**9), asked.number("limit", 1, 200))}


def sub_account_keys(asked: Asked) -> Json:
    """A page of a sub-account's keys, whole API keys and labels among them."""
    wanted = asked.fields.get("subAccountApiKey")
    rows: list[Json] = [
        {
            "email": asked.fields["email"],
            "apiName": each.label,
            "apikey": api_key(each.id),
            **{name: token in each.permissions for name, token in _NAMES.items()},
            "timestamp": each.created_ms,
        }
        for each in _keys_of_sub(asked)
        if wanted in {None, api_key(each.id)}
    ]
    page = _paged(rows, asked.number("page", 1, 10**9), asked.number("size", 30, 100))
    return {"total": len(rows), asked.state.sub_account_field: page}


def sub_account_key_ips(asked: Asked) -> Json:
    """The addresses of one key of a sub-account."""
    for key in _keys_of_sub(asked):
        if api_key(key.id) == asked.fields["subAccountApiKey"]:
            restricted: Json = bool(key.ip_list)
            if asked.state.sub_account_ip_restrict == "string":
                restricted = "true" if key.ip_list else "false"
            return {
                "ipRestrict": restricted,
                "ipList": list(key.ip_list),
                "updateTime": key.created_ms,
                "apiKey": api_key(key.id),
            }
    raise Refused(400, -1130, "Data sent for parameter 'subAccountApiKey' is not valid.")


def _subs(asked: Asked) -> list[Account]:
    account = asked.account
    if account.master is not None:
        raise Refused(401, -1002, "You are not authorized to execute this request.")
    return [each for each in asked.state.accounts.values() if each.master == account.id]


def _keys_of_sub(asked: Asked) -> list[Key]:
    for sub in _subs(asked):
        if sub.email == asked.fields["email"]:
            return [key for key in asked.state.keys.values() if key.account == sub.id and not key.deleted]
    raise Refused(400, -1130, "Data sent for parameter 'email' is not valid.")


def _paged(rows: Sequence[Json], page: int, size: int) -> list[Json]:
    return list(rows[(page - 1) * size : page * size])


def spot_orders(asked: Asked) -> Json:
    """The open orders on spot."""
    return [
        {
            "symbol": order.symbol,
            "orderId": number,
            "orderListId": -1,
            "clientOrderId": order.client_id,
            "price": "0.10000000",
            "origQty": "1.00000000",
            "executedQty": _NOTHING,
            "cummulativeQuoteQty": _NOTHING,
            "status": "NEW",
            "timeInForce": "GTC",
            "type": "LIMIT",
            "side": "BUY",
            "stopPrice": _NOTHING,
            "icebergQty": _NOTHING,
            "time": asked.now_ms,
            "updateTime": asked.now_ms,
            "isWorking": True,
            "workingTime": asked.now_ms,
            "origQuoteOrderQty": _NOTHING,
            "selfTradePreventionMode": "NONE",
        }
        for number, order in _orders(asked, "spot")
    ]


def futures_orders(asked: Asked) -> Json:
    """The open orders on futures."""
    return [
        {
            "avgPrice": "0.00000",
            "clientOrderId": order.client_id,
            "cumQuote": "0",
            "executedQty": "0",
            "orderId": number,
            "origQty": "1",
            "origType": "LIMIT",
            "price": "0.1",
            "reduceOnly": False,
            "side": "BUY",
            "positionSide": "BOTH",
            "status": "NEW",
            "stopPrice": "0",
            "closePosition": False,
            "symbol": order.symbol,
            "time": asked.now_ms,
            "timeInForce": "GTC",
            "type": "LIMIT",
            "updateTime": asked.now_ms,
            "workingType": "CONTRACT_PRICE",
            "priceProtect": False,
            "priceMatch": "NONE",
            "selfTradePreventionMode": "NONE",
            "goodTillDate": 0,
        }
        for number, order in _orders(asked, "futures")
    ]


def _orders(asked: Asked, market: str) -> list[tuple[int, Order]]:
    symbol = asked.fields.get("symbol")
    numbered = enumerate(asked.account.orders, 1)
    return [(at, each) for at, each in numbered if each.market == market and symbol in {None, each.symbol}]


def futures_account(asked: Asked) -> Json:
    """The futures account, with its positions."""
    totals: dict[str, Json] = dict.fromkeys(
        (
            *("totalInitialMargin", "totalMaintMargin", "totalWalletBalance", "totalUnrealizedProfit"),
            *("totalMarginBalance", "totalPositionInitialMargin", "totalOpenOrderInitialMargin"),
            *("totalCrossWalletBalance", "totalCrossUnPnl", "availableBalance", "maxWithdrawAmount"),
        ),
        _NOTHING,
    )
    positions: list[Json] = [
        {
            "symbol": each.symbol,
            "positionSide": "BOTH",
            "positionAmt": each.amount,
            "unrealizedProfit": _NOTHING,
            "isolatedMargin": _NOTHING,
            "notional": "0",
            "isolatedWallet": "0",
            "initialMargin": "0",
            "maintMargin": "0",
            "updateTime": asked.now_ms,
        }
        for each in asked.account.positions
    ]
    return {**totals, "assets": [], "positions": positions}
