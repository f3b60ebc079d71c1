"""A secret text → a value that shows where it came from, and never what it is."""

import hashlib
import hmac
import os
from typing import NoReturn, final

_SALT = os.urandom(16)
"""Makes hashes of one process useless in another, and to whoever reads them."""


@final
class Secret:
    """An API key, an HMAC secret, a private key or a passphrase.

    Shows its origin where it is printed, formatted or logged. It cannot be copied, pickled or changed, and two are
    compared in constant time.
    """

    __slots__ = ("_value", "origin")

    _value: str
    origin: str
    """Where it came from: the name of a variable or of a file, such as `grid.api-key`."""

    def __init__(self, value: str, origin: str) -> None:
        object.__setattr__(self, "_value", value)
        object.__setattr__(self, "origin", origin)

    def reveal(self) -> str:
        """The text itself. Not to be kept, printed, logged or put into the text of an error."""
        return self._value

    def __repr__(self) -> str:
        return f"<secret from {self.origin}>"

    __str__ = __repr__

    def __format__(self, _spec: str) -> str:
        return repr(self)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(_bytes(self), _bytes(other))

    def __hash__(self) -> int:
        return int.from_bytes(hashlib.blake2b(_bytes(self), digest_size=8, key=_SALT).digest())

    def __setattr__(self, _name: str, _value: object) -> NoReturn:
        self._refuse("changed")

    def __delattr__(self, _name: str) -> NoReturn:
        self._refuse("changed")

    def __reduce_ex__(self, _protocol: object) -> NoReturn:
        self._refuse("pickled or copied")

    def __getstate__(self) -> NoReturn:
        self._refuse("pickled or copied")

    def _refuse(self, what: str) -> NoReturn:
        msg = f"{self!r} cannot be {what}"
        raise TypeError(msg)


def fingerprint(api_key: str) -> str:
    """What names an API key without being one: `sha256:` and the first 16 hexadecimal digits of its SHA-256.

    Raises ValueError, which does not show it, where `api_key` is not ASCII.
    """
    if not api_key.isascii():
        msg = "an API key is ASCII"
        raise ValueError(msg)
    return f"sha256:{hashlib.sha256(api_key.encode('ascii')).hexdigest()[:16]}"


def _bytes(secret: Secret) -> bytes:
    return secret.reveal().encode("utf-8", "surrogatepass")
