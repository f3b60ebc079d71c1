"""The faults of the other side, each as the sandbox's misbehaviour or as a place where nobody answers."""

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
KEY = "/sapi/v1/account/apiRestrictions"
PATHS = {
    "key": KEY,
    "uid": "/api/v3/account",
    "status": "/sapi/v1/account/status",
    "trading": "/sapi/v1/account/apiTradingStatus",
    "info": "/sapi/v1/account/info",
    "addresses": "/sapi/v1/capital/withdraw/address/list",
    "withdrawals": "/sapi/v1/capital/withdraw/history",
    "sub-accounts": "/sapi/v1/sub-account/list",
    "sub-account keys": "/sapi/v1/sub-account/subAccountApi",
    "sub-account IPs": "/sapi/v1/sub-account/subAccountApi/ipRestriction",
    "positions": "/fapi/v3/account",
    "spot orders": "/api/v3/openOrders",
    "futures orders": "/fapi/v1/openOrders",
}


class Fault(NamedTuple):
    """What the other side does wrong."""

    name: str
    script: Sequence[Mapping[str, Any]] = ()
    """Misbehaviours of the sandbox."""
    endpoint: str | None = None
    """Where to ask instead of the sandbox."""
    offset_ms: int = 0
    silences: bool = False
    """Whether nothing may be asked after it."""
    answers: bool = False
    """Whether it is an answer like another, which the rules must judge as it is."""


def everywhere(name: str, **fault: Any) -> Fault:
    """A fault in every signed answer."""
    signed = [{"path": path, **fault} for path in PATHS.values()]
    return Fault(name, signed)


def bodies() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Answers that are none."""
    text = '{"ipRestrict":true,"createTime":1793526000000,"enableReading":true'
    yield "empty body", {"body": ""}
    yield "truncated JSON", {"truncate": 40}
    yield "two documents", {"append": "{}"}
    yield "a BOM", {"prepend": "\ufeff"}
    yield "NaN", {"body": text + ',"enableWithdrawals":NaN}'}
    yield "1e999", {"body": text + ',"createTime":1e999}'}
    yield "an integer of 5,000 digits", {"body": text + ',"createTime":' + "9" * 5000 + "}"}
    yield "a duplicate key", {"body": text + ',"enableWithdrawals":true,"enableWithdrawals":false}'}
    yield "nesting of 100,000", {"nest": 100_000}
    yield "an array at the top", {"json": [1]}
    yield "an empty array at the top", {"json": []}
    yield "an empty object at the top", {"json": {}}
    yield "a string at the top", {"json": "fine"}
    yield "a number at the top", {"json": 1}
    yield "null at the top", {"body": "null"}
    yield "true at the top", {"json": True}
    yield "a lone surrogate", {"body": '{"\\ud800":true}'}
    yield "an escape sequence", {"json": {"\u001b[2J": "\u001b]0;x\u0007"}}
    yield "::error::", {"json": {"data": "\n::error::##[set-output]", "msg": "::error::"}}
    yield "the key echoed", {"json": {"code": -9999, "msg": "no such key: {api_key} {signature} {query}"}}
    yield "UTF-16", {"body_base64": base64.b64encode('{"a":1}'.encode("utf-16")).decode()}
    yield "overlong UTF-8", {"body_base64": base64.b64encode(b'{"a":"\xc0\xaf"}').decode()}
    yield "an HTML page", {"body": "<html>sign in</html>", "headers": {"Content-Type": "text/html"}}
    yield "JSON as text/html", {"headers": {"Content-Type": "text/html"}}
    yield "another charset", {"headers": {"Content-Type": "application/json; charset=utf-7"}}
    yield "a gzip bomb", {"gzip": True, "repeat": {"of": " ", "bytes": 200_000_000}}
    yield "gzip that nobody asked for", {"gzip": True}
    yield "300 kB", {"append": " " * 300_000}
    yield "1 GB", {"repeat": {"of": " ", "bytes": 1_000_000_000}}
    yield "a body without end", {"repeat": {"of": " "}}


def statuses() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Status lines and headers that are no answer."""
    for code in (301, 302, 303, 307, 308):
        yield f"{code} to another host", {"status": code, "headers": {"Location": "http://127.0.0.1:1/x"}}
    yield "302 to itself", {"status": 302, "headers": {"Location": KEY}}
    yield "302 to //evil", {"status": 302, "headers": {"Location": "//evil.example/"}}
    yield "302 with user info", {"status": 302, "headers": {"Location": "https://api.binance.com@evil.example/"}}
    yield "302 to http", {"status": 302, "headers": {"Location": "http://api.binance.com/"}}
    yield "302 without Location", {"status": 302}
    yield "404 HTML", {"status": 404, "body": "<html>", "headers": {"Content-Type": "text/html"}}
    yield (
        "451 with code 0",
        {"status": 451, "json": {"code": 0, "msg": "Service unavailable from a restricted location"}},
    )
    for code in (500, 502, 503, 504):
        yield f"{code} for ever", {"status": code, "body": "", "headers": {"Content-Type": "text/html"}}
    yield "500 once", {"status": 500, "times": 1, "body": ""}
    yield "500 with JSON", {"status": 500, "json": {"code": -1000, "msg": "unknown"}}
    for code in (201, 202, 204, 206, 304, 400, 401, 599, 999):
        yield f"{code} with a good body", {"status": code}
    yield "200 with an error body", {"json": {"code": -1000, "msg": "An unknown error"}}
    for code in (
        -1000,
        -1001,
        -1002,
        -1006,
        -1007,
        -1008,
        -1016,
        -1021,
        -1022,
        -1102,
        -1121,
        -2014,
        -2015,
        -9000,
        -4242,
        7,
    ):
        yield f"code {code}", {"status": 400, "json": {"code": code, "msg": "…"}}
    yield "the code as a string", {"status": 401, "json": {"code": "-2008", "msg": "Invalid Api-Key ID."}}
    yield "a good code and a bad status", {"status": 400, "json": {"code": 200, "msg": "ok"}}
    yield (
        "-2015 with the request's address",
        {
            "status": 401,
            "json": {"code": -2015, "msg": "Invalid API-key, IP, or permissions for action, request ip: 203.0.113.10"},
        },
    )


