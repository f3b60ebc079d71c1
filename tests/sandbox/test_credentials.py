"""Made-up credentials: the shape of Binance's, the same in every run, and signatures that only their owner makes."""

import re
import subprocess
import sys
from base64 import b64decode, b64encode
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from sandbox.client import desk, signature

from keylint.sandbox.credentials import MadeCredentials, api_key, made

PAYLOAD = "timestamp=1578963600000"


def test_an_api_key_is_64_letters_and_digits_and_stays_what_it_is() -> None:
    # A manifest may declare the fingerprint: a change here breaks it.
    assert api_key("grid-2026q4") == "sVXFjCftoQQgDEAKj5aRWAR4YTrhluaMq3oGIi3DbwgUeKUnNcQtKr11n1XJOhS6"
    keys = [api_key(f"key-{number}") for number in range(2000)]
    assert len(set(keys)) == 2000
    assert all(re.fullmatch("[A-Za-z0-9]{64}", each) for each in keys)


def test_a_fingerprint_is_that_of_the_api_key() -> None:
    one = made(desk())["inventory"]

    assert one.fingerprint == "sha256:" + sha256(one.api_key.encode("ascii")).hexdigest()[:16]


def test_each_key_has_its_own() -> None:
    everything = list(made(desk()).values())

    assert [each.id for each in everything] == list(desk().keys)
    assert len({each.private for each in everything}) == len({each.api_key for each in everything}) == len(everything)
    assert not {each.private for each in everything} & {each.api_key for each in everything}
    assert {each.file_names for each in everything if each.id in {"trader", "rsa"}} == {
        ("trader.api-key", "trader.secret"),
        ("rsa.api-key", "rsa.pem"),
    }


@pytest.mark.parametrize("id_", ["inventory", "trader", "rsa"])
def test_a_signature_is_its_owners_and_of_its_payload(id_: str) -> None:
    one = made(desk())[id_]
    good = signature(one, PAYLOAD)

    assert one.signed(PAYLOAD.encode(), good)
    assert one.signed(PAYLOAD.encode(), good)
    assert not one.signed(PAYLOAD.encode() + b" ", good)
    assert not one._replace(id="another").signed(PAYLOAD.encode(), good)
    for bad in ("", good[:-4], f"{good}AAAA", f" {good}", "é", "=", "A" * len(good), good.replace(good[:4], "????")):
        assert not one.signed(PAYLOAD.encode(), bad), bad


def test_hexadecimal_may_be_in_capitals_and_base64_not() -> None:
    credentials = made(desk())
    hmac, ed25519 = credentials["trader"], credentials["inventory"]

    assert hmac.signed(PAYLOAD.encode(), signature(hmac, PAYLOAD).upper())
    assert not ed25519.signed(PAYLOAD.encode(), signature(ed25519, PAYLOAD).upper())


def test_rsa_is_pkcs1_and_not_pss() -> None:
    one = made(desk())["rsa"]
    key = load_pem_private_key(one.private.encode(), None)
    assert isinstance(key, RSAPrivateKey)

    pss = key.sign(PAYLOAD.encode(), PSS(MGF1(SHA256()), PSS.MAX_LENGTH), SHA256())

    assert key.key_size == 2048
    assert one.private.startswith("-----BEGIN PRIVATE KEY-----\n")
    assert not one.signed(PAYLOAD.encode(), b64encode(pss).decode())


def test_ed25519_is_pkcs8() -> None:
    one = made(desk())["inventory"]

    body = "".join(one.private.splitlines()[1:-1])
    assert body.startswith("MC4CAQAwBQYDK2VwBCIEI")  # as in Binance's own example
    assert len(b64decode(signature(one, PAYLOAD))) == 64


def test_an_rsa_key_is_drawn_once_whoever_asks_first() -> None:
    one = MadeCredentials("drawn-by-many", "rsa", api_key("drawn-by-many"))

    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: one.private, range(8)))

    assert len(keys) == 1
    assert one.signed(PAYLOAD.encode(), signature(one, PAYLOAD))


def test_cryptography_is_imported_for_what_needs_it() -> None:
    script = (
        "import sys\n"
        "from keylint.sandbox.credentials import made\n"
        "from keylint.sandbox.state import load\n"
        "text = 'version = 1\\n[keys]\\nh = {type = \"hmac\", created = 2026-01-01}\\ne = {created = 2026-01-01}\\n'\n"
        "one = made(load(text, 'S'))\n"
        "assert not one['h'].signed(b'x', 'y') and one['e'].private\n"
        "print([name for name in sys.modules if name.startswith('cryptography')])\n"
    )

    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, encoding="utf-8", check=False)

    assert (ran.stdout, ran.stderr) == ("[]\n", "")
