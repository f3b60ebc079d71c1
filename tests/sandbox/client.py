"""What the tests of the sandbox share: a desk, signed requests, and a connection on which nothing is hidden."""

import base64
import hashlib
import hmac
import json
import socket
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from keylint.sandbox.answers import Memory, Request, Response, answer
from keylint.sandbox.credentials import MadeCredentials, made
from keylint.sandbox.server import Sandbox
from keylint.sandbox.state import State, load

NOW_MS = 1_795_000_000_000  # 2026-11-18
EMAIL = "grid@example.com"
SECONDS = 20.0

DESK = """
version = 1

[accounts.main]
uid = 354937868
status = "Normal"
features = ["margin", "futures"]
locked = true
planned_recover = 2026-11-21T00:00:00Z
withdrawal_addresses = [
  { coin = "BTC", address = "bc1-not-an-address", name = "cold", whitelisted = true },
  { coin = "USDT", network = "TRX", address = "T-not-an-address" },
]
withdrawals = [
  { on = 2026-11-10T11:12:02Z, coin = "USDT", amount = "8.91", order_id = "WITHDRAWtest123" },
  { on = 2026-11-12, coin = "BTC", amount = "0.5" },
  { on = 2026-01-01, coin = "BTC", amount = "0.25" },
]
positions = [{ symbol = "BTCUSDT", amount = "-0.010" }]
orders = [
  { market = "spot", symbol = "BTCUSDT", client_id = "x-spot" },
  { market = "spot", symbol = "ETHUSDT" },
  { market = "futures", symbol = "BTCUSDT", client_id = "x-futures" },
]

[accounts.grid]
master = "main"
email = "grid@example.com"

[accounts.old]
master = "main"
frozen = true

[keys.inventory]
created = 2026-10-20T00:00:00Z

[keys.trader]
type = "hmac"
permissions = ["read", "spot", "futures"]
ip_list = ["203.0.113.20", "198.51.100.0/28"]
created = 2026-08-30
trading_expires = 2026-12-01T00:00:00Z
flags = { enablePredictionTrading = true }

[keys.rsa]
type = "rsa"
created = 2026-08-30

[keys.blind]
permissions = []
created = 2026-08-30

[keys.gone]
created = 2026-08-30
deleted = true

[keys.grid-1]
account = "grid"
label = "grid-spot"
type = "hmac"
permissions = ["read", "spot", "margin", "futures", "universal-transfer", "options"]
ip_list = ["203.0.113.20"]
created = 2026-08-30

[keys.grid-2]
account = "grid"
type = "hmac"
created = 2026-08-30

[keys.grid-3]
account = "grid"
created = 2026-08-30
deleted = true
"""


def desk(more: str = "", **top: object) -> State:
    """The desk, with tables after it and fields at its top."""
    fields = "".join(f"{name} = {json.dumps(value)}\n" for name, value in top.items())
    return load(f"{fields}{DESK}{more}", "STATE.toml")


def signature(one: MadeCredentials, payload: str) -> str:
    """A signature made by another library than the sandbox's own way of making keys."""
    data = payload.encode()
    if one.type == "hmac":
        return hmac.new(one.private.encode(), data, hashlib.sha256).hexdigest()
    key = load_pem_private_key(one.private.encode(), None)
    if isinstance(key, Ed25519PrivateKey):
        return base64.b64encode(key.sign(data)).decode()
    assert isinstance(key, RSAPrivateKey)
    return base64.b64encode(key.sign(data, PKCS1v15(), SHA256())).decode()


def query(one: MadeCredentials, at_ms: int = NOW_MS, /, **parameters: object) -> str:
    fields = {**parameters, "timestamp": at_ms}
    payload = "&".join(f"{name}={quote(str(value), safe='')}" for name, value in fields.items())
    return f"{payload}&signature={quote(signature(one, payload), safe='')}"


def signed(state: State, key: str, path: str, at_ms: int = NOW_MS, /, **parameters: object) -> Request:
    one = made(state)[key]
    return Request(path, query(one, at_ms, **parameters), {"X-MBX-APIKEY": one.api_key})


def ask(state: State, key: str, path: str, memory: Memory | None = None, /, **parameters: object) -> Response:
    return answer(state, signed(state, key, path, **parameters), NOW_MS, memory=memory)


def content(response: Response) -> Any:
    assert response.status == 200, response
    return json.loads(response.body)


def refusal(response: Response) -> tuple[int, int, str]:
    said = json.loads(response.body)
    return response.status, said["code"], said["msg"]


def exchange(
    sandbox: Sandbox,
    target: str = "/api/v3/time",
    headers: Mapping[str, str] | None = None,
    *,
    most: int = 1 << 20,
    seconds: float = SECONDS,
) -> bytes:
    """Every byte that comes back to one request until the server closes, or `most` of them, or after `seconds`.

    Raises ConnectionResetError where the server does that.
    """
    lines = [f"GET {target} HTTP/1.1", "Host: sandbox", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return send(sandbox, "\r\n".join([*lines, "", ""]).encode(), most=most, seconds=seconds)


def send(sandbox: Sandbox, data: bytes, *, most: int = 1 << 20, seconds: float = SECONDS) -> bytes:
    came = b""
    end = time.monotonic() + seconds
    with socket.create_connection(("127.0.0.1", sandbox.port), timeout=SECONDS) as connection:
        connection.sendall(data)
        while len(came) < most and (left := end - time.monotonic()) > 0:
            connection.settimeout(left)
            try:
                more = connection.recv(65536)
            except TimeoutError:
                break
            if not more:
                break
            came += more
    return came


def parted(came: bytes) -> tuple[str, dict[str, list[str]], bytes]:
    """The status line, the headers by lower-case name, and what follows."""
    head, _, body = came.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers: dict[str, list[str]] = {}
    for line in lines:
        name, _, value = line.partition(": ")
        headers.setdefault(name.lower(), []).append(value)
    return status, headers, body