def connections() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Connections that break or dawdle."""
    yield "silence", {"delay_ms": 60_000}
    yield "closed before", {"cut": "before"}
    yield "closed in the headers", {"cut": "headers"}
    yield "closed in the body", {"cut": "body"}
    yield "reset before", {"cut": "before", "reset": True}
    yield "reset in the headers", {"cut": "headers", "reset": True}
    yield "reset in the body", {"cut": "body", "reset": True}
    yield "a cut chunk", {"chunked": True, "cut": "body"}
    yield "headers that drip", {"drip": {"part": "headers", "every_ms": 50}}
    yield "a body that drips", {"drip": {"part": "body", "every_ms": 50}}
    yield "100 Continue without end", {"continue_forever": True}
    yield "a negative Content-Length", {"headers": {"Content-Length": "-5"}}
    yield "two Content-Lengths", {"headers": {"Content-Length": ["10", "2000"]}}
    yield "too long a Content-Length", {"headers": {"Content-Length": "90000"}}
    yield "too short a Content-Length", {"headers": {"Content-Length": "12"}}
    yield "a Content-Length of 10^30", {"headers": {"Content-Length": "1" + "0" * 30}}
    yield "a header of 100 kB", {"headers": {"X-Long": "x" * 100_000}}
    yield "200 headers", {"headers": {f"X-{number}": "x" for number in range(200)}}
    yield "Content-Length and chunks", {"headers": {"Transfer-Encoding": "chunked", "Content-Length": "5"}}
    yield "end in mid-headers", {"raw_base64": base64.b64encode(b"HTTP/1.1 200 OK\r\nContent-Type: applica").decode()}
    yield "no HTTP", {"raw_base64": base64.b64encode(b"SSH-2.0-OpenSSH_9.2p1\r\n").decode()}
    yield "HTTP/0.9", {"raw_base64": base64.b64encode(b'{"enableReading":true}').decode()}
    yield "TLS where there was none", {"raw_base64": base64.b64encode(b"\x16\x03\x01\x02\x00\x01\x00").decode()}


FLAGS = (
    "enableReading",
    "enableWithdrawals",
    "enableInternalTransfer",
    "enableMargin",
    "enableFutures",
    "permitsUniversalTransfer",
    "enableVanillaOptions",
    "enableFixApiTrade",
    "enableFixReadOnly",
    "enableSpotAndMarginTrading",
    "enablePortfolioMarginTrading",
    "ipRestrict",
)
_NOT_BOOLEAN: tuple[object, ...] = ("true", "false", 0, 1, [], {})
_LOOK_ALIKE = {"e": "\u0435", "p": "\u0440", "i": "\u0456", "c": "\u0441"}


def fields() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """One field of a key's answer that is not as documented."""
    for field in FLAGS:
        yield f"{field} missing", {"remove": [field]}
        yield f"{field} is null", {"replace_raw": {field: "null"}}
        for value in _NOT_BOOLEAN:
            yield f"{field} is {json.dumps(value)}", {"replace_raw": {field: json.dumps(value)}}
        yield f"{field} mis-cased", {"rename": {field: field.lower()}}
        yield f"{field} with a look-alike letter", {"rename": {field: _LOOK_ALIKE[field[0]] + field[1:]}}
    for value in (
        "0",
        "-1",
        "1793526000",
        "1793526000000000",
        "999999999999999",
        "true",
        "null",
        '"1793526000000"',
        "1.5",
        "[]",
    ):
        yield f"createTime is {value}", {"replace_raw": {"createTime": value}}
    yield "createTime missing", {"remove": ["createTime"]}
    for value in ("0", "-1", "1793526000", "true", '"soon"', "null"):
        yield f"tradingAuthorityExpirationTime is {value}", {"replace_raw": {"tradingAuthorityExpirationTime": value}}
    yield "an unknown permission that is a string", {"replace_raw": {"enableMoon": '"true"'}}


