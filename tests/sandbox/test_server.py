"""The server on loopback: whole answers on connections that last, and each way of being broken, byte for byte."""

import base64
import http.client
import json
import socket
import ssl
import struct
import threading
import time
import tracemalloc
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st
from sandbox.client import NOW_MS, desk, exchange, parted, query, send

from keylint.sandbox import server
from keylint.sandbox.credentials import api_key, made
from keylint.sandbox.endpoints import ENDPOINTS
from keylint.sandbox.server import Sandbox

TIME = f'{{"serverTime":{NOW_MS}}}'.encode()
RESTRICTIONS = "/sapi/v1/account/apiRestrictions"


class Started(ExitStack):
    """Sandboxes that end with the test, and that nothing took by surprise."""

    def sandbox(self, fault: str = "", **options: object) -> Sandbox:
        table = f"[[misbehaviour]]\n{fault}\n" if fault else ""
        one = self.enter_context(Sandbox(desk(table), clock=lambda: NOW_MS, **options))  # type: ignore[arg-type] # checked there
        self.callback(lambda: self.check(one))
        return one

    @staticmethod
    def check(one: Sandbox) -> None:
        assert one.crashes == []


@pytest.fixture
def started(capfd: pytest.CaptureFixture[str]) -> Iterator[Started]:
    with Started() as found:
        yield found
    assert capfd.readouterr() == ("", "")


def test_a_connection_lasts(started: Started) -> None:
    sandbox = started.sandbox()
    connection = http.client.HTTPConnection("127.0.0.1", sandbox.port, timeout=20)
    one = made(sandbox.state)["inventory"]

    for _ in range(3):
        target = f"{RESTRICTIONS}?{query(one)}"
        connection.request("GET", target, headers={"X-MBX-APIKEY": one.api_key})
        answer = connection.getresponse()
        assert answer.status == 200
        assert answer.getheader("Content-Type") == "application/json;charset=UTF-8"
        assert json.loads(answer.read())["enableReading"] is True
    connection.request("POST", RESTRICTIONS, body=b"x" * 1000)
    assert connection.getresponse().read().startswith(b"<html>")
    connection.request("HEAD", RESTRICTIONS)
    assert connection.getresponse().read() == b""
    connection.request("GET", "/nowhere")
    assert connection.getresponse().status == 404
    connection.close()

    assert sandbox.connections == 1
    assert sandbox.requests == {RESTRICTIONS: 5, "/nowhere": 1}
    assert next(iter(sandbox.log)) == (RESTRICTIONS, "inventory", 200)
    assert [entry.key for entry in sandbox.log][3:] == ["", "", ""]


