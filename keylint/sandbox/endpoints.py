"""The endpoints that the sandbox serves, all of them to GET: what each costs, asks for and says.

Weights: Binance's Python connector (2026); those of /fapi: its futures documentation.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from . import contents
from .contents import Asked
from .state import Json
from .weights import Pool

Fields = Mapping[str, str]


def _always(weight: int) -> Callable[[Fields], int]:
    return lambda _: weight


class Endpoint(NamedTuple):
    """A path that is served to GET, what it costs, what it asks for, and what says its content.

    `mandatory` parameters must be sent, `parameters` may be; `permission` is what the key needs besides reading.
    """

    path: str
    pool: Pool
    weight: Callable[[Fields], int]
    content: Callable[[Asked], Json]
    parameters: tuple[str, ...] = ()
    mandatory: tuple[str, ...] = ()
    permission: str = "read"
    signed: bool = True


ENDPOINTS: Mapping[str, Endpoint] = {
    endpoint.path: endpoint
    for endpoint in (
        Endpoint("/api/v3/time", "api", _always(1), contents.server_time, signed=False),
        Endpoint("/api/v3/account", "api", _always(20), contents.spot_account, ("omitZeroBalances",)),
        Endpoint(
            "/api/v3/openOrders", "api", lambda sent: 6 if "symbol" in sent else 80, contents.spot_orders, ("symbol",)
        ),
        Endpoint("/sapi/v1/account/apiRestrictions", "sapi-ip", _always(1), contents.api_restrictions),
        Endpoint("/sapi/v1/account/status", "sapi-ip", _always(1), contents.account_status),
        Endpoint("/sapi/v1/account/apiTradingStatus", "sapi-ip", _always(1), contents.api_trading_status),
        Endpoint("/sapi/v1/account/info", "sapi-ip", _always(1), contents.account_info),
        Endpoint("/sapi/v1/capital/withdraw/address/list", "sapi-ip", _always(10), contents.withdrawal_addresses),
        Endpoint(
            "/sapi/v1/capital/withdraw/history",
            "sapi-uid",
            _always(18_000),
            contents.withdrawal_history,
            ("coin", "withdrawOrderId", "limit", "startTime", "endTime"),
        ),
        Endpoint(
            "/sapi/v1/sub-account/list",
            "sapi-ip",
            _always(1),
            contents.sub_accounts,
            ("email", "isFreeze", "page", "limit"),
        ),
        Endpoint(
            "/sapi/v1/sub-account/subAccountApi",
            "sapi-uid",
            _always(3_000),
            contents.sub_account_keys,
            ("email", "subAccountApiKey", "page", "size"),
            ("email",),
        ),
        Endpoint(
            "/sapi/v1/sub-account/subAccountApi/ipRestriction",
            "sapi-uid",
            _always(3_000),
            contents.sub_account_key_ips,
            ("email", "subAccountApiKey"),
            ("email", "subAccountApiKey"),
        ),
        Endpoint("/fapi/v1/time", "fapi", _always(1), contents.server_time, signed=False),
        Endpoint("/fapi/v3/account", "fapi", _always(5), contents.futures_account, permission="futures"),
        Endpoint(
            "/fapi/v1/openOrders",
            "fapi",
            lambda sent: 1 if "symbol" in sent else 40,
            contents.futures_orders,
            ("symbol",),
            permission="futures",
        ),
    )
}
