"""keylint.live.secret."""

import copy
import hashlib
import json
import pickle
import pprint
import traceback

import pytest
from live.keys import API_KEY, SECRET, leaks

from keylint.live.credentials import Credentials
from keylint.live.secret import Secret, fingerprint
from keylint.live.signing import hmac_signer

IT = Secret(SECRET, "KEYLINT_GRID_API_SECRET")


def test_prints_its_origin_in_every_way() -> None:
    shown = [repr(IT), str(IT), f"{IT}", f"{IT!s:>80}", f"{IT:>80}", pprint.pformat([IT, {IT: 1}])]
    assert set(shown[:3]) == {"<secret from KEYLINT_GRID_API_SECRET>"}
    assert leaks(" ".join(shown)) == []


def test_is_not_reachable_by_copying_or_writing() -> None:
    for attempt in (copy.copy, copy.deepcopy, pickle.dumps, json.dumps, vars, Secret.__getstate__):
        with pytest.raises(TypeError) as caught:
            attempt(IT)
        assert leaks("".join(traceback.format_exception(caught.value))) == []


def test_does_not_change() -> None:
    for name in ("_value", "origin", "more"):
        with pytest.raises(TypeError, match="cannot be changed"):
            setattr(IT, name, "")
        with pytest.raises(TypeError, match="cannot be changed"):
            delattr(IT, name)
    assert IT.reveal() == SECRET


def test_equals_by_its_text_and_not_by_its_origin() -> None:
    other = Secret(SECRET, "elsewhere")
    assert other == IT
    assert hash(IT) == hash(other)
    assert Secret(API_KEY, IT.origin) != IT
    assert IT != SECRET
    assert len({IT, other, Secret("x", "y")}) == 2


def test_text_that_no_encoding_takes_is_compared_too() -> None:
    assert Secret("\udcff", "a") == Secret("\udcff", "b")
    assert hash(Secret("\udcff", "a")) != hash(Secret("\udcfe", "a"))


def test_credentials_print_nothing() -> None:
    credentials = Credentials("grid", Secret(API_KEY, "grid.api-key"), hmac_signer(IT), fingerprint(API_KEY))
    assert repr(credentials) == (
        "Credentials(id='grid', api_key=<secret from grid.api-key>, signer=<hmac signer from KEYLINT_GRID_API_SECRET>, "
        f"fingerprint='{fingerprint(API_KEY)}')"
    )


def test_fingerprint() -> None:
    assert fingerprint(API_KEY) == "sha256:" + hashlib.sha256(API_KEY.encode()).hexdigest()[:16]
    assert fingerprint("a") == "sha256:ca978112ca1bbdca"


def test_fingerprint_of_what_is_no_key_does_not_show_it() -> None:
    with pytest.raises(ValueError, match=r"^an API key is ASCII$") as caught:
        fingerprint(API_KEY + "é")
    assert caught.value.__context__ is None
