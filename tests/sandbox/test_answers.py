"""A request gets the answer that Binance would give: each check, its code, its text, and what follows when all pass."""

from urllib.parse import quote

import pytest
from sandbox.client import EMAIL, NOW_MS, ask, content, desk, query, refusal, signature, signed

from keylint.manifest.permissions import PERMISSIONS
from keylint.sandbox import weights
from keylint.sandbox.answers import Memory, Request, answer, clock_ms
from keylint.sandbox.credentials import api_key, made
from keylint.sandbox.endpoints import ENDPOINTS

RESTRICTIONS = "/sapi/v1/account/apiRestrictions"
SUB_KEYS = "/sapi/v1/sub-account/subAccountApi"
SUB_IPS = "/sapi/v1/sub-account/subAccountApi/ipRestriction"
HISTORY = "/sapi/v1/capital/withdraw/history"
DAY_MS = 86_400_000

FORMAT = (401, -2014, "API-key format invalid.")
NO_SUCH_KEY = (400, -2008, "Invalid Api-Key ID.")
SIGNATURE = (400, -1022, "Signature for this request is not valid.")
AHEAD = (400, -1021, "Timestamp for this request was 1000ms ahead of the server's time.")
OUTSIDE = (400, -1021, "Timestamp for this request is outside of the recvWindow.")
WINDOW = (400, -1131, "recvWindow must be less than 60000")
REJECTED = (401, -2015, "Invalid API-key, IP, or permissions for action.")
TWICE = (400, -1101, "Duplicate values for a parameter detected.")


def missing(name: str) -> tuple[int, int, str]:
    return 400, -1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."


def test_a_key_is_told_what_it_may_do() -> None:
    found = content(ask(desk(), "trader", RESTRICTIONS))

    assert found == {
        "ipRestrict": True,
        "createTime": 1_788_048_000_000,
        **{each.field: each.token in {"read", "spot", "futures"} for each in PERMISSIONS},
        "tradingAuthorityExpirationTime": 1_796_083_200_000,
        "enablePredictionTrading": True,
    }


def test_a_flag_stands_over_what_follows_from_the_rest() -> None:
    state = desk("[keys.odd]\ncreated = 2026-01-01\nflags = { ipRestrict = true, createTime = -1 }\n")

    found = content(ask(state, "odd", RESTRICTIONS))

    assert (found["ipRestrict"], found["createTime"]) == (True, -1)


@pytest.mark.parametrize("key", ["inventory", "trader", "rsa"])
@pytest.mark.parametrize("path", [path for path in ENDPOINTS if not path.startswith("/fapi") and "subAcc" not in path])
def test_every_kind_of_key_is_answered(key: str, path: str) -> None:
    assert content(ask(desk(), key, path)) is not None


@pytest.mark.parametrize("given", [None, "", "short", "x" * 63, "x" * 65, "é" * 64, "x" * 63 + "-", "x" * 64 + "\n"])
def test_an_api_key_of_another_form(given: str | None) -> None:
    headers = {} if given is None else {"X-MBX-APIKEY": given}

    assert refusal(answer(desk(), Request(RESTRICTIONS, "", headers), NOW_MS)) == FORMAT


@pytest.mark.parametrize("given", ["x" * 64, api_key("gone"), api_key("gone").swapcase()])
def test_a_key_that_is_not_there(given: str) -> None:
    assert refusal(answer(desk(), Request(RESTRICTIONS, "", {"X-MBX-APIKEY": given}), NOW_MS)) == NO_SUCH_KEY


def refused(key: str, sent: str, path: str = RESTRICTIONS) -> tuple[int, int, str]:
    return refusal(answer(desk(), Request(path, sent, {"x-mbx-apikey": api_key(key)}), NOW_MS))


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ("", "timestamp"),
        ("signature=x", "timestamp"),
        ("timestamp=&signature=x", "timestamp"),
        (f"timestamp={NOW_MS}", "signature"),
        (f"timestamp={NOW_MS}&signature=", "signature"),
    ],
)
def test_what_is_mandatory(sent: str, name: str) -> None:
    assert refused("inventory", sent) == missing(name)


