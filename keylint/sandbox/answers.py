"""A request and a State → the response that Binance would give: its checks in their order, its codes, its headers.

Facts: Binance's API documentation and its error list; what is guessed is named in docs/sandbox.md. Nothing here is
shared with the part of keylint that asks: this is a second reading of the same documents.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import unquote_plus

from .contents import Asked, Refused
from .credentials import MadeCredentials, made
from .endpoints import ENDPOINTS, Endpoint
from .state import Json, Key, State
from .weights import HEADERS, Spent, Weights

JSON = "application/json;charset=UTF-8"
HTML = "text/html"

DEFAULT_WINDOW_MS = 5_000
LARGEST_WINDOW_MS = 60_000
AHEAD_MS = 1_000
_MICROSECONDS_FROM = 10**15  # as milliseconds the year 33658

_API_KEY = re.compile(r"[A-Za-z0-9]{64}")
_ENCODED = re.compile(r"(?:[A-Za-z0-9_.~+=&-]|%[0-9A-Fa-f]{2})*")
_WHOLE = re.compile(r"[0-9]{1,20}")
_FRACTION = re.compile(r"[0-9]{1,20}(?:\.[0-9]{1,3})?")


class Request(NamedTuple):
    """A request as it came: `query` is what stood after the `?`, byte for byte; header names in any case."""

    path: str
    query: str = ""
    headers: Mapping[str, str] = {}
    peer: str = "127.0.0.1"
    method: str = "GET"

    def header(self, name: str) -> str | None:
        """The value of a header, or None."""
        lower = name.lower()
        found = self.headers.get(lower)
        if found is None:
            return next((value for each, value in self.headers.items() if each.lower() == lower), None)
        return found


class Response(NamedTuple):
    """An answer: headers in their order, without those that only the connection knows (its length, its end)."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Memory:
    """What outlives one request: the credentials of a state's keys, and the weights that were used."""

    def __init__(self, state: State) -> None:
        self.made: Mapping[str, MadeCredentials] = made(state)
        self.ids: Mapping[str, str] = {one.api_key: id_ for id_, one in self.made.items()}
        self.weights = Weights()


def answer(
    state: State,
    request: Request,
    clock_ms: int,
    *,
    memory: Memory | None = None,
    check_signature: bool = True,
) -> Response:
    """The response of Binance in `state` to `request`, at `clock_ms` milliseconds since 1970 by this machine's clock.

    Pure but for `memory`, the Memory of this state, which counts what requests use; without one no limit is ever
    reached. Without `check_signature` neither signature nor timestamp is asked for, and all else is checked: for tests
    that ask without a socket. Misbehaviour is not part of it: see `misbehaviour.bent`.
    """
    endpoint = ENDPOINTS.get(request.path)
    if endpoint is None:
        return page(404, "Not Found")
    if request.method != "GET":
        return page(405, "Not Allowed", ("Allow", "GET"))
    now_ms = clock_ms + state.server_time_offset_ms
    return _Check(state, request, endpoint, now_ms, memory or Memory(state)).response(check_signature=check_signature)


