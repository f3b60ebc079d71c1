"""keylint.live.transport against servers on loopback: what is sent, what is taken, and every way to fail."""

import gzip
import http.client
import io
import json
import logging
import logging.config
import os
import re
import select
import socket
import ssl
import struct
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from live.keys import API_KEY, NOON, FakeClock, credentials, leaks, signer
from live.raw_server import RawServer, Say, answer, nobody, saying

from keylint.live import connection, endpoints, transport, workers
from keylint.live.connection import MAX_BYTES, Line, Resolver, tls_context
from keylint.live.endpoints import (
    ACCOUNT_STATUS,
    FUTURES_ACCOUNT,
    KEY_PERMISSIONS,
    SPOT_ACCOUNT,
    SUB_ACCOUNT_KEY_IPS,
    SUB_ACCOUNT_KEYS,
    TIME,
    WITHDRAW_HISTORY,
)
from keylint.live.loopback import base_url
from keylint.live.pace import SystemClock
from keylint.live.secret import Secret
from keylint.live.transport import Failure, NotLoopback, Transport

GOOD = {"ipRestrict": True, "createTime": 1623840271000, "enableReading": True}
DEADLINE = 0.4
ENOUGH = 8.0
"""Within which every request that has DEADLINE must have ended, on a busy machine too; what is slow here takes 10."""
KEY2 = "CAvIjXy3F44yW6Pou5k8Dy1swsYDWJZLeoK2r8G4cFDnE9nosRppc2eKc1T8TRTQ"


@contextmanager
def asking(server: RawServer | str, deadline: float = 5.0, connections: int = 8) -> Iterator[Transport]:
    url = server if isinstance(server, str) else server.url
    it = Transport(endpoint=url, clock=FakeClock(), deadline=deadline, connections=connections)
    try:
        yield it
    finally:
        it.close()


def failure(it: Transport, **how: object) -> Failure:
    """What asking for a key's permissions fails with; nothing of a library or a secret hangs on it."""
    with pytest.raises(Failure) as caught:
        it.get(KEY_PERMISSIONS, credentials(**how))  # type: ignore[arg-type] # handed on
    error = caught.value
    assert error.__context__ is None
    assert error.__cause__ is None
    told = "".join(traceback.format_exception(error)) + repr(error) + str(error) + repr(error.args)
    assert leaks(told) == []
    assert "signature" not in told
    assert {it.f_code.co_name for it, _ in traceback.walk_tb(error.__traceback__)} == {"failure", "get"}
    return error


# What is sent


@pytest.mark.parametrize("kind", ["hmac", "rsa", "ed25519"])
def test_a_signed_request_byte_for_byte(kind: str) -> None:
    with RawServer(saying(answer(GOOD))) as server, asking(server) as it:
        assert it.get(KEY_PERMISSIONS, credentials(kind)) == GOOD
        assert it.get(SPOT_ACCOUNT, credentials(kind)) == GOOD
    first, second = server.lines
    match = re.fullmatch(r"GET /sapi/v1/account/apiRestrictions\?(.*)&signature=(\S+) HTTP/1\.1", first)
    assert match is not None
    assert match[1] == f"recvWindow=5000&timestamp={int(NOON.timestamp() * 1000)}"
    assert unquote(match[2]) == signer(kind).sign(match[1].encode())
    assert second.startswith("GET /api/v3/account?omitZeroBalances=true&recvWindow=5000&timestamp=")
    heads = [it.decode().split("\r\n")[1:-2] for it in server.requests]
    names = sorted(it.split(":")[0].lower() for it in heads[0])
    assert names == ["accept", "accept-encoding", "host", "user-agent", "x-mbx-apikey"]
    assert {"Accept-Encoding: identity", f"X-MBX-APIKEY: {API_KEY}"} <= set(heads[0])
    assert it.requests_sent == 2


def test_values_are_encoded_before_they_are_signed() -> None:
    values: dict[str, str | Secret] = {"email": "grid+é @example.com", "subAccountApiKey": Secret(KEY2, "answer")}
    with RawServer(saying(answer(GOOD))) as server, asking(server) as it:
        it.get(SUB_ACCOUNT_KEY_IPS, credentials(), values)
    query = server.lines[0].split(" ")[1].split("?")[1]
    payload, signature = query.split("&signature=")
    assert payload.startswith(
        f"email=grid%2B%C3%A9%20%40example.com&subAccountApiKey={KEY2}&recvWindow=5000&timestamp="
    )
    assert signature == signer("hmac").sign(payload.encode())


def test_time_is_asked_without_a_key() -> None:
    with RawServer(saying(answer({"serverTime": int(NOON.timestamp() * 1000)}))) as server, asking(server) as it:
        it.measure_skew()
    assert server.lines == ["GET /api/v3/time HTTP/1.1"]
    assert b"MBX" not in server.requests[0].upper()


def test_one_connection_serves_many_keys_and_no_header_stays_on_it() -> None:
    cookie = answer(GOOD, 200, "Set-Cookie: a=b", f"X-MBX-APIKEY: {KEY2}", "Keep-Alive: timeout=5")
    with RawServer(saying(cookie)) as server, asking(server) as it:
        for api_key in (API_KEY, KEY2, API_KEY):
            it.get(KEY_PERMISSIONS, credentials(api_key=api_key))
        it.get(TIME)
    assert server.connections == 1
    keys = [re.findall(rb"X-MBX-APIKEY: (\w+)", head) for head in server.requests]
    assert keys == [[API_KEY.encode()], [KEY2.encode()], [API_KEY.encode()], []]
    assert not [head for head in server.requests if b"cookie" in head.lower()]


def something_arrived(it: Transport) -> None:
    """Wait until there is something to read, or an end, on the connection that is kept open."""
    adapter = next(iter(it._idle[0]._session.adapters.values()))
    assert isinstance(adapter, requests.adapters.HTTPAdapter)
    pools = adapter.poolmanager.pools
    (kept,) = [conn for key in pools.keys() for conn in pools[key].pool.queue if conn]  # noqa: SIM118 - no mapping
    assert select.select([kept.sock], [], [], 5)[0]


def test_a_connection_that_was_closed_meanwhile_is_made_anew() -> None:
    with RawServer(said(WHOLE)) as server, asking(server) as it:
        for _ in range(3):
            assert it.get(KEY_PERMISSIONS, credentials()) == GOOD
            something_arrived(it)
    assert server.connections == 3


def test_what_nobody_asked_for_is_not_the_next_keys_answer() -> None:
    """Whether it comes with the answer before, or after it."""
    fake = answer({"enableReading": False, "fake": True})

    def late(conn: socket.socket, _head: bytes) -> bool:
        conn.sendall(WHOLE)
        assert taken.wait(5)
        taken.clear()
        conn.sendall(fake)
        return True

    taken = threading.Event()
    with RawServer(late) as server, asking(server) as it:
        for api_key in (API_KEY, KEY2, API_KEY):
            assert it.get(KEY_PERMISSIONS, credentials(api_key=api_key)) == GOOD
            taken.set()
            something_arrived(it)
        server.say = saying(WHOLE + fake * 1000)
        assert it.get(KEY_PERMISSIONS, credentials()) == GOOD
        something_arrived(it)
        assert it.get(KEY_PERMISSIONS, credentials()) == GOOD
    assert len(server.requests) == 5