@pytest.mark.parametrize(
    ("name", "parameters"), [("email", {}), ("email", {"email": ""}), ("subAccountApiKey", {"email": EMAIL})]
)
def test_what_a_sub_account_is_asked_with(name: str, parameters: dict[str, str]) -> None:
    assert refusal(ask(desk(), "inventory", SUB_IPS, **parameters)) == missing(name)


@pytest.mark.parametrize(
    ("off_ms", "parameters", "expected"),
    [
        (0, {}, None),
        (999, {}, None),
        (1000, {}, AHEAD),
        (-5000, {}, None),
        (-5001, {}, OUTSIDE),
        (-1000, {"recvWindow": 1000}, None),
        (-1001, {"recvWindow": 1000}, OUTSIDE),
        (-60_000, {"recvWindow": 60_000}, None),
        (0, {"recvWindow": 60_001}, WINDOW),
        (-70_000, {"recvWindow": 60_001}, WINDOW),
        (0, {"recvWindow": 0}, None),
        (NOW_MS * 999, {}, AHEAD),  # microseconds
        (-NOW_MS, {}, OUTSIDE),
    ],
)
def test_a_timestamp_is_held_to_the_window(
    off_ms: int, parameters: dict[str, int], expected: tuple[int, int, str] | None
) -> None:
    state = desk()

    found = answer(state, signed(state, "trader", RESTRICTIONS, NOW_MS + off_ms, **parameters), NOW_MS)

    if expected is None:
        assert found.status == 200
    else:
        assert refusal(found) == expected


def test_the_servers_clock_is_the_one_that_counts() -> None:
    state = desk(server_time_offset_ms=-3_600_000)

    assert content(answer(state, Request("/api/v3/time"), NOW_MS)) == {"serverTime": NOW_MS - 3_600_000}
    assert refusal(ask(state, "trader", RESTRICTIONS)) == AHEAD
    assert answer(state, signed(state, "trader", RESTRICTIONS, NOW_MS - 3_600_000), NOW_MS).status == 200


@pytest.mark.parametrize(
    ("path", "name", "value", "is_legal"),
    [
        (RESTRICTIONS, "recvWindow", "5000.5", False),
        ("/api/v3/account", "recvWindow", "5000.5", True),
        ("/api/v3/account", "recvWindow", "5000.5555", False),
        (RESTRICTIONS, "recvWindow", "-1", False),
        (RESTRICTIONS, "recvWindow", "", False),
        (RESTRICTIONS, "recvWindow", "1e3", False),
        (RESTRICTIONS, "recvWindow", "٣", False),
    ],
)
def test_a_window_is_a_number(path: str, name: str, value: str, *, is_legal: bool) -> None:
    found = ask(desk(), "inventory", path, **{name: value})

    if is_legal:
        assert found.status == 200
    else:
        said = f"Illegal characters found in parameter '{name}'; legal range is '^[0-9]{{1,20}}$'."
        assert refusal(found) == (400, -1100, said)


def test_api_knows_microseconds_and_what_it_was_not_asked() -> None:
    state = desk()

    assert answer(state, signed(state, "inventory", "/api/v3/account", NOW_MS * 1000), NOW_MS).status == 200
    assert refusal(ask(state, "inventory", "/api/v3/account", colour="red")) == (
        *(400, -1104),
        "Not all sent parameters were read; read '2' parameter(s) but was sent '3'.",
    )
    assert ask(state, "inventory", RESTRICTIONS, colour="red").status == 200


def test_what_is_wrong_with_a_signature() -> None:
    one = made(desk())["trader"]
    good = query(one)
    payload, _, mark = good.rpartition("&signature=")

    assert answer(desk(), Request(RESTRICTIONS, good, {"X-MBX-APIKEY": one.api_key}), NOW_MS).status == 200
    for sent in (
        f"{payload}&signature={mark[:-1]}0{mark[-1:]}",
        f"signature={mark}&{payload}",
        f"{good}&recvWindow=5000",
        f"recvWindow=5000&{good}",
        f"{payload}&signature={signature(made(desk())['grid-1'], payload)}",
    ):
        assert refused("trader", sent) == SIGNATURE, sent
    assert refused("trader", f"{good}&timestamp=1") == TWICE
    assert refused("inventory", good) == SIGNATURE
    assert refused("rsa", good) == SIGNATURE


