"""keylint.live.signing: the vectors of Binance's documentation, and its own connector as a second opinion."""

import base64
import traceback
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote

import binance_common.utils
import pytest
from binance_common.signature import Signers
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, x25519
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from hypothesis import given
from hypothesis import strategies as st
from live.keys import API_KEY, ED25519, PASSPHRASE, SECRET, ed25519_pem, leaks, rsa_pem, signer

from keylint.live.secret import Secret
from keylint.live.signing import BadKey, encrypted, hmac_signer, pem_signer, query, signed

CONNECTOR: Any = binance_common.utils
"""Its annotations are not what it takes."""

ORDER = "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC"
REST = "quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559"
WIDE = "symbol=%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96&side=BUY&type=LIMIT&timeInForce=GTC"
SOCKET = (
    f"apiKey={API_KEY}&price=52000.00&quantity=0.01000000&recvWindow=100&side=SELL&symbol=BTCUSDT&timeInForce=GTC"
    "&timestamp=1645423376532&type=LIMIT"
)


@pytest.mark.parametrize(
    ("payload", "signature"),
    [
        (f"{ORDER}&{REST}", "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"),
        (f"{WIDE}&{REST}", "e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3"),
        (f"{ORDER}{REST}", "0fd168b8ddb4876a0358a8d14d0c9f3da0e9b20c5d52b2a00fcf7d1c602f9a77"),
        ("timestamp=1578963600000", "d84e6641b1e328e7b418fff030caed655c266299c9355e36ce801ed14631eed4"),
        (SOCKET, "aa1b5712c094bc4e57c05a1a5c1fd8d88dcd628338ea863fec7b88e59fe2db24"),
    ],
    ids=["order", "wide digits", "query and body", "permissions", "web socket"],
)
def test_hmac_vectors(payload: str, signature: str) -> None:
    assert hmac_signer(Secret(SECRET, "x")).sign(payload.encode()) == signature
    assert CONNECTOR.hmac_hashing(SECRET, payload) == signature


def test_the_wide_digits_are_encoded_before_they_are_signed() -> None:
    parameters = [tuple(unquote(it).split("=")) for it in f"{WIDE}&{REST}".split("&")]
    assert parameters[0] == ("symbol", "１２３４５６")
    text = signed([(name, value) for name, value in parameters], hmac_signer(Secret(SECRET, "x")))
    assert text == f"{WIDE}&{REST}&signature=e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3"


@pytest.mark.parametrize(
    ("payload", "signature"),
    [
        (
            "A\x01EXAMPLE\x01SPOT\x011\x0120240627-11:17:25.223",
            "4MHXelVVcpkdwuLbl6n73HQUXUf1dse2PCgT1DYqW9w8AVZ1RACFGM+5UdlGPrQHrgtS3CvsRURC1oj73j8gCA==",
        ),
        (
            "timestamp=1578963600000",
            "QN3GM0iSGzvvIYiBzzP8vPqSbsXIb4WHczOiPdjb8THQKuxZR1KOsBtZQFEewBQgMQfhDvwPoo6bkRi2ui4hCg==",
        ),
    ],
    ids=["FIX logon", "permissions"],
)
def test_ed25519_vectors(payload: str, signature: str) -> None:
    it = signer("ed25519")
    assert it.type == "ed25519"
    assert it.sign(payload.encode()) == signature


def test_base64_is_percent_encoded_in_the_query() -> None:
    text = signed([("timestamp", "1578963600000")], signer("ed25519"))
    assert text.startswith("timestamp=1578963600000&signature=QN3GM0iS")
    assert text.endswith("ui4hCg%3D%3D")


@pytest.mark.parametrize("bits", [2048, 3072, 4096])
def test_rsa_is_pkcs1_v1_5_with_sha256(bits: int) -> None:
    it = pem_signer(Secret(rsa_pem(bits), "x"))
    key = load_pem_private_key(rsa_pem(bits).encode(), None)
    assert isinstance(key, RSAPrivateKey)
    assert it.type == "rsa"
    signature = base64.b64decode(it.sign(b"timestamp=1578963600000"), validate=True)
    assert len(signature) == bits // 8
    key.public_key().verify(signature, b"timestamp=1578963600000", PKCS1v15(), SHA256())


VALUES = st.dictionaries(
    st.from_regex(r"[a-z]{1,8}", fullmatch=True),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters=" "), max_size=12),
    min_size=1,
    max_size=4,
)


@pytest.mark.parametrize("kind", ["hmac", "rsa", "ed25519"])
@given(values=VALUES)
def test_the_official_connector_sends_the_same_bytes(kind: str, values: dict[str, str]) -> None:
    """But for a space, which it sends as `+`: Binance asks for RFC 3986."""
    pem = {"hmac": None, "rsa": rsa_pem(), "ed25519": ED25519}[kind]
    configuration = SimpleNamespace(api_secret=None if pem else SECRET, private_key=pem)
    theirs = CONNECTOR.encoded_string(values)
    signature = CONNECTOR.get_signature(configuration, theirs, Signers.get_signer(pem) if pem else None)
    assert query(list(values.items())) == theirs
    assert signed(list(values.items()), signer(kind)) == CONNECTOR.encoded_string(values | {"signature": signature})


def test_query_is_rfc_3986() -> None:
    assert query([("a", "AZaz09-._~"), ("b", " !\"#$%&'()*+,/:;<=>?@[\\]^`{|}é\n")]) == (
        "a=AZaz09-._~&b=%20%21%22%23%24%25%26%27%28%29%2A%2B%2C%2F%3A%3B%3C%3D%3E%3F%40%5B%5C%5D%5E%60%7B%7C%7D%C3%A9%0A"
    )
    assert query([("z", "1"), ("a", "2")]) == "z=1&a=2"
    assert query([]) == ""