def test_requests_may_come_in_one_packet_or_in_many(started: Started) -> None:
    sandbox = started.sandbox()
    one = b"GET /api/v3/time HTTP/1.1\r\n\r\n"
    last = b"GET /api/v3/time HTTP/1.1\r\nConnection: Close\r\n\r\n"

    assert send(sandbox, one + one + last).count(TIME) == 3
    with socket.create_connection(("127.0.0.1", sandbox.port), timeout=20) as connection:
        for at in range(len(last)):
            connection.sendall(last[at : at + 1])
        assert TIME in connection.recv(65536)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"\r\n\r\n", 400),
        (b"GET / HTTP/1.1 x\r\n\r\n", 400),
        (b"GET http://evil/api/v3/time HTTP/1.1\r\n\r\n", 400),
        (b"GET /api/v3/time SPDY\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", 400),
        (b"GET /api/v3/time HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"GET /api/v3/time HTTP/1.1\r\n: x\r\n\r\n", 400),
        (b"GET /api/v3/time HTTP/1.1\r\nA : x\r\n\r\n", 400),
        (b"GET /api/v3/time HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 413),
        (b"GET /api/v3/time HTTP/1.1\r\nContent-Length: 9999999\r\n\r\n", 413),
        (b"GET /api/v3/time HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 413),
        (b"GET /" + b"x" * 70_000, 431),
    ],
)
def test_what_is_no_request_is_told_so(started: Started, sent: bytes, status: int) -> None:
    with suppress(ConnectionResetError):  # it closes with something unread
        assert send(started.sandbox(), sent).startswith(f"HTTP/1.1 {status} ".encode())


def test_a_header_that_comes_twice_is_one(started: Started) -> None:
    sandbox = started.sandbox()

    came = exchange(sandbox, RESTRICTIONS, {"X-MBX-APIKEY": api_key("inventory"), "x-mbx-apikey": api_key("rsa")})

    assert b"-2014" in came


def test_it_serves_this_machine_alone() -> None:
    for address in ("0.0.0.0", "192.0.2.1", "::"):
        with pytest.raises(ValueError, match="not a loopback address"):
            Sandbox(desk(), address=address)


def test_a_port_that_is_taken() -> None:
    with Sandbox(desk()) as sandbox, pytest.raises(OSError, match="in use"):
        Sandbox(desk(), port=sandbox.port)


def test_it_can_be_made_and_not_used() -> None:
    with Sandbox(desk()) as sandbox:
        assert sandbox.url == f"http://127.0.0.1:{sandbox.port}"
    Sandbox(desk()).__exit__()


def test_ipv6() -> None:
    try:
        sandbox = Sandbox(desk(), address="::1")
    except OSError:
        pytest.skip("no IPv6 here")
    with sandbox:
        assert sandbox.url == f"http://[::1]:{sandbox.port}"
        connection = http.client.HTTPConnection("::1", sandbox.port, timeout=20)
        connection.request("GET", "/api/v3/time")
        assert connection.getresponse().status == 200
        connection.close()


def test_latency_is_before_each_answer(started: Started) -> None:
    sandbox = started.sandbox(latency=0.05)
    begin = time.monotonic()

    exchange(sandbox)

    assert time.monotonic() - begin >= 0.05


def test_its_end_ends_what_is_open() -> None:
    with Sandbox(desk("[[misbehaviour]]\ndelay_ms = 1000000\n")) as sandbox:
        idle = socket.create_connection(("127.0.0.1", sandbox.port), timeout=20)
        waiting = socket.create_connection(("127.0.0.1", sandbox.port), timeout=20)
        waiting.sendall(b"GET / HTTP/1.1\r\n\r\n")
        while not sandbox.log:
            pass
    assert (idle.recv(1), waiting.recv(1)) == (b"", b"")
    idle.close()
    waiting.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", sandbox.port), timeout=20)


def certificate(folder: Path) -> tuple[str, str]:
    key = generate_private_key(SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sandbox")])
    now = datetime.now(UTC)
    made_out = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    chain, private = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(made_out.public_bytes(Encoding.PEM))
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return str(chain), str(private)


def test_tls(started: Started, tmp_path: Path) -> None:
    paths = certificate(tmp_path)
    sandbox = started.sandbox(certificate=paths)
    trusting = ssl.create_default_context(cafile=paths[0])
    connection = http.client.HTTPSConnection("127.0.0.1", sandbox.port, timeout=20, context=trusting)

    connection.request("GET", "/api/v3/time")

    assert sandbox.url.startswith("https://")
    assert connection.getresponse().read() == TIME
    connection.close()
    with pytest.raises(ssl.SSLCertVerificationError):
        http.client.HTTPSConnection("127.0.0.1", sandbox.port, timeout=20).request("GET", "/")
    with suppress(ConnectionResetError):
        assert b"200 OK" not in exchange(sandbox)  # plain text on the TLS port


def test_its_end_ends_tls_too(tmp_path: Path) -> None:
    paths = certificate(tmp_path)
    trusting = ssl.create_default_context(cafile=paths[0])
    with Sandbox(desk(), certificate=paths) as sandbox:
        plain = socket.create_connection(("127.0.0.1", sandbox.port), timeout=20)
        idle = trusting.wrap_socket(plain, server_hostname="127.0.0.1")
        silent = socket.create_connection(("127.0.0.1", sandbox.port), timeout=20)
        while sandbox.connections < 2:
            pass
    with suppress(ssl.SSLError, ConnectionResetError):
        assert idle.recv(1) == b""
    assert silent.recv(1) == b""
    idle.close()
    silent.close()


def test_its_end_ends_a_connection_that_is_just_becoming_tls(tmp_path: Path) -> None:
    with Sandbox(desk(), certificate=certificate(tmp_path)) as sandbox:
        swapped = sandbox.swapped

        def too_late(connection: socket.socket, for_this: socket.socket) -> None:
            sandbox.stopping.set()  # and nobody ends `for_this`, which was not there to be ended
            swapped(connection, for_this)

        sandbox.swapped = too_late  # type: ignore[method-assign] # the moment between the two cannot be met otherwise
        with socket.create_connection(("127.0.0.1", sandbox.port), timeout=20) as silent:
            assert silent.recv(1) == b""


# Faults that are in what is sent.


@pytest.mark.parametrize("status", [204, 206, 301, 304, 308, 403, 418, 451, 500, 503, 999])
def test_a_status(started: Started, status: int) -> None:
    first, headers, body = parted(exchange(started.sandbox(f"status = {status}")))

    assert first.startswith(f"HTTP/1.1 {status} ")
    assert body == (b"" if status in {204, 304} else TIME)
    assert ("content-length" in headers) is (status not in {204, 304})


@pytest.mark.parametrize(
    ("written", "values"),
    [
        ('["3600"]', ["3600"]),
        ('["1", "2"]', ["1", "2"]),
        ("[]", None),
        ('"-1"', ["-1"]),
        ('"abc"', ["abc"]),
        ('"Wed, 21 Oct 2026 07:28:00 GMT"', ["Wed, 21 Oct 2026 07:28:00 GMT"]),
    ],
)
def test_retry_after_in_each_form(started: Started, written: str, values: list[str] | None) -> None:
    sandbox = started.sandbox(f"status = 429\nheaders = {{ Retry-After = {written} }}")

    assert parted(exchange(sandbox))[1].get("retry-after") == values


@pytest.mark.parametrize(
    ("written", "values"), [('"-5"', ["-5"]), ('["3", "40"]', ["3", "40"]), ('"1e3"', ["1e3"]), ("[]", None)]
)
def test_a_length_in_each_form(started: Started, written: str, values: list[str] | None) -> None:
    _, headers, body = parted(exchange(started.sandbox(f"headers = {{ content-LENGTH = {written} }}")))

    assert (headers.get("content-length"), body) == (values, TIME)


def test_a_body_without_a_length_ends_with_its_connection(started: Started) -> None:
    sandbox = started.sandbox("headers = { Content-Length = [] }")

    _, headers, body = parted(send(sandbox, b"GET /api/v3/time HTTP/1.1\r\n\r\n"))

    assert (headers["connection"], body) == (["close"], TIME)
    assert "transfer-encoding" not in headers


def test_a_redirect_to_wherever(started: Started) -> None:
    sandbox = started.sandbox('status = 302\nheaders = { Location = "http://{host}/x?{query}" }')

    assert parted(exchange(sandbox, "/api/v3/time?a=b"))[1]["location"] == ["http://sandbox/x?a=b"]


def test_a_page_from_the_firewall(started: Started) -> None:
    first, headers, body = parted(
        exchange(started.sandbox('status = 403\nbody = "<html>no</html>"\nheaders = { Content-Type = "text/html" }'))
    )

    assert (first, headers["content-type"], body) == ("HTTP/1.1 403 Forbidden", ["text/html"], b"<html>no</html>")


def test_once_and_then_well(started: Started) -> None:
    sandbox = started.sandbox("status = 503\ntimes = 1")

    assert [parted(exchange(sandbox))[0][9:12] for _ in range(3)] == ["503", "200", "200"]


def test_one_keys_fault_is_not_anothers(started: Started) -> None:
    sandbox = started.sandbox(f'status = 503\nkey = "inventory"\npath = "{RESTRICTIONS}"')

    def status(path: str, key: str) -> str:
        return parted(exchange(sandbox, path, {"X-MBX-APIKEY": api_key(key)}))[0][9:12]

    assert status(RESTRICTIONS, "inventory") == "503"
    assert status(RESTRICTIONS, "rsa") == "400"
    assert status("/api/v3/time", "inventory") == "200"


def test_the_api_key_comes_back_in_a_message(started: Started) -> None:
    sandbox = started.sandbox('status = 401\njson = { code = -2015, msg = "::error::{api_key}" }')

    came = exchange(sandbox, RESTRICTIONS, {"X-MBX-APIKEY": api_key("inventory")})

    assert f'"::error::{api_key("inventory")}"'.encode() in came


def test_raw_bytes_and_nothing_else(started: Started) -> None:
    raw = base64.b64encode(b"\x00not http").decode()

    assert exchange(started.sandbox(f'raw_base64 = "{raw}"')) == b"\x00not http"


def test_gzip(started: Started) -> None:
    _, headers, body = parted(exchange(started.sandbox("gzip = true")))

    assert headers["content-encoding"] == ["gzip"]
    assert headers["content-length"] == [str(len(body))]
    assert zlib.decompress(body, 31) == TIME


def test_a_bomb_in_chunks(started: Started) -> None:
    sandbox = started.sandbox('gzip = true\nbody = ""\nrepeat = { of = "0", bytes = 20000000 }')
    connection = http.client.HTTPConnection("127.0.0.1", sandbox.port, timeout=20)
    connection.request("GET", "/api/v3/time")

    packed = connection.getresponse().read()

    assert len(packed) < 50_000
    assert len(zlib.decompress(packed, 31)) == 20_000_000
    connection.close()


def test_chunks(started: Started) -> None:
    _, headers, body = parted(exchange(started.sandbox("chunked = true")))

    assert headers["transfer-encoding"] == ["chunked"]
    assert "content-length" not in headers
    assert body == b"%x\r\n%b\r\n0\r\n\r\n" % (len(TIME), TIME)


def test_a_gigabyte_is_not_held_in_memory(started: Started) -> None:
    sandbox = started.sandbox('body = ""\nrepeat = { of = "x", bytes = 1000000000 }')
    tracemalloc.start()
    came = exchange(sandbox, most=5_000_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert parted(came)[1]["content-length"] == ["1000000000"]
    assert len(came) >= 5_000_000
    assert peak < 50_000_000


def test_a_body_without_end(started: Started) -> None:
    came = exchange(started.sandbox('repeat = { of = "x" }'), most=1_000_000)

    assert parted(came)[1]["transfer-encoding"] == ["chunked"]
    assert len(came) >= 1_000_000


# Faults that are in how it is sent.


def test_silence(started: Started) -> None:
    assert exchange(started.sandbox("delay_ms = 1000000"), seconds=0.1) == b""


def test_a_delay_and_then_all(started: Started) -> None:
    begin = time.monotonic()

    assert TIME in exchange(started.sandbox("delay_ms = 50"))
    assert time.monotonic() - begin >= 0.05


@pytest.mark.parametrize(
    ("cut", "has_status", "has_head"), [("before", False, False), ("headers", True, False), ("body", True, True)]
)
@pytest.mark.parametrize("more", ["", "chunked = true", 'repeat = { of = "x" }'])
def test_a_cut(started: Started, cut: str, more: str, *, has_status: bool, has_head: bool) -> None:
    came = exchange(started.sandbox(f'cut = "{cut}"\n{more}'))

    assert came.startswith(b"HTTP/1.1 200 OK\r\n") is has_status
    assert (b"\r\n\r\n" in came) is has_head
    assert TIME not in came
    assert (TIME[:5] in came) is has_head


@pytest.mark.parametrize("cut", ["before", "headers", "body"])
def test_a_reset(started: Started, cut: str) -> None:
    sandbox = started.sandbox(f'cut = "{cut}"\nreset = true')

    with pytest.raises(ConnectionResetError):
        exchange(sandbox)


@pytest.mark.parametrize("part", ["headers", "body"])
def test_a_drip(started: Started, part: str) -> None:
    sandbox = started.sandbox(f'drip = {{ part = "{part}", every_ms = 1 }}')
    begin = time.monotonic()

    came = exchange(sandbox)

    dripped = len(TIME) if part == "body" else len(came) - len(TIME)
    assert time.monotonic() - begin >= dripped / 1000
    assert parted(came)[2] == TIME


def test_a_drip_stops_with_the_sandbox() -> None:
    with Sandbox(desk('[[misbehaviour]]\ndrip = { part = "headers", every_ms = 100000 }\n')) as sandbox:
        thread = threading.Thread(target=exchange, args=(sandbox,))
        thread.start()
        while not sandbox.log:
            pass
    thread.join(20)
    assert not thread.is_alive()


def test_an_endless_body_stops_with_the_sandbox() -> None:
    with Sandbox(desk('[[misbehaviour]]\nrepeat = { of = "x" }\n')) as sandbox:
        connection = socket.create_connection(("127.0.0.1", sandbox.port), timeout=20)
        connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert connection.recv(100)
    with suppress(ConnectionResetError):
        while connection.recv(1 << 20):
            pass
    connection.close()


def test_continue_for_ever(started: Started) -> None:
    came = exchange(started.sandbox("continue_forever = true"), most=100)

    assert came.replace(b"HTTP/1.1 100 Continue\r\n\r\n", b"") in {
        b"",
        b"HTTP/1.1 100 Continue\r\n\r\n"[: len(came) % 25],
    }


# Whatever comes.


@pytest.fixture(scope="module")
def one_for_all() -> Iterator[Sandbox]:
    with Sandbox(desk(), clock=lambda: NOW_MS) as sandbox:
        yield sandbox


HOSTILE = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=60)
PAIRS = st.lists(
    st.tuples(
        st.sampled_from(
            ["timestamp", "recvWindow", "signature", "email", "page", "limit", "size", "subAccountApiKey", "startTime"]
        )
        | HOSTILE,
        st.sampled_from(["", "0", "-1", "1e9", "%", "%ff", "9" * 400, str(NOW_MS), "true"]) | HOSTILE,
    ),
    max_size=6,
)


@given(
    target=st.sampled_from([*ENDPOINTS]) | HOSTILE.map("/{}".format),
    pairs=PAIRS,
    key=st.sampled_from([api_key("inventory"), api_key("gone"), ""]) | HOSTILE,
    method=st.sampled_from(["GET", "POST", "HEAD"]) | HOSTILE,
)
def test_whatever_is_asked_gets_an_answer(
    one_for_all: Sandbox, target: str, pairs: list[tuple[str, str]], key: str, method: str
) -> None:
    sent = "&".join(f"{name}={value}" for name, value in pairs)
    lines = f"{method} {target}?{sent} HTTP/1.1\r\nX-MBX-APIKEY: {key}\r\nConnection: close\r\n\r\n"

    status, headers, body = parted(send(one_for_all, lines.encode("latin-1")))

    assert status.startswith(("HTTP/1.1 200 ", "HTTP/1.1 4"))
    if headers["content-type"] == ["text/html"]:
        assert body.startswith(b"<html>") or method == "HEAD"
    else:
        assert headers["content-type"] == ["application/json;charset=UTF-8"]
        assert {*json.loads(body)} == {"code", "msg"} or status == "HTTP/1.1 200 OK"
    assert one_for_all.crashes == []


@given(st.binary(max_size=300))
def test_whatever_comes_is_survived(one_for_all: Sandbox, data: bytes) -> None:
    with socket.create_connection(("127.0.0.1", one_for_all.port), timeout=20) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.sendall(data)
    assert exchange(one_for_all).startswith(b"HTTP/1.1 200 OK")
    assert one_for_all.crashes == []


def test_a_surprise_is_kept_and_does_not_end_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError

    with Sandbox(desk(), clock=lambda: NOW_MS) as sandbox:
        with monkeypatch.context() as patched:
            patched.setattr(server, "answer", fail)
            assert exchange(sandbox) == b""
        assert TIME in exchange(sandbox)
        assert [type(each) for each in sandbox.crashes] == [RuntimeError]