def test_what_is_signed_must_be_percent_encoded() -> None:
    one = made(desk())["trader"]
    for address, is_encoded in (("grid@example.com", False), (quote("grid@example.com"), True)):
        payload = f"email={address}&timestamp={NOW_MS}"
        sent = f"{payload}&signature={signature(one, payload)}"
        found = answer(desk(), Request(SUB_KEYS, sent, {"X-MBX-APIKEY": one.api_key}), NOW_MS)
        assert (found.status == 200) is is_encoded


def test_base64_must_be_percent_encoded() -> None:
    state = desk()
    one = made(state)["inventory"]
    tried = 0
    for at_ms in range(NOW_MS, NOW_MS + 50):
        plain = signature(one, f"timestamp={at_ms}")
        if "+" in plain:
            tried += 1
            sent = f"timestamp={at_ms}&signature={plain}"
            assert refused("inventory", sent) == SIGNATURE
    assert tried


@pytest.mark.parametrize(
    ("seen_from", "key", "path", "expected"),
    [
        (None, "trader", RESTRICTIONS, None),
        ("203.0.113.20", "trader", RESTRICTIONS, None),
        ("198.51.100.7", "trader", RESTRICTIONS, None),
        ("192.0.2.1", "trader", RESTRICTIONS, REJECTED),
        ("192.0.2.1", "inventory", RESTRICTIONS, None),
        (None, "blind", RESTRICTIONS, REJECTED),
        (None, "trader", "/fapi/v3/account", None),
        (None, "inventory", "/api/v3/account", None),
        (None, "inventory", "/fapi/v3/account", (401, -2015, f"{REJECTED[2][:-1]}, request ip: 127.0.0.1")),
        ("192.0.2.1", "trader", "/fapi/v1/openOrders", (401, -2015, f"{REJECTED[2][:-1]}, request ip: 192.0.2.1")),
    ],
)
def test_an_address_and_a_permission(
    seen_from: str | None, key: str, path: str, expected: tuple[int, int, str] | None
) -> None:
    found = ask(desk(seen_from=seen_from) if seen_from else desk(), key, path)

    if expected is None:
        assert found.status == 200
    else:
        assert refusal(found) == expected


def test_a_signature_that_is_wrong_is_told_before_an_address_that_is() -> None:
    state = desk(seen_from="192.0.2.1")
    one = made(state)["trader"]
    good = Request(RESTRICTIONS, query(one), {"X-MBX-APIKEY": one.api_key})

    assert refusal(answer(state, good, NOW_MS)) == REJECTED
    assert refusal(answer(state, good._replace(query=f"{good.query[:-1]}?"), NOW_MS)) == SIGNATURE


def test_without_signatures_all_else_is_checked() -> None:
    state = desk(seen_from="192.0.2.1")

    def asked(key: str, path: str, sent: str = "") -> int:
        request = Request(path, sent, {"X-MBX-APIKEY": api_key(key)})
        return answer(state, request, NOW_MS, check_signature=False).status

    assert asked("inventory", RESTRICTIONS) == 200
    assert asked("trader", RESTRICTIONS) == 401
    assert asked("gone", RESTRICTIONS) == 400
    assert asked("inventory", SUB_KEYS) == 400
    assert asked("inventory", SUB_KEYS, f"email={quote(EMAIL)}") == 200


@pytest.mark.parametrize("path", ["/", "", "/api/v3/order", "/sapi/v1/account/apirestrictions", f"{RESTRICTIONS}/"])
def test_a_path_that_is_not_served_is_a_page(path: str) -> None:
    found = answer(desk(), Request(path), NOW_MS)

    assert (found.status, found.headers) == (404, (("Content-Type", "text/html"),))
    assert b"404 Not Found" in found.body


