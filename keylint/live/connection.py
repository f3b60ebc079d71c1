"""An address → a connection that is verified and watched: requests and urllib3 on a short lead."""

import errno
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from ipaddress import ip_address
from typing import Any, Final, NamedTuple

import requests
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util.retry import Retry

from .deadline import Overdue, Watch

MAX_BYTES: Final = 262_144
"""How large an answer may be."""


class Unreached(Exception):  # noqa: N818 - becomes a Failure
    """No connection came about. Its text says why in our own words."""


class Answer(NamedTuple):
    """What a server answered, unjudged."""

    status: int
    headers: Mapping[str, tuple[str, ...]]
    """Each header by its name in lower case, and all its values."""
    body: bytes
    """At most MAX_BYTES and one more, as they came."""


class Resolver:
    """Names → addresses, on threads of its own: nothing in the system ends a look-up that hangs."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lookups: dict[tuple[str, int], _Lookup] = {}

    def addresses(self, host: str, port: int, seconds: float) -> "list[_Address]":
        """Where `host` is. Raises Unreached, and Overdue where that takes longer than `seconds`."""
        literal = _literal(host, port)
        if literal is not None:
            return [literal]
        with self._lock:
            lookup = self._lookups.get((host, port))
            if lookup is None or (lookup.done.is_set() and not lookup.found):
                lookup = self._lookups[host, port] = _Lookup(host, port)
        if not lookup.done.wait(seconds):
            raise Overdue
        if not lookup.found:
            msg = "its name could not be resolved"
            raise Unreached(msg)
        return lookup.found


class _Address(NamedTuple):
    family: int
    address: tuple[Any, ...]  # as the socket module takes it


class _Lookup:
    """One look-up, which all that need it wait for."""

    def __init__(self, host: str, port: int) -> None:
        self.found: list[_Address] = []
        self.done = threading.Event()
        threading.Thread(target=self._look, args=(host, port), name="keylint-resolver", daemon=True).start()

    def _look(self, host: str, port: int) -> None:
        try:
            with suppress(OSError, UnicodeError):
                entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
                self.found = [_Address(family, address) for family, _, _, _, address in entries]
        finally:
            self.done.set()


def _literal(host: str, port: int) -> _Address | None:
    try:
        address = ip_address(host.strip("[]"))
    except ValueError:
        return None
    return _Address(socket.AF_INET if address.version == 4 else socket.AF_INET6, (str(address), port))  # noqa: PLR2004


class Line:
    """A connection that is kept open, for one request at a time, to one of a few hosts."""

    def __init__(self, bases: Iterable[str], context: ssl.SSLContext | None, resolver: Resolver) -> None:
        self._resolver = resolver
        self._session = _Session()
        self._session.trust_env = False  # no proxy, no netrc and no CA bundle from the environment
        self._session.adapters.clear()
        for base in bases:
            self._session.mount(f"{base}/", _Adapter(context))

    def get(self, url: str, headers: Mapping[str, str], watch: Watch, allowed: Callable[[], None]) -> Answer:
        """Ask for `url`, whose bytes are sent as they are.

        `allowed` is called before anything is sent, and raises where nothing may be. Raises what it raises, Overdue,
        Unreached, and whatever requests, urllib3, http.client and sockets raise.
        """
        _thread.asking = _Asking(watch, self._resolver, allowed)
        request = requests.PreparedRequest()  # made by hand: nothing of a session, and of another key, gets into it
        request.method, request.url, request.headers = "GET", url, CaseInsensitiveDict(headers)
        response = self._session.send(
            request,
            stream=True,
            timeout=watch.left(),
            verify=True,
            allow_redirects=False,
            proxies={},
        )
        try:
            raw = response.raw
            values = {name.lower(): tuple(raw.headers.getlist(name)) for name in raw.headers}
            body = b""
            while len(body) <= MAX_BYTES and (piece := raw.read(MAX_BYTES + 1 - len(body), decode_content=False)):
                body += piece
            return Answer(response.status_code, values, body)
        finally:
            # Gives a connection back that was read to its end, and closes any other.
            response.close()

    def close(self) -> None:
        """Close the connections."""
        self._session.close()


def tls_context(authorities: str) -> ssl.SSLContext:
    """What verifies servers by the certificates in the file `authorities`, and by no others.

    Not `ssl.create_default_context`, which writes session keys to the file that SSLKEYLOGFILE names.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(authorities)
    return context


