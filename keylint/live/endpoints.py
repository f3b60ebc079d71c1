"""The table of every request that keylint can make.

GET alone, to two fixed hosts, with fixed paths and parameters (law: keylint cannot move a cent). Weights and pools are
those of the official connector of 2026-08.
"""

from typing import Final, Literal, NamedTuple

Host = Literal["spot", "futures"]
Pool = Literal["api", "sapi-ip", "sapi-uid", "fapi"]

HOSTS: Final[dict[Host, str]] = {"spot": "https://api.binance.com", "futures": "https://fapi.binance.com"}
RECV_WINDOW: Final = 5000
"""For how many milliseconds after its timestamp Binance may accept a request; never more."""


class Endpoint(NamedTuple):
    """One request, but for the values that vary, the timestamp and the signature."""

    host: Host
    path: str
    weight: int
    """What one call takes out of its pool."""
    pool: Pool
    fixed: tuple[tuple[str, str], ...] = ()
    """Parameters that are always the same."""
    varying: tuple[str, ...] = ()
    """The names of parameters whose values are handed in, all of them."""
    signed: bool = True


TIME: Final = Endpoint("spot", "/api/v3/time", 1, "api", signed=False)
KEY_PERMISSIONS: Final = Endpoint("spot", "/sapi/v1/account/apiRestrictions", 1, "sapi-ip")
ACCOUNT_STATUS: Final = Endpoint("spot", "/sapi/v1/account/status", 1, "sapi-ip")
API_TRADING_STATUS: Final = Endpoint("spot", "/sapi/v1/account/apiTradingStatus", 1, "sapi-ip")
ACCOUNT_INFO: Final = Endpoint("spot", "/sapi/v1/account/info", 1, "sapi-ip")
WITHDRAW_ADDRESSES: Final = Endpoint("spot", "/sapi/v1/capital/withdraw/address/list", 10, "sapi-ip")
SPOT_ACCOUNT: Final = Endpoint("spot", "/api/v3/account", 20, "api", fixed=(("omitZeroBalances", "true"),))
SUB_ACCOUNTS: Final = Endpoint(
    "spot", "/sapi/v1/sub-account/list", 1, "sapi-ip", fixed=(("limit", "200"),), varying=("page",)
)
SUB_ACCOUNT_KEYS: Final = Endpoint(
    "spot",
    "/sapi/v1/sub-account/subAccountApi",
    3000,
    "sapi-uid",
    fixed=(("size", "100"),),
    varying=("email", "page"),
)
SUB_ACCOUNT_KEY_IPS: Final = Endpoint(
    "spot",
    "/sapi/v1/sub-account/subAccountApi/ipRestriction",
    3000,
    "sapi-uid",
    varying=("email", "subAccountApiKey"),
)
WITHDRAW_HISTORY: Final = Endpoint(
    "spot", "/sapi/v1/capital/withdraw/history", 18000, "sapi-uid", fixed=(("limit", "200"),)
)
SPOT_ORDERS: Final = Endpoint("spot", "/api/v3/openOrders", 80, "api")
FUTURES_ACCOUNT: Final = Endpoint("futures", "/fapi/v3/account", 5, "fapi")
FUTURES_ORDERS: Final = Endpoint("futures", "/fapi/v1/openOrders", 40, "fapi")

ENDPOINTS: Final = (
    TIME,
    KEY_PERMISSIONS,
    ACCOUNT_STATUS,
    API_TRADING_STATUS,
    ACCOUNT_INFO,
    WITHDRAW_ADDRESSES,
    SPOT_ACCOUNT,
    SUB_ACCOUNTS,
    SUB_ACCOUNT_KEYS,
    SUB_ACCOUNT_KEY_IPS,
    WITHDRAW_HISTORY,
    SPOT_ORDERS,
    FUTURES_ACCOUNT,
    FUTURES_ORDERS,
)