@pytest.mark.parametrize("method", ["POST", "DELETE", "PUT", "HEAD", "get"])
def test_nothing_but_get(method: str) -> None:
    found = answer(desk(), signed(desk(), "inventory", RESTRICTIONS)._replace(method=method), NOW_MS)

    assert (found.status, dict(found.headers)["Allow"]) == (405, "GET")


# What is said of accounts.


def test_accounts() -> None:
    state = desk()

    assert content(ask(state, "trader", "/sapi/v1/account/status")) == {"data": "Normal"}
    status = content(ask(state, "trader", "/sapi/v1/account/apiTradingStatus"))["data"]
    assert (status["isLocked"], status["plannedRecoverTime"]) == (True, 1_795_219_200_000)
    info = content(ask(state, "trader", "/sapi/v1/account/info"))
    assert [name for name, value in info.items() if value is True] == ["isMarginEnabled", "isFutureEnabled"]
    assert content(ask(state, "trader", "/api/v3/account"))["uid"] == 354_937_868
    assert content(ask(state, "trader", "/api/v3/account", omitZeroBalances="true"))["balances"] == []
    assert content(ask(state, "trader", "/api/v3/account", omitZeroBalances="false"))["balances"]
    [cold, warm] = content(ask(state, "trader", "/sapi/v1/capital/withdraw/address/list"))
    assert (cold["network"], cold["whiteStatus"], warm["network"], warm["whiteStatus"]) == ("BTC", True, "TRX", False)
    [position] = content(ask(state, "trader", "/fapi/v3/account"))["positions"]
    assert (position["symbol"], position["positionAmt"]) == ("BTCUSDT", "-0.010")


def test_orders_stand_on_their_market() -> None:
    state = desk()

    spot = content(ask(state, "trader", "/api/v3/openOrders"))
    futures = content(ask(state, "trader", "/fapi/v1/openOrders"))

    assert [each["clientOrderId"] for each in spot] == ["x-spot", ""]
    assert [each["clientOrderId"] for each in futures] == ["x-futures"]
    assert [each["symbol"] for each in content(ask(state, "trader", "/api/v3/openOrders", symbol="ETHUSDT"))] == [
        "ETHUSDT"
    ]


@pytest.mark.parametrize(
    ("parameters", "amounts"),
    [
        ({}, ["0.5", "8.91"]),
        ({"limit": 1}, ["0.5"]),
        ({"coin": "USDT"}, ["8.91"]),
        ({"withdrawOrderId": "WITHDRAWtest123"}, ["8.91"]),
        ({"startTime": NOW_MS - 7 * DAY_MS}, ["0.5"]),
        ({"endTime": NOW_MS - 7 * DAY_MS}, ["8.91"]),
        ({"startTime": 1_767_225_600_000, "endTime": 1_767_225_600_000}, ["0.25"]),
    ],
)
def test_withdrawals(parameters: dict[str, object], amounts: list[str]) -> None:
    found = content(ask(desk(), "trader", HISTORY, **parameters))

    assert [each["amount"] for each in found] == amounts
    assert all(("withdrawOrderId" in each) is (each["amount"] == "8.91") for each in found)
    assert all(each["applyTime"] == "2026-11-10 11:12:02" for each in found if each["amount"] == "8.91")


def test_withdrawals_of_more_than_90_days() -> None:
    found = ask(desk(), "trader", HISTORY, startTime=NOW_MS - 90 * DAY_MS - 1, endTime=NOW_MS)

    assert refusal(found) == (400, -1127, "Lookup interval is too big.")


@pytest.mark.parametrize("value", ["0", "-1", "1001", "x", "9" * 40, "1.0"])
def test_a_limit_that_is_none(value: str) -> None:
    assert refusal(ask(desk(), "trader", HISTORY, limit=value)) == (
        *(400, -1130),
        "Data sent for parameter 'limit' is not valid.",
    )


# A master and its sub-accounts.