def test_futures_go_to_their_own_host_and_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str]] = []

    def get(_self: Line, url: str, headers: object, *_: object) -> None:
        asked.append((url.split("?", maxsplit=1)[0], str(headers)))
        msg = "no network here"
        raise OSError(msg)

    monkeypatch.setattr(Line, "get", get)
    it = Transport(clock=FakeClock())
    for endpoint in (KEY_PERMISSIONS, FUTURES_ACCOUNT):
        with pytest.raises(Failure):
            it.get(endpoint, credentials())
    it.close()
    assert [url for url, _ in asked] == [
        "https://api.binance.com/sapi/v1/account/apiRestrictions",
        "https://fapi.binance.com/fapi/v3/account",
    ]


@pytest.mark.parametrize(
    ("endpoint", "with_key", "values", "why"),
    [
        (KEY_PERMISSIONS._replace(path="/sapi/v1/capital/withdraw/apply"), True, {}, "only requests of the table"),
        (KEY_PERMISSIONS._replace(fixed=(("a", "b"),)), True, {}, "only requests of the table"),
        (KEY_PERMISSIONS, False, {}, "is asked with credentials"),
        (TIME, True, {}, "is asked without credentials"),
        (KEY_PERMISSIONS, True, {"email": "a"}, r"takes the values \(none\)"),
        (SUB_ACCOUNT_KEYS, True, {"email": "a"}, "takes the values email, page"),
        (SUB_ACCOUNT_KEYS, True, {"email": "a", "page": "1", "timestamp": "1"}, "takes the values email, page"),
    ],
)
def test_what_is_not_in_the_table_is_not_sent(
    endpoint: endpoints.Endpoint, with_key: bool, values: dict[str, str], why: str
) -> None:
    with RawServer(saying(answer(GOOD))) as server, asking(server) as it, pytest.raises(ValueError, match=why):
        it.get(endpoint, credentials() if with_key else None, values)
    assert server.connections == 0


def test_half_a_character_in_a_value_is_no_request() -> None:
    with RawServer(saying(answer(GOOD))) as server, asking(server) as it:
        with pytest.raises(Failure) as caught:
            it.get(SUB_ACCOUNT_KEYS, credentials(), {"email": "\ud800", "page": "1"})
        assert caught.value.outcome == "malformed"
    assert server.connections == 0


def test_a_closed_transport_sends_nothing() -> None:
    with RawServer(saying(answer(GOOD))) as server, asking(server) as it:
        it.close()
        with pytest.raises(ValueError, match="closed"):
            it.get(KEY_PERMISSIONS, credentials())
    assert server.connections == 0


# Where to


LOOPBACK = {
    "http://127.0.0.1:8080": "http://127.0.0.1:8080",
    "http://127.0.0.1:8080/": "http://127.0.0.1:8080",
    "https://127.255.0.9": "https://127.255.0.9",
    "HTTP://[::1]:1": "http://[::1]:1",
    "http://localhost:8080": "http://127.0.0.1:8080",
    "http://LOCALHOST": "http://127.0.0.1",
}


@pytest.mark.parametrize(("given", "taken"), LOOPBACK.items())
def test_loopback(given: str, taken: str) -> None:
    assert base_url(given) == taken


@pytest.mark.parametrize(
    "endpoint",
    [
        "",
        "127.0.0.1:8080",
        "ftp://127.0.0.1",
        "file:///etc/passwd",
        "http://",
        "http://:80",
        "http://api.binance.com",
        "https://api.binance.com",
        "http://192.168.0.1",
        "http://0.0.0.0",
        "http://[::]",
        "http://128.0.0.1",
        "http://10.0.0.1:8080",
        "http://[::ffff:127.0.0.1]",
        "http://[::ffff:8.8.8.8]",
        "http://[fe80::1%lo]",
        "http://[::1%lo]",
        "http://127.1",
        "http://2130706433",
        "http://0x7f.0.0.1",
        "http://0177.0.0.1",
        "http://127.0.0.1.",
        "http://localhost.evil.example",
        "http://localhost.",
        "http://user:password@127.0.0.1",
        "http://127.0.0.1@evil.example",
        "http://127.0.0.1#@evil.example",
        "http://127.0.0.1\\@evil.example",
        "http://127.0.0.1?x=1",
        "http://127.0.0.1/x",
        "http://127.0.0.1//evil.example",
        "http://127.0.0.1:0",
        "http://127.0.0.1:99999",
        "http://127.0.0.1:x",
        "http://127.0.0.1 ",
        "http://127.0.0.1\r\nX: y",
        "http://127.0.0.１",
        "http://[::1",
        "//127.0.0.1",
    ],
)
def test_what_is_not_on_this_machine(endpoint: str) -> None:
    with pytest.raises(NotLoopback, match="--endpoint takes") as caught:
        Transport(endpoint=endpoint, clock=FakeClock())
    assert "password" not in str(caught.value)


REDIRECTS = [
    *((status, "{other}/x") for status in (301, 302, 303, 307, 308, 300, 304)),
    (302, "{own}/sapi/v1/account/apiRestrictions"),
    (302, "//{netloc}/x"),
    (302, "http://user:pw@{netloc}/"),
    (307, "https://evil.example/"),
    (302, "/other"),
    (302, "\x00\xff"),
    (302, "http://[::1"),
]


@pytest.mark.parametrize(("status", "to"), REDIRECTS)
def test_redirects_are_not_followed(status: int, to: str) -> None:
    with RawServer(saying(answer(GOOD))) as other, RawServer(lambda *_: None) as server, asking(server) as it:
        place = to.format(other=other.url, own=server.url, netloc=f"127.0.0.1:{other.port}")
        server.say = saying(answer(GOOD, status, f"Location: {place}"))
        error = failure(it)
        assert (error.outcome, error.code) == ("malformed", None)
        assert f"HTTP {status}, a redirect, which keylint does not follow" in error.message
    assert other.connections == 0
    assert len(server.requests) == 1


def test_the_body_of_a_redirect_is_not_read_to_its_end() -> None:
    def endless(conn: socket.socket, _head: bytes) -> None:
        conn.sendall(b"HTTP/1.1 302 X\r\nLocation: /x\r\n\r\n")
        while True:
            conn.sendall(b"x" * 65_536)

    with RawServer(endless) as server, asking(server) as it:
        assert "a redirect" in failure(it).message


def test_nothing_is_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text("default login a password b")
    with RawServer(saying(answer({"evil": 1}))) as proxy, RawServer(saying(answer(GOOD))) as server:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
            for spelling in (name, name.lower()):
                monkeypatch.setenv(spelling, "" if name == "NO_PROXY" else proxy.url)
        monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
        monkeypatch.setenv("HOME", str(tmp_path))
        for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"):
            monkeypatch.setenv(name, str(tmp_path / "none"))
        with asking(server) as it:
            assert it.get(KEY_PERMISSIONS, credentials()) == GOOD
    assert proxy.connections == 0
    assert b"authorization" not in server.requests[0].lower()


# TLS


