"""Connections on loopback → requests → answers, whole ones or, as the state file has it, every way of being broken."""

import socket
import ssl
import struct
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from http import HTTPStatus
from ipaddress import ip_address
from socketserver import BaseRequestHandler, TCPServer, ThreadingMixIn
from threading import Event, Lock, Thread
from typing import NamedTuple, Self

from .answers import Memory, Request, Response, answer, clock_ms, page
from .misbehaviour import Script, bent, pieces
from .state import Misbehaviour, State

_MOST_HEAD = 64 * 1024
_MOST_BODY = 1024 * 1024
_RECEIVE = 64 * 1024
_MOST_LOGGED = 100_000
_POLL_SECONDS = 0.02
_CONTINUE_SECONDS = 0.01
_WITHOUT_BODY = frozenset({*range(100, 200), 204, 304})
_RESET = struct.pack("ii", 1, 0)

_GOOD = Misbehaviour()


class Logged(NamedTuple):
    """A request that was answered: `key` is the id of the key it came with, "" where that is unknown."""

    path: str
    key: str
    status: int


class Sandbox:
    """The stand-in server for `state`; it listens from its construction on, and serves inside of a `with`.

    `clock` gives milliseconds since 1970. `address` is a loopback one (ValueError otherwise); port 0 takes a free one
    (OSError where the port is taken). `latency` seconds pass before each answer. `certificate`: the paths of a
    certificate chain and its key, in PEM, for https.

    `log` holds the last requests, `requests` counts them by path, `connections` all connections, and `crashes` what
    this module did not foresee: in a test it is empty.
    """

    def __init__(  # noqa: PLR0913 - all but the state are named and have defaults
        self,
        state: State,
        *,
        clock: Callable[[], int] = clock_ms,
        port: int = 0,
        address: str = "127.0.0.1",
        latency: float = 0.0,
        certificate: tuple[str, str] | None = None,
    ) -> None:
        if not ip_address(address).is_loopback:
            msg = f"{address} is not a loopback address; the sandbox serves this machine alone"
            raise ValueError(msg)
        self.state = state
        self.clock = clock
        self.latency = latency
        self.memory = Memory(state)
        self.script = Script(state.misbehaviours)
        self.stopping = Event()
        self.log: deque[Logged] = deque(maxlen=_MOST_LOGGED)
        self.requests: Counter[str] = Counter()
        self.crashes: list[BaseException] = []
        self.connections = 0
        self.tls: ssl.SSLContext | None = None
        if certificate is not None:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(*certificate)
        self._lock = Lock()
        self._open: set[socket.socket] = set()
        self._server = (_Server6 if ":" in address else _Server)(self, address, port)
        host = f"[{address}]" if ":" in address else address
        self.port: int = self._server.server_address[1]
        self.url = f"{'http' if self.tls is None else 'https'}://{host}:{self.port}"
        self._thread = Thread(target=self._server.serve_forever, args=(_POLL_SECONDS,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()
        with self._lock:
            still_open = [*self._open]
        for connection in still_open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def opened(self, connection: socket.socket) -> None:
        """Count a connection, and remember to end it."""
        with self._lock:
            self.connections += 1
            self._open.add(connection)

    def swapped(self, connection: socket.socket, for_this: socket.socket) -> None:
        """Remember to end `for_this` in the place of `connection`."""
        with self._lock:
            self._open.discard(connection)
            self._open.add(for_this)

    def closed(self, connection: socket.socket) -> None:
        """Forget a connection."""
        with self._lock:
            self._open.discard(connection)

    def noted(self, request: Request, key: str | None, status: int) -> None:
        """Write a request into the log."""
        with self._lock:
            self.requests[request.path] += 1
            self.log.append(Logged(request.path, key or "", status))


class _Server(ThreadingMixIn, TCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 1024

    def __init__(self, sandbox: Sandbox, address: str, port: int) -> None:
        self.sandbox = sandbox
        super().__init__((address, port), _Connection)

    def handle_error(self, _request: object, _client_address: object) -> None:
        """Nothing: a connection notes its own crash, and nothing is printed."""


class _Server6(_Server):
    address_family = socket.AF_INET6


class _Hangup(Exception):  # noqa: N818 - no error: one side is done
    """The connection is over."""


class _Connection(BaseRequestHandler):
    """One connection, kept alive, in a thread of its own."""

    server: _Server
    request: socket.socket

    def handle(self) -> None:
        sandbox = self.server.sandbox
        self.socket: socket.socket = self.request
        self.received = b""
        sandbox.opened(self.request)
        try:
            self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if sandbox.tls is not None:
                self.socket = sandbox.tls.wrap_socket(self.request, server_side=True, do_handshake_on_connect=False)
                sandbox.swapped(self.request, self.socket)  # the first is empty now, and could not be ended
                if sandbox.stopping.is_set():  # whoever ended the others may have looked before this one was there
                    return
                self.socket.do_handshake()
            while not sandbox.stopping.is_set() and self._serve_one(sandbox):
                pass
        except (_Hangup, OSError):
            pass  # the other side went away, or a fault wanted it so
        except Exception as error:  # noqa: BLE001 - kept for whoever looks; a server never dies of one request
            sandbox.crashes.append(error)
        finally:
            sandbox.closed(self.socket)
            if self.socket is not self.request:
                self.socket.close()

    def _serve_one(self, sandbox: Sandbox) -> bool:
        """Answer one request; whether the connection goes on."""
        request = self._read()
        if isinstance(request, Response):
            self._send(request, _GOOD, close=True, head_only=False)
            return False
        key = sandbox.memory.ids.get(request.header("X-MBX-APIKEY") or "")
        fault = sandbox.script.next(request.path, key)
        good = answer(sandbox.state, request, sandbox.clock(), memory=sandbox.memory)
        response = good if fault is None else bent(good, fault, request)
        sandbox.noted(request, key, response.status)
        self._wait(sandbox.latency)
        close = "close" in (request.header("Connection") or "").lower()
        return self._send(response, fault or _GOOD, close=close, head_only=request.method == "HEAD")

    # Reading.

    def _read(self) -> Request | Response:
        """The next request, or what is said to one that is none."""
        end = self.received.find(b"\r\n\r\n")
        while end < 0:
            if len(self.received) > _MOST_HEAD:
                return page(431, "Request Header Or Cookie Too Large")
            self._receive()
            end = self.received.find(b"\r\n\r\n")
        head, self.received = self.received[:end].decode("latin-1"), self.received[end + 4 :]
        first, *lines = head.split("\r\n")
        parts = first.split(" ")
        if len(parts) != 3 or not parts[1].startswith("/") or not parts[2].startswith("HTTP/1."):  # noqa: PLR2004
            return page(400, "Bad Request")
        headers: dict[str, str] = {}
        for line in lines:
            name, colon, value = line.partition(":")
            if not colon or name != name.strip() or not name:
                return page(400, "Bad Request")
            name = name.lower()
            headers[name] = f"{headers[name]},{value.strip()}" if name in headers else value.strip()
        if not self._skip_body(headers):
            return page(413, "Request Entity Too Large")
        path, _, query = parts[1].partition("?")
        return Request(path, query, headers, self.client_address[0], parts[0])

    def _skip_body(self, headers: dict[str, str]) -> bool:
        """Read over the body of a request, which nothing here asks for; whether that is possible."""
        length = headers.get("content-length", "0")
        if "transfer-encoding" in headers or not (length.isascii() and length.isdigit() and len(length) < 8):  # noqa: PLR2004
            return False
        left = int(length)
        if left > _MOST_BODY:
            return False
        while len(self.received) < left:
            self._receive()
        self.received = self.received[left:]
        return True

    def _receive(self) -> None:
        more = self.socket.recv(_RECEIVE)
        if not more:
            raise _Hangup
        self.received += more

    # Sending.

    def _send(self, response: Response, fault: Misbehaviour, *, close: bool, head_only: bool) -> bool:
        """Send a response as `fault` wants it sent; whether the connection goes on."""
        self._wait(fault.delay_ms / 1000)
        if fault.cut == "before":
            self._hang_up(fault)
        if fault.continue_forever:
            self._send_continues()
        if fault.raw is not None:
            self._send_all([fault.raw], fault, "body")
            self._hang_up(fault)
        empty = head_only or response.status in _WITHOUT_BODY
        parts = [] if empty else pieces(response.body, fault.repeat, gzip=fault.gzip)
        length = _length(response, fault)
        chunked = not empty and (fault.chunked or length is None)
        # A body without a length lasts until the connection ends.
        close = close or (not empty and not chunked and fault.headers.get(_named(fault, "content-length")) == ())
        head = _head(response, fault, length=None if chunked or (empty and not head_only) else length, close=close)
        if chunked:
            parts = _chunks(parts)
        if fault.cut == "headers":
            self._send_all([head[: len(head) * 2 // 3]], fault, "headers")
            self._hang_up(fault)
        if fault.cut == "body":
            self._send_all([head], fault, "headers")
            self._send_all(_cut(parts), fault, "body")
            self._hang_up(fault)
        if fault is _GOOD:
            self.socket.sendall(b"".join([head, *parts]))
        else:
            self._send_all([head], fault, "headers")
            self._send_all(parts, fault, "body")
        return not close

    def _send_all(self, parts: Iterable[bytes], fault: Misbehaviour, which: str) -> None:
        drip = fault.drip if fault.drip is not None and fault.drip.part == which else None
        for part in parts:
            if drip is None:
                self.socket.sendall(part)
                if self.server.sandbox.stopping.is_set():
                    raise _Hangup
                continue
            for at in range(len(part)):
                self.socket.sendall(part[at : at + 1])
                self._wait(drip.every_ms / 1000)

    def _send_continues(self) -> None:
        while True:
            self.socket.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            self._wait(_CONTINUE_SECONDS)

    def _wait(self, seconds: float) -> None:
        """Wait, but not for longer than the sandbox lives."""
        if seconds > 0 and self.server.sandbox.stopping.wait(seconds):
            raise _Hangup

    def _hang_up(self, fault: Misbehaviour) -> None:
        if fault.reset:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self.socket.close()
        raise _Hangup


def _named(fault: Misbehaviour, lower: str) -> str:
    """The name of a header as a fault writes it."""
    return next((name for name in fault.headers if name.lower() == lower), lower)


def _length(response: Response, fault: Misbehaviour) -> int | None:
    """How long the body is; None where only sending it would tell."""
    if fault.repeat is None:
        return sum(map(len, pieces(response.body, None, gzip=fault.gzip)))
    if fault.gzip or fault.repeat.size is None:
        return None
    return len(response.body) + fault.repeat.size


def _head(response: Response, fault: Misbehaviour, *, length: int | None, close: bool) -> bytes:
    """The status line and the headers; none of a fault's own is sent beside ours of the same name."""
    try:
        phrase = HTTPStatus(response.status).phrase
    except ValueError:
        phrase = "Unknown"
    ours = [("Content-Length", str(length))] if length is not None else []
    if fault.chunked or (length is None and response.status not in _WITHOUT_BODY):
        ours.append(("Transfer-Encoding", "chunked"))
    if fault.gzip:
        ours.append(("Content-Encoding", "gzip"))
    ours.append(("Connection", "close" if close else "keep-alive"))
    theirs = {name.lower() for name in fault.headers}
    headers = [*response.headers, *((name, value) for name, value in ours if name.lower() not in theirs)]
    lines = [f"HTTP/1.1 {response.status} {phrase}", *(f"{name}: {value}" for name, value in headers), "", ""]
    return "\r\n".join(lines).encode()


def _chunks(parts: Iterable[bytes]) -> Iterator[bytes]:
    for part in parts:
        if part:
            yield b"%x\r\n%b\r\n" % (len(part), part)
    yield b"0\r\n\r\n"


def _cut(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The first half of what is there, where that is known, else of the first piece."""
    first = next(iter(parts), b"")
    yield first[: len(first) // 2]