def page(status: int, title: str, *headers: tuple[str, str]) -> Response:
    """A page of the web server in front, which speaks HTML."""
    body = (
        f"<html>\r\n<head><title>{status} {title}</title></head>\r\n<body>\r\n"
        f"<center><h1>{status} {title}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    )
    return Response(status, (("Content-Type", HTML), *headers), body.encode())


class _Check(NamedTuple):
    """One request on its way through the checks, in the order in which the sandbox makes them."""

    state: State
    request: Request
    endpoint: Endpoint
    now_ms: int
    memory: Memory

    def response(self, *, check_signature: bool) -> Response:
        endpoint, request = self.endpoint, self.request
        headers: list[tuple[str, str]] = []
        try:
            fields = _fields(request.query)
            if endpoint.pool != "sapi-uid":
                self._spend(self._address(None), fields, headers)
            if not endpoint.signed:
                body = endpoint.content(Asked(self.state, None, fields, self.now_ms))
                return _json(200, body, headers)
            key = self._key()
            self._expect(fields, check_signature=check_signature)
            if check_signature:
                self._check_time(fields)
                self._check_signature(key)
            self._check_permission(key)
            if endpoint.pool == "sapi-uid":
                self._spend(str(self.state.accounts[key.account].uid), fields, headers)
            return _json(200, endpoint.content(Asked(self.state, key, fields, self.now_ms)), headers)
        except Refused as refused:
            return _json(refused.status, {"code": refused.code, "msg": refused.message}, [*headers, *refused.headers])

    def _address(self, key: Key | None) -> str:
        """The address from which the request counts as coming."""
        if self.state.seen_from is None and key is not None and key.ip_list:
            return key.ip_list[0].partition("/")[0]
        return self.state.seen_from or self.request.peer

    def _spend(self, whose: str, fields: Mapping[str, str], headers: list[tuple[str, str]]) -> None:
        pool = self.endpoint.pool
        holder = f"{whose} {self.endpoint.path}" if pool.startswith("sapi") else whose
        spent = self.memory.weights.spend(pool, holder, self.endpoint.weight(fields), self.now_ms)
        headers.append((HEADERS[pool], str(spent.used)))
        if spent.status != 200:  # noqa: PLR2004 - OK
            raise _limited(spent, self.memory.weights.limits[pool], self.now_ms)

    def _key(self) -> Key:
        api_key = self.request.header("X-MBX-APIKEY") or ""
        if not _API_KEY.fullmatch(api_key):
            raise Refused(401, -2014, "API-key format invalid.")
        id_ = self.memory.ids.get(api_key)
        if id_ is None or self.state.keys[id_].deleted:
            raise Refused(400, -2008, "Invalid Api-Key ID.")
        return self.state.keys[id_]

    def _expect(self, fields: Mapping[str, str], *, check_signature: bool) -> None:
        """The parameters that must be there, and on /api and /fapi none that must not."""
        signing = ("timestamp", "signature") if check_signature else ()
        for name in (*self.endpoint.mandatory, *signing):
            if not fields.get(name):
                raise Refused(400, -1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")
        if not self.endpoint.path.startswith("/sapi"):
            known = {*self.endpoint.parameters, "recvWindow", "timestamp", "signature"} & fields.keys()
            if len(known) < len(fields):
                said = (
                    f"Not all sent parameters were read; read '{len(known)}' parameter(s) but was sent '{len(fields)}'."
                )
                raise Refused(400, -1104, said)

    def _check_time(self, fields: Mapping[str, str]) -> None:
        is_api = self.endpoint.path.startswith("/api")
        window_ms = float(DEFAULT_WINDOW_MS)
        if "recvWindow" in fields:
            window_ms = float(_legal(fields, "recvWindow", _FRACTION if is_api else _WHOLE))
        timestamp = int(_legal(fields, "timestamp", _WHOLE))
        if window_ms > LARGEST_WINDOW_MS:
            raise Refused(400, -1131, f"recvWindow must be less than {LARGEST_WINDOW_MS}")
        if is_api and timestamp >= _MICROSECONDS_FROM:
            timestamp //= 1000
        if timestamp >= self.now_ms + AHEAD_MS:
            said = f"Timestamp for this request was {AHEAD_MS}ms ahead of the server's time."
            raise Refused(400, -1021, said)
        if self.now_ms - timestamp > window_ms:
            raise Refused(400, -1021, "Timestamp for this request is outside of the recvWindow.")

    def _check_signature(self, key: Key) -> None:
        """Over the query as it was sent, up to the signature, which comes last; and percent-encoded before signing."""
        payload, _, signature = self.request.query.rpartition("&signature=")
        if (
            not payload
            or "&" in signature
            or not _ENCODED.fullmatch(self.request.query)
            or not self.memory.made[key.id].signed(payload.encode(), unquote_plus(signature, errors="replace"))
        ):
            raise Refused(400, -1022, "Signature for this request is not valid.")

    def _check_permission(self, key: Key) -> None:
        address = self._address(key)
        allowed = key.answers_to(address) and self.endpoint.permission in key.permissions
        if not allowed or "read" not in key.permissions:
            where = f", request ip: {address}" if self.endpoint.pool == "fapi" else ""
            raise Refused(401, -2015, f"Invalid API-key, IP, or permissions for action{where or '.'}")


def _fields(query: str) -> Mapping[str, str]:
    """The parameters of a query, decoded. Raises Refused where one is sent twice."""
    fields: dict[str, str] = {}
    for part in query.split("&") if query else ():
        name, _, value = part.partition("=")
        name = unquote_plus(name, errors="replace")
        if name in fields:
            raise Refused(400, -1101, "Duplicate values for a parameter detected.")
        fields[name] = unquote_plus(value, errors="replace")
    return fields


def _legal(fields: Mapping[str, str], name: str, pattern: re.Pattern[str]) -> str:
    if not pattern.fullmatch(fields[name]):
        said = f"Illegal characters found in parameter '{name}'; legal range is '^[0-9]{{1,20}}$'."
        raise Refused(400, -1100, said)
    return fields[name]


def _limited(spent: Spent, limit: int, now_ms: int) -> Refused:
    seconds = max(-(-(spent.until_ms - now_ms) // 1000), 1)
    if spent.status == 418:  # noqa: PLR2004 - a ban
        said = f"Way too much request weight used; IP banned until {spent.until_ms}."
        said += " Please use WebSocket Streams for live updates to avoid bans."
    else:
        said = f"Too much request weight used; current limit is {limit} request weight per 1 MINUTE."
        said += " Please use WebSocket Streams for live updates to avoid polling the API."
    return Refused(spent.status, -1003, said, (("Retry-After", str(seconds)),))


def _json(status: int, content: Json, headers: list[tuple[str, str]]) -> Response:
    body = json.dumps(content, separators=(",", ":"), ensure_ascii=False)
    # What a state file or a query holds may be half of a pair of surrogates; JSON has a way to write it, UTF-8 none.
    encoded = body.encode() if body.isprintable() else json.dumps(content, separators=(",", ":")).encode()
    return Response(status, (("Content-Type", JSON), *headers), encoded)


def clock_ms() -> int:
    """This machine's clock, in milliseconds since 1970."""
    return int(datetime.now(UTC).timestamp() * 1000)