def test_half_a_character_is_refused_without_showing_the_rest() -> None:
    with pytest.raises(ValueError, match="half a character") as caught:
        query([("subAccountApiKey", API_KEY + "\ud800")])
    assert caught.value.__context__ is None


@pytest.mark.parametrize("pem", [ed25519_pem(PASSPHRASE), rsa_pem(2048, PASSPHRASE)], ids=["ed25519", "rsa"])
def test_an_encrypted_key(pem: str) -> None:
    assert encrypted(Secret(pem, "x"))
    assert pem_signer(Secret(pem, "x"), Secret(PASSPHRASE, "y")).sign(b"a")
    for passphrase, why in [(Secret("wrong", "y"), "its passphrase is wrong"), (None, "no passphrase was given")]:
        with pytest.raises(BadKey, match=why) as caught:
            pem_signer(Secret(pem, "grid.pem"), passphrase)
        clean(caught.value, pem)


def test_a_passphrase_that_is_no_utf8_in_the_environment() -> None:
    pem = load_pem_private_key(ED25519.encode(), None)
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption  # noqa: PLC0415 - here alone

    data = pem.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"\xe9t\xe9")).decode()
    assert pem_signer(Secret(data, "x"), Secret("\udce9t\udce9", "y")).identity == signer("ed25519").identity


def test_a_passphrase_that_is_not_needed() -> None:
    assert pem_signer(Secret(ED25519, "x"), Secret(PASSPHRASE, "y")).sign(b"a") == signer("ed25519").sign(b"a")


def of(key: object, form: PrivateFormat = PrivateFormat.PKCS8) -> str:
    text: bytes = key.private_bytes(Encoding.PEM, form, NoEncryption())  # type: ignore[attr-defined] # any of them
    return text.decode()


RSA = load_pem_private_key(rsa_pem().encode(), None)
ED = load_pem_private_key(ED25519.encode(), None)
EC = ec.generate_private_key(ec.SECP256R1())
SPKI = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

REFUSED = {
    "PKCS#1": (of(RSA, PrivateFormat.TraditionalOpenSSL), "is an RSA key in PKCS#1.*openssl pkcs8 -topk8 -in"),
    "SEC 1": (of(EC, PrivateFormat.TraditionalOpenSSL), "is an EC key.*openssl genpkey -algorithm ed25519"),
    "EC in PKCS#8": (of(EC), "is neither an Ed25519 nor an RSA key.*openssl genpkey"),
    "Ed448": (of(ed448.Ed448PrivateKey.generate()), "is neither an Ed25519 nor an RSA key"),
    "X25519": (of(x25519.X25519PrivateKey.generate()), "is neither an Ed25519 nor an RSA key"),
    "DSA": (of(dsa.generate_private_key(2048), PrivateFormat.TraditionalOpenSSL), "is a DSA key.*openssl genpkey"),
    "OpenSSH": (of(ED, PrivateFormat.OpenSSH), "is in OpenSSH's own format.*ssh-keygen -p -m PKCS8"),
    "public": (SPKI, "is the public half"),
    "ssh public": (
        RSA.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode(),
        "is the public half",
    ),
    "RSA of 1024 bits": (rsa_pem(1024), "is an RSA key of 1024 bits, and Binance takes 2048 to 4096"),
    "RSA of 4608 bits": (rsa_pem(4608), "is an RSA key of 4608 bits"),
    "two keys": (ED25519 + rsa_pem(), "holds several keys"),
    "with its public half": (rsa_pem() + SPKI, "holds several keys"),
    "cut": (rsa_pem()[:800] + "\n-----END PRIVATE KEY-----\n", "is damaged"),
    "line ends as letters": (ED25519.replace("\n", "\\n"), "is (damaged|not a private key in PEM)"),
    "DER in base64": (ED25519.splitlines()[1], "is not a private key in PEM.*openssl pkey -inform DER"),
    "empty": ("", "is not a private key in PEM"),
    "half a character": (ED25519.replace("MC4", "\ud800"), "is damaged"),
    "a NUL": (ED25519.replace("MC4", "MC4\0"), "is damaged"),
}


@pytest.mark.parametrize(("pem", "why"), REFUSED.values(), ids=REFUSED)
def test_other_keys_are_refused_with_what_to_do(pem: str, why: str) -> None:
    with pytest.raises(BadKey, match=f"^grid.pem {why}") as caught:
        pem_signer(Secret(pem, "grid.pem"))
    clean(caught.value, pem)


def clean(error: BaseException, pem: str) -> None:
    assert error.__context__ is None
    assert error.__cause__ is None
    told = "".join(traceback.format_exception(error))
    body = [it for it in pem.splitlines() if len(it) >= 16 and not it.startswith("-----")]
    assert leaks(told, tuple(body)) == []


def test_signers_of_one_secret_are_known_as_such() -> None:
    assert signer("hmac").identity == hmac_signer(Secret(SECRET, "elsewhere")).identity
    both = pem_signer(Secret(of(RSA), "a")), pem_signer(Secret(rsa_pem(), "b"))
    assert both[0].identity == both[1].identity
    assert len({signer(kind).identity for kind in ("hmac", "rsa", "ed25519")}) == 3
    assert repr(both[1]) == "<rsa signer from b>"