@pytest.mark.parametrize(
    ("parameters", "remarks"),
    [
        ({}, ["grid"]),
        ({"limit": 200}, ["grid", "old"]),
        ({"limit": 1, "page": 2}, ["old"]),
        ({"limit": 1, "page": 3}, []),
        ({"limit": 200, "isFreeze": "true"}, ["old"]),
        ({"limit": 200, "isFreeze": "false"}, ["grid"]),
        ({"limit": 200, "email": EMAIL}, ["grid"]),
        ({"limit": 200, "email": "nobody@example.com"}, []),
    ],
)
def test_sub_accounts(parameters: dict[str, object], remarks: list[str]) -> None:
    found = content(ask(desk(), "inventory", "/sapi/v1/sub-account/list", **parameters))["subAccounts"]

    assert [each["remark"] for each in found] == remarks


def test_the_keys_of_a_sub_account() -> None:
    found = content(ask(desk(), "inventory", SUB_KEYS, email=EMAIL))

    assert found["total"] == 2
    assert found["rows"][0] == {
        "email": EMAIL,
        "apiName": "grid-spot",
        "apikey": api_key("grid-1"),
        "canTrade": True,
        "canMarginLoanRepay": True,
        "canFuturesTrade": True,
        "canUniversalTransfer": True,
        "canVanillaOptions": True,
        "timestamp": 1_788_048_000_000,
    }
    assert found["rows"][1]["apiName"] == "grid-2"
    assert not any(value is True for value in found["rows"][1].values())


def test_a_page_of_the_keys_of_a_sub_account() -> None:
    second = content(ask(desk(), "inventory", SUB_KEYS, email=EMAIL, size=1, page=2))
    wanted = content(ask(desk(), "inventory", SUB_KEYS, email=EMAIL, subAccountApiKey=api_key("grid-2")))

    assert (second["total"], [each["apiName"] for each in second["rows"]]) == (2, ["grid-2"])
    assert (wanted["total"], [each["apiName"] for each in wanted["rows"]]) == (1, ["grid-2"])
    assert refusal(ask(desk(), "inventory", SUB_KEYS, email=EMAIL, size=101))[1] == -1130
    older = content(ask(desk(sub_account_field="list"), "inventory", SUB_KEYS, email=EMAIL))
    assert len(older["list"]) == 2
    assert "rows" not in older


@pytest.mark.parametrize(
    ("form", "key", "restricted", "addresses"),
    [
        ("string", "grid-1", "true", ["203.0.113.20"]),
        ("string", "grid-2", "false", []),
        ("boolean", "grid-1", True, ["203.0.113.20"]),
        ("boolean", "grid-2", False, []),
    ],
)
def test_the_addresses_of_a_key_of_a_sub_account(form: str, key: str, restricted: object, addresses: list[str]) -> None:
    state = desk(sub_account_ip_restrict=form)

    found = content(ask(state, "inventory", SUB_IPS, email=EMAIL, subAccountApiKey=api_key(key)))

    assert (found["ipRestrict"], found["ipList"], found["apiKey"]) == (restricted, addresses, api_key(key))


def test_who_may_not_ask_about_sub_accounts() -> None:
    nobody = {"email": "nobody@example.com"}
    not_valid = (400, -1130, "Data sent for parameter 'email' is not valid.")

    assert refusal(ask(desk(), "inventory", SUB_KEYS, **nobody)) == not_valid
    assert refusal(ask(desk(), "grid-1", SUB_KEYS, email=EMAIL))[1] == -1002
    assert refusal(ask(desk(), "grid-1", "/sapi/v1/sub-account/list"))[1] == -1002
    for hidden in ("grid-3", "inventory"):
        found = refusal(ask(desk(), "inventory", SUB_IPS, email=EMAIL, subAccountApiKey=api_key(hidden)))
        assert found == (400, -1130, "Data sent for parameter 'subAccountApiKey' is not valid.")


# Weights.