def certificate(tmp_path: Path, *, name: str = "127.0.0.1", days: int = 1) -> tuple[Path, ssl.SSLContext]:
    """A certificate that signs itself, and the server's side of it."""
    import ipaddress  # noqa: PLC0415 - here alone

    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=9))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(name))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, SHA256())
    )
    file = tmp_path / "server.pem"
    pem = built.public_bytes(Encoding.PEM)
    file.write_bytes(pem + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (tmp_path / "authority.pem").write_bytes(pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return tmp_path / "authority.pem", context


def trusting(monkeypatch: pytest.MonkeyPatch, authority: Path) -> None:
    monkeypatch.setattr(transport, "DEFAULT_CA_BUNDLE_PATH", str(authority))


def test_tls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    authority, tls = certificate(tmp_path)
    trusting(monkeypatch, authority)
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys.log"))
    with RawServer(saying(answer(GOOD)), tls=tls) as server, asking(server) as it:
        for _ in range(3):
            assert it.get(KEY_PERMISSIONS, credentials()) == GOOD
    assert server.connections == 1
    assert not (tmp_path / "keys.log").exists()


CERTIFICATES = {
    "signs itself": ({}, None, "is signed by itself"),
    "expired": ({"days": -1}, "own", "has expired"),
    "another address": ({"name": "127.0.0.2"}, "own", "is another address's"),
}


@pytest.mark.parametrize(("how", "trusted", "why"), CERTIFICATES.values(), ids=CERTIFICATES)
def test_certificates_are_verified(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, how: dict[str, Any], trusted: str | None, why: str
) -> None:
    authority, tls = certificate(tmp_path, **how)
    if trusted:
        trusting(monkeypatch, authority)
    with RawServer(saying(answer(GOOD)), tls=tls) as server, asking(server) as it:
        error = failure(it)
    assert error.outcome == "unreachable"
    assert error.message == (
        f"127.0.0.1:{server.port} could not be trusted: its TLS certificate {why}; nothing was sent"
    )
    assert server.requests == []


def test_verification_cannot_be_switched_off(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Not by what requests and urllib3 look at, nor by a session that was told not to verify."""
    _, tls = certificate(tmp_path)
    monkeypatch.setattr(requests.Session, "verify", False, raising=False)
    monkeypatch.setenv("PYTHONHTTPSVERIFY", "0")
    with RawServer(saying(answer(GOOD)), tls=tls) as server, asking(server) as it:
        with it._lock:
            line = Line(it._bases, it._tls, it._resolver)
            line._session.verify = False
            it._idle.append(line)
        assert "is signed by itself" in failure(it).message
    assert server.requests == []


def test_plain_text_on_the_port_of_tls() -> None:
    def plain(conn: socket.socket, _head: bytes) -> None:
        conn.sendall(b"HTTP/1.1 400 X\r\n\r\n")

    with RawServer(plain) as server, asking(server.url.replace("http:", "https:")) as it:
        # The first bytes of TLS are no head of a request: the server only sees them and waits.
        server.say = plain
        it._watchdog.seconds = DEADLINE  # type: ignore[misc] # shortened for the wait
        assert failure(it).outcome == "unreachable"

    def greeting(listener: socket.socket) -> None:
        with listener.accept()[0] as conn:
            conn.sendall(b"220 smtp.example ready\r\n")
            conn.recv(4096)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=greeting, args=(listener,), daemon=True).start()
        with asking(f"https://127.0.0.1:{listener.getsockname()[1]}") as it:
            assert "it did not speak TLS" in failure(it).message


def test_old_tls_is_not_spoken() -> None:
    context = tls_context(requests.utils.DEFAULT_CA_BUNDLE_PATH)
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert context.check_hostname
    assert context.verify_mode == ssl.CERT_REQUIRED


# Time


def drip(data: bytes, every: float = 0.02) -> Say:
    def say(conn: socket.socket, _head: bytes) -> None:
        for at in range(len(data)):
            conn.sendall(data[at : at + 1])
            time.sleep(every)

    return say


def silent(conn: socket.socket, _head: bytes) -> None:
    conn.recv(1)


def hundred(conn: socket.socket, _head: bytes) -> None:
    while True:
        conn.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")


def head_then_drip(conn: socket.socket, head: bytes) -> None:
    conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n")
    drip(b" " * 1000)(conn, head)


def until_close(conn: socket.socket, head: bytes) -> None:
    """A good answer without a length, and then more of nothing: what ends it must not pass for its end."""
    conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + json.dumps(GOOD).encode())
    drip(b" " * 1000)(conn, head)


def chunks(conn: socket.socket, head: bytes) -> None:
    conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
    drip(b"1\r\n \r\n" * 1000)(conn, head)


def closing_drip(conn: socket.socket, head: bytes) -> None:
    """Here http.client gives the socket away to the response before its body is read."""
    conn.sendall(
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n"
    )
    drip(b" " * 1000)(conn, head)


SLOW: dict[str, Say] = {
    "accepted and silent": silent,
    "status line drips": drip(b"HTTP/1.1 200 " + b"O" * 500),
    "headers drip": drip(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500),
    "body drips": head_then_drip,
    "body drips on a connection that closes": closing_drip,
    "body without an end drips": until_close,
    "chunks drip": chunks,
    "100 Continue for ever": hundred,
}


@pytest.mark.parametrize("say", SLOW.values(), ids=SLOW)
@pytest.mark.parametrize("reused", [False, True], ids=["new", "kept open"])
def test_slow_answers_end_in_time(say: Say, reused: bool) -> None:
    with RawServer(saying(answer(GOOD))) as server, asking(server, DEADLINE) as it:
        if reused:
            it.get(KEY_PERMISSIONS, credentials())
        server.say = say
        began = time.monotonic()
        error = failure(it)
        took = time.monotonic() - began
        server.say = saying(answer(GOOD))
        assert it.get(KEY_PERMISSIONS, credentials()) == GOOD
    assert error.outcome == "unreachable"
    assert error.message == f"127.0.0.1:{server.port} gave no whole answer within 0.4 seconds"
    assert took < ENOUGH


def test_slow_but_whole_is_good() -> None:
    with RawServer(drip(answer(GOOD), every=0.001)) as server, asking(server) as it:
        assert it.get(KEY_PERMISSIONS, credentials()) == GOOD


def test_silent_tls_ends_in_time(tmp_path: Path) -> None:
    with RawServer(silent, silent=True) as server, asking(server.url.replace("http", "https"), DEADLINE) as it:
        began = time.monotonic()
        assert "no whole answer within 0.4 seconds" in failure(it).message
    assert time.monotonic() - began < ENOUGH


def test_dripping_tls_ends_in_time(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    authority, tls = certificate(tmp_path)
    trusting(monkeypatch, authority)
    with RawServer(head_then_drip, tls=tls) as server, asking(server, DEADLINE) as it:
        began = time.monotonic()
        assert "no whole answer within 0.4 seconds" in failure(it).message
    assert time.monotonic() - began < ENOUGH


def test_a_handshake_that_drips_ends_in_time() -> None:
    def greeting(listener: socket.socket, done: threading.Event) -> None:
        with listener.accept()[0] as conn:
            conn.sendall(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc")  # the beginning of a long ServerHello
            while not done.wait(0.02):
                conn.sendall(b"\0")

    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=greeting, args=(listener, done), daemon=True).start()
        with asking(f"https://127.0.0.1:{listener.getsockname()[1]}", DEADLINE) as it:
            began = time.monotonic()
            assert failure(it).outcome == "unreachable"
            assert time.monotonic() - began < ENOUGH
    done.set()


def test_a_black_hole_ends_in_time() -> None:
    """A full backlog swallows the packets of whoever dials."""
    with socket.socket() as hole:
        hole.bind(("127.0.0.1", 0))
        hole.listen(0)
        fillers = []
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(hole.getsockname())
            fillers.append(filler)
        with asking(f"http://127.0.0.1:{hole.getsockname()[1]}", DEADLINE) as it:
            began = time.monotonic()
            error = failure(it)
            assert time.monotonic() - began < ENOUGH
            assert error.outcome == "unreachable"
        for filler in fillers:
            filler.close()


def resolving(monkeypatch: pytest.MonkeyPatch, look: Callable[..., list[tuple[object, ...]]]) -> Transport:
    monkeypatch.setattr(socket, "getaddrinfo", look)
    return Transport(clock=FakeClock(), deadline=DEADLINE)


def test_a_name_that_is_looked_up_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    done, looks = threading.Event(), []

    def hang(*_: object, **__: object) -> list[tuple[object, ...]]:
        looks.append(1)
        done.wait(30)
        return []

    it = resolving(monkeypatch, hang)
    began = time.monotonic()
    results = it.run([lambda: it.get(KEY_PERMISSIONS, credentials())] * 20)
    took = time.monotonic() - began
    done.set()
    it.close()
    assert took < 2 * ENOUGH
    assert {getattr(result, "outcome", "") for result in results} == {"unreachable"}
    assert len(looks) == 1  # all that wait, wait for one


def test_a_name_that_does_not_exist_is_looked_up_again(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = []

    def fail(*_: object, **__: object) -> list[tuple[object, ...]]:
        looks.append(1)
        raise socket.gaierror(-2, "Name or service not known")

    it = resolving(monkeypatch, fail)
    for _ in range(2):
        assert failure(it).message == "api.binance.com could not be reached: its name could not be resolved"
    it.close()
    assert len(looks) == 2


def test_each_address_of_a_name_gets_its_time() -> None:
    """One that refuses, then one that swallows packets, then the right one."""
    with RawServer(saying(answer(GOOD))) as server, nobody() as none, asking(server) as it:
        dead = int(none.rsplit(":", 1)[1])

        class Many(Resolver):
            def addresses(self, host: str, port: int, seconds: float) -> list[connection._Address]:
                return [connection._Address(socket.AF_INET, ("127.0.0.1", to)) for to in (dead, dead, server.port)]

        it._resolver = Many()
        assert it.get(KEY_PERMISSIONS, credentials()) == GOOD


def test_a_name_with_a_private_address_is_no_way_around_tls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _, tls = certificate(tmp_path)
    with RawServer(saying(answer(GOOD)), tls=tls) as server:
        it = resolving(
            monkeypatch, lambda *_, **__: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", server.port))]
        )
        assert "could not be trusted" in failure(it).message
        it.close()
    assert server.requests == []


# Cut connections


def reset(conn: socket.socket, _head: bytes) -> None:
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def said(data: bytes) -> Say:
    return saying(data, again=False)


WHOLE = answer(GOOD)
CUT: dict[str, tuple[Say, str, str]] = {
    "before": (said(b""), "unreachable", "cut its answer off"),
    "reset before": (reset, "unreachable", "could not be reached: the connection was cut"),
    "in the status line": (said(b"HTTP/1.1 2"), "malformed", "HTTP"),
    "in the headers": (said(b"HTTP/1.1 200 OK\r\nContent-Type: appl"), "malformed", "not with JSON"),
    "after the headers": (
        said(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"),
        "malformed",
        "it is empty",
    ),
    "in the body": (said(WHOLE[:-5]), "unreachable", "cut its answer off"),
    "in a chunk": (
        said(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n50\r\n{}"),
        "unreachable",
        "cut its answer off",
    ),
    "before the last chunk": (
        said(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"),
        "unreachable",
        "cut its answer off",
    ),
    "a chunk of no number": (
        said(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}"),
        "",
        "",
    ),
    "without a length": (
        said(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + json.dumps(GOOD).encode()[:-3]),
        "malformed",
        "it is not one JSON document",
    ),
    "no HTTP": (said(b"SSH-2.0-OpenSSH_9.6\r\n"), "malformed", "in something that is not HTTP"),
    "HTTP/2": (said(b"HTTP/2 200\r\nContent-Type: application/json\r\n\r\n{}"), "malformed", "not HTTP"),
    "a status of two digits": (said(b"HTTP/1.1 20 OK\r\n\r\n{}"), "malformed", "not HTTP"),
    "a header of 70 KB": (said(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000 + b"\r\n\r\n{}"), "malformed", "not HTTP"),
    "500 headers": (said(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n{}"), "malformed", "not HTTP"),
}


@pytest.mark.parametrize(("say", "outcome", "why"), CUT.values(), ids=CUT)
def test_answers_that_are_cut_or_no_http(say: Say, outcome: str, why: str) -> None:
    with RawServer(say) as server, asking(server) as it:
        error = failure(it)
        assert error.outcome in ({outcome} if outcome else {"malformed", "unreachable"})
        assert why in error.message
        assert len(server.requests) == 1  # and it was not tried again
        server.say = saying(WHOLE)
        assert it.get(KEY_PERMISSIONS, credentials()) == GOOD


def test_refused() -> None:
    with nobody() as url, asking(url) as it:
        assert failure(it).message == f"{url[7:]} could not be reached: it refused the connection"


# Answers


def reply(data: object = GOOD, status: int | str = 200, *headers: str, **how: object) -> bytes:
    return answer(data, status, *headers, **how)  # type: ignore[arg-type] # handed on


def problem(code: object, status: int = 400, *headers: str, msg: object = f"key {API_KEY} \x1b[31m::error::") -> bytes:
    return answer({"code": code, "msg": msg}, status, *headers)


QUIET = "answered HTTP"
ANSWERS: dict[str, tuple[bytes, str, int | None, str]] = {
    # Binance's own codes, whatever the status
    "-2008": (problem(-2008, 400), "not-found", -2008, "“Invalid Api-Key ID”"),
    "-2008 as 200": (problem(-2008, 200), "not-found", -2008, "“Invalid Api-Key ID”"),
    "-2015": (problem(-2015, 401), "rejected", -2015, "is this host's address on the key's list"),
    "-2015 as 200": (problem(-2015, 200), "rejected", -2015, "and not which"),
    "-2015 of futures": (
        problem(-2015, 401, msg="Invalid API-key, IP, or permissions for action, request ip: 203.0.113.10"),
        "rejected",
        -2015,
        "is the key still there",
    ),
    "-2014": (problem(-2014, 401), "rejected", -2014, "“API-key format invalid”"),
    "-1022": (problem(-1022), "rejected", -1022, "the secret or private key is another's"),
    "-1002": (problem(-1002, 401), "rejected", -1002, "not authorized"),
    "-1021": (problem(-1021), "rejected", -1021, "the timestamp is outside of its window"),
    "-1003": (problem(-1003), "limited", -1003, "too many requests"),
    "-9000": (problem(-9000), "rejected", -9000, "Unsupported"),
    **{str(it): (problem(it), "unreachable", it, "in trouble") for it in (-1000, -1001, -1006, -1007, -1008, -1016)},
    **{str(it): (problem(it), "malformed", it, "a fault of keylint") for it in (-1100, -1102, -1108, -1130)},
    "an unknown code": (problem(-4242), "malformed", -4242, "an error that keylint does not know (-4242)"),
    "code 0": (problem(0), "malformed", 0, "does not know"),
    "451": (
        problem(0, 451, msg="Service unavailable from a restricted location according to…"),
        "rejected",
        0,
        "does not serve the country",
    ),
    "451 as 200": (problem(0, 200, msg="… a restricted location …"), "rejected", 0, "does not serve the country"),
    "451 without JSON": (reply(b"<html>", 451), "rejected", None, "does not serve the country"),
    # Codes that are none
    "a code as text": (problem("-2015", 401), "malformed", None, "HTTP 401 without one of Binance's codes"),
    "a code as text in a 200": (problem("-2008", 200), "malformed", None, "an error whose code is no number"),
    "a fraction": (problem(-2008.0), "malformed", None, "without one of"),
    "true": (problem(True), "malformed", None, "without one of"),
    "null": (problem(None, 200), "malformed", None, "no number"),
    "a huge code": (problem(-20080000000), "malformed", None, "without one of"),
    "a message that is none": (problem(-2008, msg=1), "malformed", None, "without one of"),
    "a code twice": (reply(b'{"code":-1,"code":-2008,"msg":""}', 400), "malformed", None, "without one of"),
    "a look-alike": (reply({"сode": -2008, "msg": ""}, 400), "malformed", None, "without one of"),
    "mis-cased": (reply({"Code": -2008, "msg": ""}, 400), "malformed", None, "without one of"),
    "an error in a list": (reply([{"code": -2008}], 400), "malformed", None, "without one of"),
    # Silence
    "429": (problem(-1003, 429), "limited", -1003, f"{QUIET} 429"),
    "429 of another code": (problem(-2008, 429), "limited", -2008, f"{QUIET} 429"),
    "429 of no code": (reply(b"", 429), "limited", None, f"{QUIET} 429"),
    "418": (problem(-1003, 418), "limited", -1003, f"{QUIET} 418"),
    "403 of the firewall": (reply(b"<html>", 403, kind="text/html"), "limited", None, f"{QUIET} 403"),
    "403 with a good body": (reply(GOOD, 403), "limited", None, f"{QUIET} 403"),
    "-1003 in a 503": (problem(-1003, 503), "limited", -1003, "too many"),
    # Trouble
    **{str(it): (reply(b"<html>", it), "unreachable", None, f"HTTP {it}") for it in (500, 502, 503, 504, 599)},
    "503 that says no such key": (problem(-2008, 503), "unreachable", -2008, "HTTP 503 (-2008): its state is unknown"),
    "500 with a good body": (reply(GOOD, 500), "unreachable", None, "HTTP 500"),
    # Other statuses
    **{str(it): (reply(GOOD, it), "malformed", None, f"HTTP {it}") for it in (201, 202, 203, 205, 206, 103, 600, 999)},
    "204": (b"HTTP/1.1 204 X\r\n\r\n", "malformed", None, "HTTP 204"),
    "101": (b"HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", "malformed", None, "HTTP 101"),
    "404 of nginx": (reply(b"<html>", 404, kind="text/html"), "malformed", None, "HTTP 404 without one of"),
    "400 with a good body": (reply(GOOD, 400), "malformed", None, "HTTP 400 without one of"),
    "401 of nothing": (reply(b"", 401), "malformed", None, "HTTP 401 without one of"),
    "400 larger than it may be": (reply(b" " * 300_000, 400), "malformed", None, "HTTP 400"),
    # What an answer is said to hold
    "no type": (reply(kind=None), "malformed", None, "not with JSON"),
    "HTML": (reply(kind="text/html"), "malformed", None, "not with JSON"),
    "text": (reply(kind="text/plain"), "malformed", None, "not with JSON"),
    "two types": (reply(GOOD, 200, "Content-Type: application/json"), "malformed", None, "not with JSON"),
    "nearly JSON": (reply(kind="application/jsonp"), "malformed", None, "not with JSON"),
    "another charset": (reply(kind="application/json; charset=utf-16"), "malformed", None, "another charset"),
    "a strange parameter": (reply(kind="application/json; x"), "malformed", None, "another charset"),
    "gzip": (reply(gzip.compress(b"{}"), 200, "Content-Encoding: gzip"), "malformed", None, "compressed"),
    "said to be gzip": (reply(GOOD, 200, "Content-Encoding: gzip"), "malformed", None, "compressed"),
    "deflate": (reply(GOOD, 200, "Content-Encoding: deflate"), "malformed", None, "compressed"),
    "br in a second header": (
        reply(GOOD, 200, "Content-Encoding: identity", "Content-Encoding: br"),
        "malformed",
        None,
        "",
    ),
    # How long it is said to be
    "two equal lengths": (reply(GOOD, 200, f"Content-Length: {len(json.dumps(GOOD))}"), "malformed", None, ""),
    "two lengths": (reply(GOOD, 200, "Content-Length: 5"), "malformed", None, ""),
    "two lengths in one": (
        b"HTTP/1.1 200 X\r\nContent-Type: application/json\r\nContent-Length: 2, 2\r\nConnection: close\r\n\r\n{}",
        "malformed",
        None,
        "",
    ),
    "negative": (reply(b"{}", 200, "Content-Length: -1", "Connection: close", length=False), "malformed", None, ""),
    "no number": (reply(b"{}", 200, "Content-Length: two", "Connection: close", length=False), "malformed", None, ""),
    "a number with a plus": (reply(b"{}", 200, "Content-Length: +2", length=False), "malformed", None, ""),
    "a number with other digits": (
        reply(b"{}", 200, "Content-Length: ２", "Connection: close", length=False),
        "malformed",
        None,
        "",
    ),
    "a length and chunks": (
        reply(b"2\r\n{}\r\n0\r\n\r\n", 200, "Transfer-Encoding: chunked", "Connection: close"),
        "malformed",
        None,
        "Transfer-Encoding",
    ),
    "another coding": (
        reply(b"{}", 200, "Transfer-Encoding: gzip", "Connection: close", length=False),
        "malformed",
        None,
        "Transfer-Encoding",
    ),
    "two codings": (
        reply(b"2\r\n{}\r\n0\r\n\r\n", 200, "Transfer-Encoding: gzip, chunked", "Connection: close", length=False),
        "malformed",
        None,
        "Transfer-Encoding",
    ),
    # What it holds
    "nothing": (reply(b""), "malformed", None, "it is empty"),
    "cut JSON": (reply(b'{"a":'), "malformed", None, "not one JSON document"),
    "two documents": (reply(b"{}{}"), "malformed", None, "not one JSON document"),
    "byte order mark": (reply(b"\xef\xbb\xbf{}"), "malformed", None, "byte order mark"),
    "NaN": (reply(b'{"a":NaN}'), "malformed", None, "a number in it is none"),
    "5,000 digits": (reply(b'{"createTime":' + b"1" * 5000 + b"}"), "malformed", None, "too large"),
    "key twice": (reply(b'{"enableWithdrawals":true,"enableWithdrawals":false}'), "malformed", None, "one key twice"),
    "100,000 deep": (reply(b"[" * 100_000), "malformed", None, "nested deeper than 32"),
    "half a character": (reply(b'{"data":"\\ud800"}'), "malformed", None, "half a character"),
    "more than 256 KiB": (reply(b'"' + b"x" * MAX_BYTES + b'"'), "malformed", None, "more than 262,144 bytes"),
}


@pytest.mark.parametrize(("data", "outcome", "code", "why"), ANSWERS.values(), ids=ANSWERS)
def test_bad_answers(data: bytes, outcome: str, code: int | None, why: str) -> None:
    body = data.partition(b"\r\n\r\n")[2]
    framed = set(re.findall(rb"Content-Length: (.*)\r", data)) == {str(len(body)).encode()} and b"chunked" not in data
    with RawServer(saying(data, again=framed)) as server, asking(server) as it:
        error = failure(it)
        assert (error.outcome, error.code) == (outcome, code)
        assert why in error.message
        assert error.message.startswith(f"127.0.0.1:{server.port}")
        assert error.message.isprintable()
        assert "::error::" not in error.message
        assert len(server.requests) == 1
        server.say = saying(WHOLE)
        if outcome == "limited":
            again = failure(it)
            assert (again.outcome, len(server.requests)) == ("limited", 1)
        else:  # and nothing of it is left on the connection
            assert it.get(KEY_PERMISSIONS, credentials()) == GOOD


GOOD_ANSWERS = {
    "type with a charset": reply(kind='Application/JSON;charset="UTF-8"'),
    "identity": reply(GOOD, 200, "Content-Encoding: identity"),
    "chunks": reply(b"2\r\n{}\r\n0\r\n\r\n", 200, "Transfer-Encoding: chunked", length=False),
    "until it closes": reply(b"{}", 200, length=False),
    "HTTP/1.0": reply().replace(b"HTTP/1.1", b"HTTP/1.0"),
    "256 KiB": reply(b'"' + b"x" * (MAX_BYTES - 2) + b'"'),
    "after a 100": b"HTTP/1.1 100 Continue\r\n\r\n" + reply(),
    "an error's words deeper in": reply({"data": {"code": -2008, "msg": ""}}),
    "null": reply(b"null"),
}


@pytest.mark.parametrize("data", GOOD_ANSWERS.values(), ids=GOOD_ANSWERS)
def test_good_answers(data: bytes) -> None:
    with RawServer(said(data)) as server, asking(server) as it:
        it.get(KEY_PERMISSIONS, credentials())


def test_an_endless_body_is_not_kept() -> None:
    def endless(conn: socket.socket, _head: bytes) -> None:
        conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 999999999\r\n\r\n")
        while True:
            conn.sendall(b" " * 65_536)

    with RawServer(endless) as server, asking(server) as it:
        assert "more than 262,144 bytes" in failure(it).message


# Silence, and trouble in a row


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        (["Retry-After: 1"], ", and asks for 1 s of silence"),
        (["Retry-After: 3600"], ", and asks for 3600 s of silence"),
        (["Retry-After: 259200"], ", and asks for 259200 s of silence"),
        (["Retry-After: 259201"], ""),
        (["Retry-After: 0"], ""),
        (["Retry-After: -1"], ""),
        (["Retry-After: abc"], ""),
        (["Retry-After: ١"], ""),
        (["Retry-After: Fri, 20 Nov 2026 12:00:00 GMT"], ""),
        (["Retry-After: 1", "Retry-After: 2"], ""),
        ([f"Retry-After: {API_KEY}"], ""),
        ([], ""),
    ],
)
@pytest.mark.parametrize("status", [403, 418, 429])
def test_silence_is_kept_and_its_time_named(headers: list[str], told: str, status: int) -> None:
    with RawServer(saying(answer(b"", status, *headers))) as server, asking(server) as it:
        began = time.monotonic()
        first = failure(it).message
        assert first == f"127.0.0.1:{server.port} answered HTTP {status}{told}"
        assert time.monotonic() - began < 5  # it is not waited for
        again = [failure(it) for _ in range(3)]
        with pytest.raises(Failure, match="not asked"):
            it.get(FUTURES_ACCOUNT, credentials())  # on this server it is the same host
        with pytest.raises(Failure, match="not asked"):
            it.measure_skew()
    assert {(it.outcome, it.message) for it in again} == {
        ("limited", f"not asked, to take no bot off the exchange, because earlier {first}")
    }
    assert (len(server.requests), server.connections, it.requests_sent) == (1, 1, 1)


def test_silence_of_one_host_is_not_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def get(_self: Line, url: str, *_: object) -> connection.Answer:
        seen.append(url)
        return connection.Answer(418, {}, b"")

    monkeypatch.setattr(Line, "get", get)
    it = Transport(clock=FakeClock())
    for endpoint in (KEY_PERMISSIONS, ACCOUNT_STATUS, FUTURES_ACCOUNT, FUTURES_ACCOUNT):
        with pytest.raises(Failure):
            it.get(endpoint, credentials())
    it.close()
    assert [re.findall(r"//(\w+)", url)[0] for url in seen] == ["api", "fapi"]


def test_no_request_is_begun_after_the_first_418_arrived() -> None:
    """Eight at a time: those under way may have gone out, and none after them."""
    arrived: list[float] = []
    banned = threading.Event()

    def say(conn: socket.socket, _head: bytes) -> bool:
        with lock:
            arrived.append(time.monotonic())
            first = len(arrived) == 8
        if first:
            conn.sendall(answer(b"", 418))
            banned.set()
        else:
            banned.wait(5)
            server.pause(0.2)  # the ban is there before
            conn.sendall(WHOLE)
        return True

    lock = threading.Lock()
    with RawServer(say) as server, asking(server) as it:
        results = it.run([lambda: it.get(KEY_PERMISSIONS, credentials())] * 300)
    outcomes = [getattr(result, "outcome", "good") for result in results]
    assert outcomes.count("limited") == 300 - 7
    assert len(server.requests) == it.requests_sent == 8


def test_a_host_that_falls_silent_while_a_connection_is_made_is_sent_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with RawServer(saying(WHOLE)) as server, asking(server) as it:
        real = connection._dial

        def slow(host: str, port: int) -> socket.socket:
            dialled = real(host, port)
            it._doors["spot"].answered(Failure("limited", "x answered HTTP 418"), None)
            return dialled

        monkeypatch.setattr(connection, "_dial", slow)
        assert failure(it).message == "not asked, to take no bot off the exchange, because earlier x answered HTTP 418"
    assert (server.requests, it.requests_sent) == ([], 0)


@pytest.mark.parametrize(
    ("endpoint", "header", "used", "stops"),
    [
        (KEY_PERMISSIONS, "X-SAPI-USED-IP-WEIGHT-1M", "10800", True),
        (KEY_PERMISSIONS, "X-SAPI-USED-IP-WEIGHT-1M", "10799", False),
        (KEY_PERMISSIONS, "X-MBX-USED-WEIGHT-1M", "999999", False),
        (SPOT_ACCOUNT, "X-MBX-USED-WEIGHT-1M", "5400", True),
        (SPOT_ACCOUNT, "X-MBX-USED-WEIGHT-1M", "5399", False),
        (FUTURES_ACCOUNT, "X-MBX-USED-WEIGHT-1M", "2160", True),
        (WITHDRAW_HISTORY, "X-SAPI-USED-UID-WEIGHT-1M", "162000", True),
        (SPOT_ACCOUNT, "X-MBX-USED-WEIGHT-1M", "-1", False),
        (SPOT_ACCOUNT, "X-MBX-USED-WEIGHT-1M", "٩٩٩٩", False),
        (SPOT_ACCOUNT, "X-MBX-USED-WEIGHT-1M", "9" * 30, False),
    ],
)
def test_a_pool_that_is_nearly_used_up_is_left_to_the_bots(
    endpoint: endpoints.Endpoint, header: str, used: str, stops: bool
) -> None:
    with RawServer(saying(answer(GOOD, 200, f"{header}: {used}"))) as server, asking(server) as it:
        assert it.get(endpoint, credentials()) == GOOD
        if stops:
            error = failure(it)
            assert error.outcome == "limited"
            assert "are used of this minute's weight; ask again in a minute" in error.message
        else:
            assert it.get(endpoint, credentials()) == GOOD


def test_a_host_that_does_not_answer_is_given_up_after_three() -> None:
    with RawServer(said(b"")) as server, asking(server) as it:
        told = [failure(it) for _ in range(6)]
    assert len(server.requests) == 3
    assert {it.outcome for it in told} == {"unreachable"}
    assert [it.message for it in told[3:]] == [
        f"not asked, because 127.0.0.1:{server.port} could not be reached 3 times in a row"
    ] * 3


def test_any_answer_ends_the_row() -> None:
    with RawServer(said(b"")) as server, asking(server) as it:
        for data in (b"", b"", problem(-2015), b"", b"", reply(b"", 503), b"", b"", WHOLE, b"", b""):
            server.say = saying(data, again=bool(data))
            if data == WHOLE:
                it.get(KEY_PERMISSIONS, credentials())
            else:
                assert "not asked" not in failure(it).message
    assert len(server.requests) == 11 + 3  # what fails on a kept connection is sent once more on a new one


def test_a_kept_connection_that_has_ended_is_replaced_once() -> None:
    with RawServer(saying(WHOLE)) as server, asking(server) as it:
        it.get(KEY_PERMISSIONS, credentials())
        once = iter([True])

        def say(connection: socket.socket, request: bytes) -> object:
            return False if next(once, False) else saying(WHOLE)(connection, request)

        server.say = say
        it.get(KEY_PERMISSIONS, credentials())
        assert (len(server.requests), server.connections, it.requests_sent) == (3, 2, 3)

        server.say = saying(b"", again=False)
        assert failure(it).outcome == "unreachable"
        assert len(server.requests) == 5
        assert failure(it).outcome == "unreachable"
        assert len(server.requests) == 6


def test_a_network_that_is_away_does_not_take_a_deadline_for_each_key() -> None:
    with RawServer(silent, silent=True) as server, asking(server, DEADLINE) as it:
        began = time.monotonic()
        results = it.run([lambda: it.get(KEY_PERMISSIONS, credentials())] * 500)
        took = time.monotonic() - began
    assert {getattr(result, "outcome", "good") for result in results} == {"unreachable"}
    assert took < 2 * ENOUGH
    assert server.connections <= 16


def test_heavy_calls_are_paced_by_the_clock_that_is_handed_in() -> None:
    clock = FakeClock()
    with RawServer(saying(WHOLE)) as server:
        it = Transport(endpoint=server.url, clock=clock)
        for _ in range(3):
            it.get(WITHDRAW_HISTORY, credentials())
        it.close()
    assert clock.passed == 30.0
    stamps = [int(dict(parse_qsl(line.split("?")[1].split(" ")[0]))["timestamp"]) for line in server.lines]
    assert [it - stamps[0] for it in stamps] == [0, 15_000, 30_000]  # signed after the wait, not before it


# The clock


def served(seconds: float) -> bytes:
    return answer({"serverTime": int((NOON.timestamp() + seconds) * 1000)})


@pytest.mark.parametrize("seconds", [0, 1, -1, 300, -300, 3500, -3500])
def test_the_skew_is_corrected(seconds: int) -> None:
    with RawServer(saying(served(seconds))) as server, asking(server) as it:
        it.measure_skew()
        server.say = saying(WHOLE)
        it.get(KEY_PERMISSIONS, credentials())
    assert it.skew == pytest.approx(seconds, abs=0.2)
    stamp = int(dict(parse_qsl(server.lines[1].split("?")[1].split(" ")[0]))["timestamp"])
    assert stamp == pytest.approx((NOON.timestamp() + seconds) * 1000, abs=200)


def test_the_server_looked_at_its_clock_half_way() -> None:
    """With a true clock, and a server that takes its time on both ways."""

    def say(conn: socket.socket, _head: bytes) -> bool:
        time.sleep(0.15)
        now = time.time() + 100
        time.sleep(0.15)
        conn.sendall(answer({"serverTime": int(now * 1000)}))
        return True

    with RawServer(say) as server:
        it = Transport(endpoint=server.url, clock=SystemClock())
        it.measure_skew()
        it.close()
    assert it.skew == pytest.approx(100, abs=0.1)


def test_dialling_is_no_part_of_the_way_to_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    real = connection._dial

    def slow(host: str, port: int) -> socket.socket:
        time.sleep(0.5)
        return real(host, port)

    monkeypatch.setattr(connection, "_dial", slow)

    def say(conn: socket.socket, _head: bytes) -> bool:
        conn.sendall(answer({"serverTime": int(time.time() * 1000)}))
        return True

    with RawServer(say) as server:
        it = Transport(endpoint=server.url, clock=SystemClock())
        it.measure_skew()
        it.close()
    assert it.skew == pytest.approx(0, abs=0.1)  # half of the half second otherwise


@pytest.mark.parametrize(
    ("seconds", "told"), [(3700, "1.0 hours behind"), (-3700, "1.0 hours ahead of"), (3 * 86400, "72.0 hours behind")]
)
def test_clocks_that_differ_by_hours(seconds: int, told: str) -> None:
    with RawServer(saying(served(seconds))) as server, asking(server) as it:
        with pytest.raises(Failure) as caught:
            it.measure_skew()
        assert caught.value.outcome == "malformed"
        assert f"this machine's clock is {told} that of 127.0.0.1:{server.port}; set it" in caught.value.message
        assert failure(it).message == caught.value.message
        assert it.get(TIME)
    assert len(server.requests) == 2  # nothing signed among them


@pytest.mark.parametrize(
    "value",
    [0, -1, 1_795_000_000, 1_795_000_000_000_000, 2**62, 1_795_000_000_000.0, "1795000000000", True, None, [], {}],
)
def test_a_time_that_is_none(value: object) -> None:
    for body in ({"serverTime": value}, {"servertime": 1_795_000_000_000}, [1_795_000_000_000], 1_795_000_000_000):
        with RawServer(saying(answer(body))) as server, asking(server) as it:
            with pytest.raises(Failure, match="named no time in milliseconds") as caught:
                it.measure_skew()
            assert caught.value.outcome == "malformed"
            assert it.skew == 0


def test_a_server_without_a_time() -> None:
    with RawServer(saying(problem(-1003, 429))) as server, asking(server) as it, pytest.raises(Failure) as caught:
        it.measure_skew()
    assert caught.value.outcome == "limited"


# What one answer may do to another, or to what is printed


@pytest.mark.parametrize("status", [103, 204, 304])
def test_an_answer_that_comes_late_is_not_taken_for_the_next_keys(status: int) -> None:
    early = f"HTTP/1.1 {status} X\r\n\r\n".encode()
    with RawServer(saying(early + answer({"of": "the first"}))) as server, asking(server) as it:
        assert failure(it).outcome == "malformed"
        server.say = saying(answer({"of": "the second"}))
        assert it.get(KEY_PERMISSIONS, credentials(api_key=KEY2)) == {"of": "the second"}
        assert server.connections == 2


def test_an_answer_that_repeats_the_api_key_is_not_kept() -> None:
    key = credentials().api_key.reveal()
    with RawServer(saying(answer({f"enable{key[3:20]}": True}))) as server, asking(server) as it:
        error = failure(it)
        assert error.outcome == "malformed"
        assert "repeated the API key" in error.message
        server.say = saying(answer({f"enable{key[3:18]}": True}))
        assert it.get(KEY_PERMISSIONS, credentials()) == {f"enable{key[3:18]}": True}


def test_cookies_are_not_read(recwarn: pytest.WarningsRecorder, capfd: pytest.CaptureFixture[str]) -> None:
    cookie = f"Set-Cookie: a=b; max-age={'1' * 400}"
    with RawServer(saying(answer(GOOD, 200, cookie, cookie))) as server, asking(server) as it:
        assert it.get(KEY_PERMISSIONS, credentials()) == GOOD
    assert capfd.readouterr().err == ""
    assert list(recwarn) == []


def test_nothing_is_sent_once_the_transport_is_closed() -> None:
    class Closing(FakeClock):
        def sleep(self, seconds: float) -> None:
            it.close()
            super().sleep(seconds)

    with RawServer(saying(WHOLE)) as server:
        it = Transport(endpoint=server.url, clock=Closing())
        it.get(WITHDRAW_HISTORY, credentials())
        with pytest.raises(Failure, match="ended before it was asked"):
            it.get(WITHDRAW_HISTORY, credentials())
        assert len(server.requests) == 1


# Many at once


def test_results_come_in_order_and_connections_are_shared_out() -> None:
    def say(conn: socket.socket, head: bytes) -> bool:
        time.sleep(0.002)
        return saying(answer({"key": re.findall(rb"X-MBX-APIKEY: (\w+)", head)[0].decode()[:15]}))(conn, head) is True

    keys = [f"{number:015d}k" for number in range(200)]
    with RawServer(say) as server, asking(server, connections=8) as it:
        results = it.run([lambda key=key: it.get(KEY_PERMISSIONS, credentials(api_key=key)) for key in keys])  # type: ignore[misc] # a default holds it
        it.run([lambda: it.get(KEY_PERMISSIONS, credentials())] * 8)
    assert results == [{"key": key[:15]} for key in keys]
    assert 2 <= server.connections <= 8
    assert it.requests_sent == 208


def test_what_jobs_raise_becomes_an_unknown() -> None:
    def fails() -> str:
        msg = f"it held {API_KEY}"
        raise KeyError(msg)

    def exits() -> str:
        raise SystemExit(0)

    def fails_well() -> str:
        outcome = "rejected"
        raise Failure(outcome, "no", -2015)

    with nobody() as url, asking(url) as it:
        results = it.run([lambda: "good", fails, exits, fails_well, lambda: "good"])
        assert it.run([]) == []
    shown = [it if isinstance(it, str) else (it.outcome, it.message, it.code) for it in results]
    assert shown == [
        "good",
        ("malformed", "keylint failed on an answer (KeyError); please report this line", None),
        ("malformed", "keylint failed on an answer (SystemExit); please report this line", None),
        ("rejected", "no", -2015),
        "good",
    ]
    for result in results:
        if isinstance(result, Failure):
            assert (result.__context__, result.__cause__, result.__traceback__) == (None, None, None)
    assert leaks(repr(results)) == []


def test_a_thread_that_hangs_in_a_request_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Should the watch fail too, the others go on, on a thread in its place."""
    monkeypatch.setattr(workers, "SLACK", 0.1)
    done, hung = threading.Event(), []
    real = Line.get

    def get(self: Line, url: str, headers: dict[str, str], *more: object) -> connection.Answer:
        if headers["X-MBX-APIKEY"] == KEY2:
            hung.append(1)
            done.wait(30)
        return real(self, url, headers, *more)  # type: ignore[arg-type] # handed on

    monkeypatch.setattr(Line, "get", get)
    with RawServer(saying(WHOLE)) as server, asking(server, DEADLINE, connections=2) as it:
        keys = [KEY2, KEY2, *[API_KEY] * 20]
        began = time.monotonic()
        results = it.run([lambda key=key: it.get(KEY_PERMISSIONS, credentials(api_key=key)) for key in keys])  # type: ignore[misc] # a default holds it
        took = time.monotonic() - began
        done.set()
    assert [getattr(it, "message", it) for it in results] == [
        *["the request hung beyond its time and was given up"] * 2,
        *[GOOD] * 20,
    ]
    assert len(hung) == 2
    assert took < 2 * ENOUGH


def test_a_system_without_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_self: threading.Thread) -> None:
        msg = "can't start new thread"
        raise RuntimeError(msg)

    with nobody() as url, asking(url) as it:
        monkeypatch.setattr(threading.Thread, "start", fail)
        results = it.run([lambda: "good"] * 3)
    assert [getattr(result, "outcome", "good") for result in results] == ["malformed"] * 3


def test_an_interrupt_ends_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def slow() -> int:
        asked.append(1)
        time.sleep(0.02)
        return 1

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with nobody() as url, asking(url, connections=2) as it:
        monkeypatch.setattr(workers, "SLACK", 0.1)  # how soon it looks
        monkeypatch.setattr(workers.Crew, "_give_up", interrupt)
        with pytest.raises(KeyboardInterrupt):
            it.run([slow] * 1_000)
        for worker in [it for it in threading.enumerate() if it.name == "keylint-worker"]:
            worker.join(10)
            assert not worker.is_alive()
    assert len(asked) < 500


def test_few_open_files() -> None:
    import resource  # noqa: PLC0415 - here alone

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    fillers = []
    with RawServer(saying(WHOLE)) as server, asking(server) as it:
        assert it.get(KEY_PERMISSIONS, credentials()) == GOOD
        highest = max(map(int, os.listdir("/proc/self/fd"))) + 1
        resource.setrlimit(resource.RLIMIT_NOFILE, (highest, hard))
        try:
            with suppress(OSError):
                while True:
                    fillers.append(os.open(os.devnull, os.O_RDONLY))
            results = it.run([lambda: it.get(KEY_PERMISSIONS, credentials())] * 20)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            for filler in fillers:
                os.close(filler)
        server.say = saying(WHOLE)
    assert all(it == GOOD or (isinstance(it, Failure) and it.outcome == "unreachable") for it in results)
    assert any(isinstance(it, Failure) for it in results)
    assert leaks(repr(results)) == []


def test_nothing_stays_open() -> None:
    before, others = len(os.listdir("/proc/self/fd")), set(threading.enumerate())
    for _ in range(3):
        server = RawServer(saying(WHOLE))
        with server, asking(server, DEADLINE) as it:
            it.run([lambda: it.get(KEY_PERMISSIONS, credentials())] * 30)
            server.say = silent
            failure(it)
            server.say = said(b"HTTP/1.1 200 OK\r\n\r\n")
            failure(it)

    def watching() -> list[threading.Thread]:
        return [it for it in set(threading.enumerate()) - others if it.name == "keylint-watchdog"]

    deadline = time.monotonic() + ENOUGH
    while (len(os.listdir("/proc/self/fd")) > before or watching()) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(os.listdir("/proc/self/fd")) <= before
    assert watching() == []


# Nothing leaks


def test_nothing_is_logged_or_printed_at_any_level(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = io.StringIO()
    root = logging.getLogger()
    handler = logging.StreamHandler(stream)
    monkeypatch.setattr(root, "handlers", [handler])
    monkeypatch.setattr(root, "level", logging.DEBUG)
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)
    printed = io.StringIO()
    with redirect_stdout(printed), RawServer(saying(WHOLE)) as server:
        for name in ("urllib3", "urllib3.connectionpool", "urllib3.connection", "urllib3.util.retry", "requests"):
            logging.getLogger(name).disabled = False
            logging.getLogger(name).setLevel(logging.DEBUG)
        with asking(server, DEADLINE) as it:
            # Somebody configures logging after us.
            logging.config.dictConfig(
                {
                    "version": 1,
                    "incremental": True,
                    "loggers": {"urllib3.connectionpool": {"level": "DEBUG"}, "urllib3": {"level": "DEBUG"}},
                }
            )
            logging.getLogger("urllib3.connectionpool").disabled = False
            assert it.get(KEY_PERMISSIONS, credentials("rsa")) == GOOD
            for say in (said(b"HTTP/1.1 200 OK\r\nbad header\r\n\r\n{}"), said(b""), silent, said(b"x\r\n\r\n")):
                server.say = say
                failure(it, kind="rsa")
    logged = stream.getvalue() + printed.getvalue() + "".join(capfd.readouterr())
    assert logged == ""
    assert leaks(logged) == []


def test_a_crash_of_ours_tells_its_kind_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(_self: Line, url: str, headers: object, *_: object) -> None:
        raise RuntimeError(url, headers)

    monkeypatch.setattr(Line, "get", crash)
    with nobody() as url, asking(url) as it:
        error = failure(it)
    assert error.outcome == "malformed"
    assert error.message == f"keylint failed on what {url[7:]} answered (RuntimeError); please report this line"


def test_what_libraries_raise_holds_what_ours_does_not() -> None:
    """Why errors are made anew: this one shows a signed URL."""
    with nobody() as url, pytest.raises(requests.ConnectionError, match="signature=5ecret"):
        requests.get(f"{url}/x?signature=5ecret", timeout=1)


def test_a_failure_has_an_outcome() -> None:
    with pytest.raises(ValueError, match="is no outcome"):
        Failure("passed", "x")
    assert str(Failure("rejected", "why")) == "why"
