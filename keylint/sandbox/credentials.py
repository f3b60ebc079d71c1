"""The keys of a State → credentials made for them: nobody's secrets, and the same in every run but for RSA.

An API key, an HMAC secret and an Ed25519 key follow from the id of the key alone, so that a manifest can declare the
fingerprint and a test can know it. They open nothing: no account of anybody has them. RSA keys are drawn at random,
once in a process and only when they are asked for, because drawing one takes a tenth of a second.
"""

import hmac
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Callable, Mapping
from functools import cache
from hashlib import sha256, shake_256
from threading import Lock
from typing import TYPE_CHECKING, Literal, NamedTuple

from .state import State

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

_LETTERS_AND_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_ED25519_PKCS8 = bytes.fromhex("302e020100300506032b657004220420")  # RFC 8410: all of the DER before the 32 bytes
_RSA_BITS = 2048

_drawing = Lock()
_drawn: "dict[str, RSAPrivateKey]" = {}

Verifier = Callable[[bytes, str], bool]


class MadeCredentials(NamedTuple):
    """What was made for the key `id`: enough to sign as it, and to check that a signature is its own."""

    id: str
    type: Literal["ed25519", "rsa", "hmac"]
    api_key: str
    """64 letters and digits, as Binance's are."""

    @property
    def fingerprint(self) -> str:
        """`sha256:` and the first 16 hex digits of the SHA-256 of the API key."""
        return f"sha256:{sha256(self.api_key.encode()).hexdigest()[:16]}"

    @property
    def private(self) -> str:
        """The HMAC secret, or the private key as PKCS#8 PEM."""
        match self.type:
            case "hmac":
                return _hmac_secret(self.id)
            case "ed25519":
                return _pem(_ED25519_PKCS8 + _ed25519_seed(self.id))
            case "rsa":
                return _rsa_pem(self.id)

    @property
    def file_names(self) -> tuple[str, str]:
        """How the files of its API key and of its private half are called in a folder of secrets."""
        return f"{self.id}.api-key", f"{self.id}.secret" if self.type == "hmac" else f"{self.id}.pem"

    def signed(self, payload: bytes, signature: str) -> bool:
        """Whether `signature`, no longer percent-encoded, is this key's signature of `payload`."""
        return _verifier(self.type, self.id)(payload, signature)


def made(state: State) -> Mapping[str, MadeCredentials]:
    """Credentials for every key of `state`, deleted ones too, by id."""
    return {key.id: MadeCredentials(key.id, key.type, api_key(key.id)) for key in state.keys.values()}


def api_key(id_: str) -> str:
    """The API key that the sandbox gives the key `id_`: always the same one."""
    return _text("api key", id_)


def _hmac_secret(id_: str) -> str:
    return _text("hmac secret", id_)


def _text(purpose: str, id_: str) -> str:
    # 62 letters do not divide 256: the bytes above 248 are left out, so that none of the 62 is likelier than another.
    drawn = shake_256(f"keylint sandbox {purpose} {id_}".encode()).digest(256)
    return "".join([_LETTERS_AND_DIGITS[byte % 62] for byte in drawn if byte < 248])[:64]  # noqa: PLR2004 - see above


def _ed25519_seed(id_: str) -> bytes:
    return sha256(f"keylint sandbox ed25519 {id_}".encode()).digest()


def _pem(der: bytes) -> str:
    return f"-----BEGIN PRIVATE KEY-----\n{b64encode(der).decode()}\n-----END PRIVATE KEY-----\n"


def _rsa(id_: str) -> "RSAPrivateKey":
    from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key  # noqa: PLC0415 - slow to import

    with _drawing:  # two threads must not draw two keys for one id
        if id_ not in _drawn:
            _drawn[id_] = generate_private_key(65537, _RSA_BITS)
        return _drawn[id_]


@cache
def _rsa_pem(id_: str) -> str:
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415 - slow to import
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    return _rsa(id_).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@cache
def _verifier(type_: Literal["ed25519", "rsa", "hmac"], id_: str) -> Verifier:
    if type_ == "hmac":
        secret = _hmac_secret(id_).encode()

        def verify_hmac(payload: bytes, signature: str) -> bool:
            expected = hmac.new(secret, payload, sha256).hexdigest()
            return hmac.compare_digest(expected.encode(), signature.lower().encode(errors="replace"))

        return verify_hmac
    return _ed25519_verifier(id_) if type_ == "ed25519" else _rsa_verifier(id_)


def _ed25519_verifier(id_: str) -> Verifier:
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - slow to import
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415 - the same

    public = Ed25519PrivateKey.from_private_bytes(_ed25519_seed(id_)).public_key()

    def verify(payload: bytes, signature: str) -> bool:
        try:
            public.verify(b64decode(signature, validate=True), payload)
        except (InvalidSignature, NotBase64, ValueError):
            return False
        return True

    return verify


def _rsa_verifier(id_: str) -> Verifier:
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - slow to import
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15  # noqa: PLC0415 - the same
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415 - the same

    public = _rsa(id_).public_key()

    def verify(payload: bytes, signature: str) -> bool:
        try:
            public.verify(b64decode(signature, validate=True), payload, PKCS1v15(), SHA256())
        except (InvalidSignature, NotBase64, ValueError):
            return False
        return True

    return verify
