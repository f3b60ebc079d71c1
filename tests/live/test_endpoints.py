"""keylint.live.endpoints: the whole of what keylint can ask, written down once more."""

from urllib.parse import urlsplit

from keylint.live import endpoints
from keylint.live.endpoints import ENDPOINTS, HOSTS, RECV_WINDOW
from keylint.live.pace import LIMITS, SHARE

EXPECTED = """\
spot /api/v3/time 1 api - - open
spot /sapi/v1/account/apiRestrictions 1 sapi-ip - - signed
spot /sapi/v1/account/status 1 sapi-ip - - signed
spot /sapi/v1/account/apiTradingStatus 1 sapi-ip - - signed
spot /sapi/v1/account/info 1 sapi-ip - - signed
spot /sapi/v1/capital/withdraw/address/list 10 sapi-ip - - signed
spot /api/v3/account 20 api omitZeroBalances=true - signed
spot /sapi/v1/sub-account/list 1 sapi-ip limit=200 page signed
spot /sapi/v1/sub-account/subAccountApi 3000 sapi-uid size=100 email,page signed
spot /sapi/v1/sub-account/subAccountApi/ipRestriction 3000 sapi-uid - email,subAccountApiKey signed
spot /sapi/v1/capital/withdraw/history 18000 sapi-uid limit=200 - signed
spot /api/v3/openOrders 80 api - - signed
futures /fapi/v3/account 5 fapi - - signed
futures /fapi/v1/openOrders 40 fapi - - signed
"""


def test_the_table() -> None:
    lines = [
        " ".join(
            (
                it.host,
                it.path,
                str(it.weight),
                it.pool,
                "&".join(map("=".join, it.fixed)) or "-",
                ",".join(it.varying) or "-",
                "signed" if it.signed else "open",
            )
        )
        for it in ENDPOINTS
    ]
    assert "\n".join(lines) + "\n" == EXPECTED


def test_the_table_is_whole() -> None:
    named = [it for it in vars(endpoints).values() if isinstance(it, endpoints.Endpoint)]
    assert named == list(ENDPOINTS)


def test_hosts_are_binance_over_tls() -> None:
    assert {urlsplit(it).scheme for it in HOSTS.values()} == {"https"}
    assert sorted(urlsplit(it).netloc for it in HOSTS.values()) == ["api.binance.com", "fapi.binance.com"]
    assert all(urlsplit(it).path == "" for it in HOSTS.values())


def test_nothing_in_it_writes_or_is_long_open() -> None:
    assert RECV_WINDOW <= 5000
    writing = ("apply", "Switch", "order/", "transfer", "ipList", "borrow", "loan")
    assert not [it.path for it in ENDPOINTS if any(word in it.path for word in writing)]
    assert all(it.path.startswith(("/api/v3/", "/sapi/v1/", "/fapi/v")) for it in ENDPOINTS)
    # The firewall bans addresses that send words of SQL.
    assert not [it for it in ENDPOINTS if any(word in it.path.lower() for word in ("select", "union", "drop"))]


def test_every_call_fits_into_the_share_of_its_pool() -> None:
    assert all(it.weight <= LIMITS[it.pool] * SHARE / 4 for it in ENDPOINTS)