@pytest.mark.parametrize(
    ("path", "parameters", "header", "weight"),
    [
        ("/api/v3/time", {}, "X-MBX-USED-WEIGHT-1M", 1),
        ("/api/v3/account", {}, "X-MBX-USED-WEIGHT-1M", 20),
        ("/api/v3/openOrders", {}, "X-MBX-USED-WEIGHT-1M", 80),
        ("/api/v3/openOrders", {"symbol": "BTCUSDT"}, "X-MBX-USED-WEIGHT-1M", 6),
        (RESTRICTIONS, {}, "X-SAPI-USED-IP-WEIGHT-1M", 1),
        ("/sapi/v1/capital/withdraw/address/list", {}, "X-SAPI-USED-IP-WEIGHT-1M", 10),
        (HISTORY, {}, "X-SAPI-USED-UID-WEIGHT-1M", 18_000),
        (SUB_KEYS, {"email": EMAIL}, "X-SAPI-USED-UID-WEIGHT-1M", 3_000),
        (SUB_IPS, {"email": EMAIL, "subAccountApiKey": api_key("grid-1")}, "X-SAPI-USED-UID-WEIGHT-1M", 3_000),
        ("/fapi/v3/account", {}, "X-MBX-USED-WEIGHT-1M", 5),
        ("/fapi/v1/openOrders", {}, "X-MBX-USED-WEIGHT-1M", 40),
        ("/fapi/v1/openOrders", {"symbol": "BTCUSDT"}, "X-MBX-USED-WEIGHT-1M", 1),
    ],
)
def test_what_a_request_weighs(path: str, parameters: dict[str, object], header: str, weight: int) -> None:
    state = desk()
    memory = Memory(state)

    if not ENDPOINTS[path].signed:
        found = [answer(state, Request(path), NOW_MS, memory=memory) for _ in range(2)]
    else:
        found = [ask(state, "trader", path, memory, **parameters) for _ in range(2)]

    assert [dict(each.headers)[header] for each in found] == [str(weight), str(2 * weight)]


def test_sapi_stays_at_429_until_the_minute_is_over() -> None:
    state = desk()
    memory = Memory(state)
    asked = [ask(state, "trader", HISTORY, memory) for _ in range(40)]

    assert [each.status for each in asked] == [200] * 10 + [429] * 30
    assert refusal(asked[10])[1] == -1003
    assert dict(asked[10].headers)["Retry-After"] == "20"  # NOW_MS is 40 seconds into its minute
    assert ask(state, "grid-1", HISTORY, memory).status == 200  # another account
    assert ask(state, "trader", SUB_KEYS, memory, email=EMAIL).status == 200  # another path
    later = NOW_MS + 20_000
    assert answer(state, signed(state, "trader", HISTORY, later), later, memory=memory).status == 200


def test_api_bans_whoever_goes_on() -> None:
    state = desk()
    memory = Memory(state)
    time = Request("/api/v3/time")
    memory.weights.spend("api", "127.0.0.1", 5_999, NOW_MS)

    asked = [answer(state, time, NOW_MS, memory=memory) for _ in range(15)]

    assert [each.status for each in asked] == [200] + [429] * (weights.PATIENCE + 1) + [418] * 3
    assert refusal(asked[1])[2].startswith("Too much request weight used; current limit is 6000 request weight per 1 M")
    assert refusal(asked[-1])[2].startswith(f"Way too much request weight used; IP banned until {NOW_MS + 120_000}.")
    assert dict(asked[-1].headers)["Retry-After"] == "120"
    assert answer(state, time, NOW_MS + 119_999, memory=memory).status == 418
    assert answer(state, Request("/fapi/v1/time"), NOW_MS, memory=memory).status == 200
    assert answer(state, time, NOW_MS + 120_000, memory=memory).status == 200


def test_without_a_memory_nothing_is_counted() -> None:
    state = desk()

    assert {dict(ask(state, "trader", HISTORY).headers)["X-SAPI-USED-UID-WEIGHT-1M"] for _ in range(20)} == {"18000"}


def test_half_a_pair_of_surrogates_is_escaped() -> None:
    state = desk()
    label = "\ud800"
    odd = state._replace(accounts={**state.accounts, "main": state.accounts["main"]._replace(status=label)})

    assert answer(odd, signed(odd, "trader", "/sapi/v1/account/status"), NOW_MS).body == b'{"data":"\\ud800"}'


def test_the_clock_is_in_milliseconds() -> None:
    assert 1_700_000_000_000 < clock_ms() < 10_000_000_000_000