def silence() -> None:
    """Let urllib3 and requests log nothing: their debug messages hold signed URLs."""
    names = [name for name in logging.root.manager.loggerDict if name.partition(".")[0] in {"urllib3", "requests"}]
    for name in (*names, "urllib3", "requests"):
        logger = logging.getLogger(name)
        logger.disabled = True
        if _mute not in logger.filters:  # a later `logging.config` may enable a logger, and leaves its filters
            logger.addFilter(_mute)


def _mute(_record: logging.LogRecord) -> bool:
    return False


class _Asking(NamedTuple):
    """The request that a thread is making, for the connection that makes it."""

    watch: Watch
    resolver: Resolver
    allowed: Callable[[], None]


_thread = threading.local()
"""`asking`: urllib3 makes connections by itself and hands nothing on to them."""


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """Say that there is none: requests would read a redirect's whole body, however long, even not to follow it."""


class _Adapter(HTTPAdapter):
    def __init__(self, context: ssl.SSLContext | None) -> None:
        self._context = context
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=Retry(0, read=False))

    def init_poolmanager(self, *arguments: Any, **more: Any) -> None:
        super().init_poolmanager(*arguments, **more)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        """The host of a request; certificates are always verified, by our own context, whatever was asked."""
        host, _ = super().build_connection_pool_key_attributes(request, verify=True)
        return host, {"ssl_context": self._context, "cert_reqs": "CERT_REQUIRED"}

    def build_response(self, req: Any, resp: Any) -> requests.Response:
        """The response without its cookies: of some http.cookiejar prints a traceback, and others take it long."""
        for name in ("Set-Cookie", "Set-Cookie2"):
            del resp._original_response.msg[name]  # noqa: SLF001 - where requests looks for them
        return super().build_response(req, resp)

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Do nothing: the context holds the authorities, and loading them anew for each connection takes 20 ms."""


class _Connection(HTTPConnection):
    debuglevel = 0  # http.client's own, which anybody may have set, prints requests and their headers

    def _new_conn(self) -> socket.socket:
        return _dial(self.host, self.port)

    def connect(self) -> None:
        super().connect()
        _connected()

    def request(self, *arguments: Any, **more: Any) -> None:
        _about_to_send(self.sock)
        super().request(*arguments, **more)


class _TlsConnection(HTTPSConnection):
    debuglevel = 0

    @property
    def is_connected(self) -> bool:
        """Whether the connection can be used again: what came unasked may wait in OpenSSL, where no select sees it."""
        return super().is_connected and not self.sock.pending()  # type: ignore[union-attr]

    def _new_conn(self) -> socket.socket:
        return _dial(self.host, self.port)

    def connect(self) -> None:
        super().connect()
        _connected()

    def request(self, *arguments: Any, **more: Any) -> None:
        _about_to_send(self.sock)
        super().request(*arguments, **more)


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


def _dial(host: str, port: int) -> socket.socket:
    """A connected socket that the watch of this thread's request holds. Raises Unreached and Overdue."""
    asking: _Asking = _thread.asking
    watch = asking.watch
    addresses = asking.resolver.addresses(host, port, watch.left())
    why = "it has no address"
    for index, (family, address) in enumerate(addresses):
        # One address that swallows packets must not take the time of the others.
        seconds = watch.left() / (len(addresses) - index)
        connection = None
        try:
            connection = socket.socket(family, socket.SOCK_STREAM)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.settimeout(seconds)
            connection.connect(address)
            watch.hold(connection)
            connection.settimeout(watch.left())
        except OSError as error:
            why = reason(error)
        except Overdue:
            pass
        else:
            return connection
        if connection is not None:
            connection.close()
    watch.left()
    raise Unreached(why)


def _connected() -> None:
    asking: _Asking = _thread.asking
    asking.watch.connected = time.monotonic()
    asking.allowed()  # dialling takes its time, and the host may have asked for silence meanwhile


def _about_to_send(connection: Any) -> None:
    asking: _Asking = _thread.asking
    asking.allowed()
    if connection is not None:  # one that was kept open; else it is held as it is dialled
        asking.watch.hold(connection)


def reason(error: OSError) -> str:
    """Why a connection failed, in our words: those of libraries and of servers may hold what was sent."""
    match error:
        case TimeoutError():
            return "it did not answer"
        case ConnectionRefusedError():
            return "it refused the connection"
        case ConnectionError():
            return "the connection was cut"
        case _:
            name = errno.errorcode.get(error.errno or 0)
            return f"the system said {name}" if name else "the connection failed"