def account_fields() -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """One field of another answer that is not as documented: the path, its name, the fault."""
    for value in ("null", "1", '""', "[]"):
        yield "status", f"data is {value}", {"replace_raw": {"data": value}}
        yield "trading", f"data.isLocked is {value}", {"replace_raw": {"data.isLocked": value}}
        yield "info", f"isFutureEnabled is {value}", {"replace_raw": {"isFutureEnabled": value}}
        yield "uid", f"uid is {value}", {"replace_raw": {"uid": value}}
    for path, field in (
        ("status", "data"),
        ("trading", "data"),
        ("uid", "uid"),
        ("sub-accounts", "subAccounts"),
        ("sub-account keys", "rows"),
        ("sub-account keys", "total"),
        ("sub-account IPs", "ipRestrict"),
        ("sub-account IPs", "ipList"),
        ("positions", "positions"),
    ):
        yield path, f"{field} missing", {"remove": [field]}
        yield path, f"{field} is an empty object", {"replace_raw": {field: "{}"}}
    yield "uid", "uid is 0", {"replace_raw": {"uid": "0"}}
    yield "uid", "uid is true", {"replace_raw": {"uid": "true"}}
    yield "sub-accounts", "nobody is listed", {"replace_raw": {"subAccounts": '[{"email": 5}]'}}
    yield "sub-account keys", "fewer rows than there are", {"replace_raw": {"rows": "[]"}}
    yield "sub-account IPs", 'ipRestrict is "no"', {"replace_raw": {"ipRestrict": '"no"'}}
    yield "sub-account IPs", "another key's list", {"replace_raw": {"apiKey": '"' + "x" * 64 + '"'}}
    yield "sub-account IPs", "an entry that is no address", {"replace_raw": {"ipList": '["542.234.192.290"]'}}
    for path in ("addresses", "withdrawals", "spot orders"):
        yield path, "an object in place of the list", {"json": {}}
        yield path, "a list of nulls", {"body": "[null]"}
        yield path, "a list of empty objects", {"body": "[{}]"}
    yield (
        "positions",
        "an amount that is none",
        {"replace_raw": {"positions": '[{"symbol":"X","positionAmt":"a lot"}]'}},
    )


def silences() -> Iterator[Fault]:
    """What Binance says when it wants no more requests."""
    for status in (429, 418, 403):
        for after in ("1", "3600", "-1", "abc", "Fri, 20 Nov 2026 12:00:00 GMT", None, ["5", "9"]):
            headers = {} if after is None else {"Retry-After": after}
            fault = {"path": KEY, "status": status, "headers": headers, "json": {"code": -1003, "msg": "Too much"}}
            yield Fault(f"{status}, Retry-After {after or 'absent'}", [fault], silences=True)
    page = {"path": KEY, "status": 403, "body": "<html>WAF</html>", "headers": {"Content-Type": "text/html"}}
    yield Fault("403 HTML of the firewall", [page], silences=True)
    yield Fault("-1003 with 400", [{"path": KEY, "status": 400, "json": {"code": -1003, "msg": "x"}}], silences=True)
    yield Fault("-1003 with 200", [{"path": KEY, "json": {"code": -1003, "msg": "x"}}], silences=True)


def clocks() -> Iterator[Fault]:
    """Clocks that differ, and servers that lie about theirs."""
    time_path = "/api/v3/time"
    yield Fault("a server's clock 1 s ahead", offset_ms=1_000, answers=True)
    yield Fault("a server's clock 10 min behind", offset_ms=-600_000, answers=True)
    yield Fault("a server's clock 2 h ahead", offset_ms=7_200_000)
    for value in ("0", "-1", "1793526000", "1793526000000000", '"1793526000000"', "true", "null", "1e300"):
        yield Fault(f"serverTime is {value}", [{"path": time_path, "replace_raw": {"serverTime": value}}])
    lying = int((NOW + timedelta(minutes=30)).timestamp() * 1000)
    yield Fault("a server that lies by 30 min", [{"path": time_path, "replace_raw": {"serverTime": str(lying)}}])
    yield Fault("no time at all", [{"path": time_path, "status": 404, "body": ""}])
    yield Fault("a time that drips", [{"path": time_path, "drip": {"part": "headers", "every_ms": 50}}])


def networks() -> Iterator[Fault]:
    """Nobody there, or somebody else."""
    yield Fault("connection refused", endpoint="refused")
    yield Fault("accepted and silent", endpoint="silent")
    yield Fault("a backlog that is full", endpoint="full")
    yield Fault("plain text on the TLS port", endpoint="plain")


@cache
def faults() -> tuple[Fault, ...]:
    """The table."""
    table = [*networks(), *clocks(), *silences()]
    table += [everywhere(name, **fault) for name, fault in connections()]
    table += [everywhere(name, **fault) for name, fault in statuses()]
    table += [everywhere(name, **fault) for name, fault in bodies()]
    table += [Fault(f"key: {name}", [{"path": KEY, **fault}]) for name, fault in fields()]
    table += [Fault(f"{path}: {name}", [{"path": PATHS[path], **fault}]) for path, name, fault in account_fields()]
    slow = {"path": KEY, "delay_ms": 60}
    table.append(Fault("slow, but whole", [slow], answers=True))
    return tuple(table)
