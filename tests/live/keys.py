"""Credentials for tests, and the search for anything of them in what came out."""

import base64
import json
from datetime import UTC, datetime
from functools import cache
from urllib.parse import quote, quote_plus

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from keylint.live.credentials import Credentials
from keylint.live.secret import Secret, fingerprint
from keylint.live.signing import Signer, hmac_signer, pem_signer

API_KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"  # noqa: S105 - Binance's documented example
ED25519 = """-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIIJEYWtGBrhACmb9Dvy+qa8WEf0lQOl1s4CLIAB9m89u
-----END PRIVATE KEY-----
"""
"""Of Binance's FIX documentation, since 2024-07-26."""
PASSPHRASE = "correct horse battery staple"  # noqa: S105 - opens a key that a test makes

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


class FakeClock:
    """Stands still until somebody sleeps."""

    def __init__(self, moment: datetime = NOON) -> None:
        self.passed = 0.0
        self.start = moment

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.start.timestamp() + self.passed, UTC)

    def monotonic(self) -> float:
        return 1000.0 + self.passed

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.passed += seconds


@cache
def rsa_pem(bits: int = 2048, passphrase: str = "") -> str:
    key = generate_private_key(65537, bits)
    protection = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection).decode()


def ed25519_pem(passphrase: str = "") -> str:
    protection = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection).decode()


def credentials(kind: str = "hmac", key_id: str = "grid", api_key: str = API_KEY) -> Credentials:
    return Credentials(key_id, Secret(api_key, f"{key_id}.api-key"), signer(kind), fingerprint(api_key))


def signer(kind: str) -> Signer:
    match kind:
        case "hmac":
            return hmac_signer(Secret(SECRET, "grid.secret"))
        case "ed25519":
            return pem_signer(Secret(ED25519, "grid.pem"))
        case _:
            return pem_signer(Secret(rsa_pem(), "grid.pem"))


def secrets() -> list[str]:
    return [API_KEY, SECRET, PASSPHRASE, *ED25519.splitlines()[1:2], *rsa_pem().splitlines()[1:-1]]


@cache
def _traces(secret: str) -> frozenset[str]:
    raw = secret.encode("utf-8", "surrogatepass")
    shapes = {
        secret,
        secret[::-1],
        raw.hex(),
        base64.b64encode(raw).decode().rstrip("="),
        base64.urlsafe_b64encode(raw).decode().rstrip("="),
        quote(raw, safe=""),
        quote_plus(raw),
        json.dumps(secret)[1:-1],
        ascii(secret)[1:-1],
    }
    return frozenset(shape[at : at + 16] for shape in shapes for at in range(max(1, len(shape) - 15)))


def leaks(text: str, more: tuple[str, ...] = ()) -> list[str]:
    """Each stretch of 16 characters of a secret, in any of the usual shapes, that stands in `text`."""
    return [trace for secret in (*secrets(), *more) for trace in _traces(secret) if trace in text]
