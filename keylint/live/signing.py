"""Parameters and a key → the query that is sent and the signature that Binance checks.

Percent-encode first, then sign, then send the same bytes: Binance has enforced that order since 2026-01-15
(change log of its spot API, 2025-12-17).
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, Literal, final
from urllib.parse import quote

from .secret import Secret

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

KeyType = Literal["hmac", "rsa", "ed25519"]

RSA_BITS: Final = (2048, 4096)
"""The least and the most that Binance takes (its spot API's "Request security", 2026-07)."""

_NEW_KEY = "`openssl genpkey -algorithm ed25519 -out NEW.pem` makes one that Binance takes"
_CONVERT = "`openssl pkcs8 -topk8 -in OLD.pem -out NEW.pem` converts it (with -nocrypt: without a passphrase)"
_WRONG: Final = {
    "RSA PRIVATE KEY": f"is an RSA key in PKCS#1, and only PKCS#8 is read; {_CONVERT}",
    "EC PRIVATE KEY": f"is an EC key (SEC 1), and Binance takes Ed25519 and RSA alone; {_NEW_KEY}",
    "DSA PRIVATE KEY": f"is a DSA key, and Binance takes Ed25519 and RSA alone; {_NEW_KEY}",
    "OPENSSH PRIVATE KEY": (
        "is in OpenSSH's own format, which openssl cannot read; `ssh-keygen -p -m PKCS8 -f COPY` converts a copy of an "
        f"RSA key, and {_NEW_KEY}"
    ),
}
_PUBLIC = "is the public half, which belongs to Binance; the private half signs: it begins with BEGIN PRIVATE KEY"
_NO_PEM = (
    "is not a private key in PEM, which begins with a line -----BEGIN PRIVATE KEY----- and has line ends; "
    "`openssl pkey -inform DER -in OLD.der -out NEW.pem` converts one in DER"
)


class BadKey(Exception):  # noqa: N818 - it is said to the user as it is
    """A private key that cannot sign for Binance. Says why, and what to do; never what is in it."""


@final
class Signer:
    """What signs for one API key; prints as its type and the origin of its secret."""

    __slots__ = ("identity", "origin", "sign", "type")

    type: KeyType
    sign: Callable[[bytes], str]
    """The signature of a payload: hexadecimal for HMAC, else base64; not percent-encoded."""
    identity: bytes
    """Equal for two signers of one secret: a digest of the HMAC secret, or of the public key."""
    origin: str

    def __init__(self, type_: KeyType, sign: Callable[[bytes], str], identity: bytes, origin: str) -> None:
        self.type = type_
        self.sign = sign
        self.identity = identity
        self.origin = origin

    def __repr__(self) -> str:
        return f"<{self.type} signer from {self.origin}>"


def hmac_signer(secret: Secret) -> Signer:
    """What signs with an HMAC secret: HMAC-SHA256, in hexadecimal."""
    key = secret.reveal().encode("utf-8", "surrogatepass")

    def sign(payload: bytes) -> str:
        return hmac.digest(key, payload, "sha256").hex()

    return Signer("hmac", sign, hashlib.sha256(b"hmac " + key).digest(), secret.origin)


def pem_signer(pem: Secret, passphrase: Secret | None = None) -> Signer:
    """What signs with a private key in PKCS#8 PEM: RSASSA-PKCS1-v1_5 with SHA-256, or Ed25519; in base64.

    A passphrase is used where the key is encrypted. Raises BadKey for everything that Binance does not take: other
    formats, other kinds of keys, RSA outside of 2048..4096 bits.
    """
    # cryptography is slow to import: whoever has HMAC keys alone does not pay for it.
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415

    problem = _label_problem(pem.reveal(), passphrase)
    key = None if problem else _loaded(pem, passphrase)
    if problem is None and key is None:
        problem = "cannot be opened: its passphrase is wrong, or it is damaged" if encrypted(pem) else "is damaged"
    match key:
        case Ed25519PrivateKey():
            ed25519 = key.sign
            return Signer("ed25519", lambda payload: _base64(ed25519(payload)), _identity(key), pem.origin)
        case RSAPrivateKey() if RSA_BITS[0] <= key.key_size <= RSA_BITS[1]:
            rsa, padding, digest = key.sign, PKCS1v15(), SHA256()
            return Signer("rsa", lambda payload: _base64(rsa(payload, padding, digest)), _identity(key), pem.origin)
        case RSAPrivateKey():
            bits = f"{RSA_BITS[0]} to {RSA_BITS[1]} bits"
            problem = f"is an RSA key of {key.key_size} bits, and Binance takes {bits}; {_NEW_KEY}"
        case None:
            pass
        case _:
            problem = f"is neither an Ed25519 nor an RSA key, and Binance takes no other; {_NEW_KEY}"
    msg = f"{pem.origin} {problem}"
    raise BadKey(msg)


def query(parameters: Sequence[tuple[str, str]]) -> str:
    """`parameters` as a query string, in their order: UTF-8, percent-encoded as RFC 3986 has it (a space is %20).

    Raises ValueError, which shows nothing of them, where one holds a lone surrogate.
    """
    try:
        return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in parameters)
    except UnicodeEncodeError:
        pass
    msg = "a parameter holds half a character (a lone surrogate)"
    raise ValueError(msg)


def signed(parameters: Sequence[tuple[str, str]], signer: Signer) -> str:
    """`parameters` as a query string with its signature at the end, ready to be sent as it is."""
    payload = query(parameters)
    return f"{payload}&signature={quote(signer.sign(payload.encode('ascii')), safe='')}"


def _base64(signature: bytes) -> str:
    return base64.b64encode(signature).decode("ascii")


def _identity(key: "Ed25519PrivateKey | RSAPrivateKey") -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415

    return hashlib.sha256(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()


_ENCRYPTED = "-----BEGIN ENCRYPTED PRIVATE KEY-----"


def encrypted(pem: Secret) -> bool:
    """Whether a PEM needs a passphrase, as far as its first line says."""
    return _ENCRYPTED in pem.reveal()


def _label_problem(text: str, passphrase: Secret | None) -> str | None:
    """What the labels of a PEM say against it."""
    labels = re.findall(r"-----BEGIN ([A-Z0-9 ]{1,40})-----", text)
    if len(labels) > 1:
        return "holds several keys or certificates; leave the private key alone in it"
    label = labels[0] if labels else ""
    if label in _WRONG:
        return _WRONG[label]
    if "PUBLIC KEY" in label or label == "CERTIFICATE" or text.lstrip().startswith(("ssh-rsa ", "ssh-ed25519 ")):
        return _PUBLIC
    if label == "ENCRYPTED PRIVATE KEY":
        return "is encrypted, and no passphrase was given" if passphrase is None else None
    return None if label == "PRIVATE KEY" else _NO_PEM


def _loaded(pem: Secret, passphrase: Secret | None) -> "PrivateKeyTypes | None":
    """The key in a PEM; None where it cannot be read. What cryptography says of it is not said on: it may quote it."""
    from cryptography.exceptions import InternalError, UnsupportedAlgorithm  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

    try:
        # An environment keeps bytes that are no UTF-8 as surrogates: the passphrase is those bytes.
        password = passphrase.reveal().encode("utf-8", "surrogateescape") if passphrase and encrypted(pem) else None
        return load_pem_private_key(pem.reveal().encode("utf-8", "surrogateescape"), password)
    except (ValueError, TypeError, UnsupportedAlgorithm, InternalError, OverflowError, MemoryError):
        return None
