"""keylint.live.strict_json."""

import json
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st
from live.keys import SECRET, leaks

from keylint.live.strict_json import Doubtful, loads

GOOD = [
    b"{}",
    b"[]",
    b"null",
    b' \t\r\n{"a": [1, -1, 1.5, 1e10, true, false, null, "\\u00e9\\n"]}\n',
    b'{"a":1,"A":2}',
    str(2**63 - 1).encode(),
    str(-(2**63)).encode(),
    b"[" * 32 + b"]" * 32,
    json.dumps("[{" * 1_000).encode(),
    json.dumps("\\" * 99 + '"' + "[" * 99).encode(),
    b"[" + b"[]," * 5_000 + b"[]]",
    '"\U0001f600é"'.encode(),
    b'"\\ud83d\\ude00"',
]


@pytest.mark.parametrize("data", GOOD)
def test_good(data: bytes) -> None:
    assert loads(data) == json.loads(data)


DOUBTFUL = {
    "empty": (b"", "it is empty"),
    "blank": (b" ", "it is not one JSON document"),
    "byte order mark": (b"\xef\xbb\xbf{}", "it begins with a byte order mark"),
    "UTF-16": ('{"a":1}'.encode("utf-16"), "it is not UTF-8"),
    "latin-1": ('{"a":"é"}'.encode("latin-1"), "it is not UTF-8"),
    "overlong": (b'"\xc0\xaf"', "it is not UTF-8"),
    "surrogate in UTF-8": (b'"\xed\xa0\x80"', "it is not UTF-8"),
    "cut": (b'{"enableWithdrawals":fal', "it is not one JSON document"),
    "two documents": (b"{}{}", "it is not one JSON document"),
    "something after it": (b"{}\0", "it is not one JSON document"),
    "comment": (b"{}//", "it is not one JSON document"),
    "comma at the end": (b"[1,]", "it is not one JSON document"),
    "single quotes": (b"{'a':1}", "it is not one JSON document"),
    "HTML": (b"<html>", "it is not one JSON document"),
    "control character in text": (b'"a\nb"', "it is not one JSON document"),
    "leading zero": (b"01", "it is not one JSON document"),
    "plus": (b"+1", "it is not one JSON document"),
    "other digits": ("١".encode(), "it is not one JSON document"),
    "NaN": (b'{"a":NaN}', "a number in it is none"),
    "Infinity": (b"[Infinity]", "a number in it is none"),
    "-Infinity": (b"[-Infinity]", "a number in it is none"),
    "1e999": (b"[1e999]", "a number in it is too large"),
    "-1e999": (b"[-1e999]", "a number in it is too large"),
    "2**63": (str(2**63).encode(), "a number in it is too large"),
    "-2**63-1": (str(-(2**63) - 1).encode(), "a number in it is too large"),
    "5,000 digits": (b"1" * 5_000, "a number in it is too large"),
    "100,000 digits": (b"1" * 100_000, "a number in it is too large"),
    "key twice": (b'{"a":1,"b":2,"a":1}', "an object in it has one key twice"),
    "key twice, written otherwise": (b'{"a":1,"\\u0061":1}', "an object in it has one key twice"),
    "key twice, deep": (b'[[{"x":{"a":1,"a":1}}]]', "an object in it has one key twice"),
    "33 deep": (b"[" * 33 + b"]" * 33, "it is nested deeper than 32"),
    "33 deep in turns": (b'[{"a":' * 17 + b"1" + b"}]" * 17, "it is nested deeper than 32"),
    "100,000 deep": (b"[" * 100_000, "it is nested deeper than 32"),
    "100,000 deep objects": (b'{"a":' * 100_000, "it is nested deeper than 32"),
    "deep behind a quote that does not end": (b'"' + b"[" * 100_000, "it is n"),
    "half a character": (b'"\\ud800"', "a text in it holds half a character"),
    "the other half": (b'{"a":["\\udc00"]}', "a text in it holds half a character"),
    "half a character in a key": (b'{"\\ud800":1}', "a text in it holds half a character"),
}


@pytest.mark.parametrize(("data", "why"), DOUBTFUL.values(), ids=DOUBTFUL)
def test_doubtful(data: bytes, why: str) -> None:
    with pytest.raises(Doubtful, match=f"^{why}") as caught:
        loads(data)
    assert caught.value.__context__ is None


@pytest.mark.parametrize("shape", ['{"%s":1', '{"a":1,"%s":2,"%s":3}', '["%s",NaN]', '"\\ud800%s"', "%s"])
def test_what_was_there_is_not_told(shape: str) -> None:
    with pytest.raises(Doubtful) as caught:
        loads(shape.replace("%s", SECRET).encode())
    assert leaks("".join(traceback.format_exception(caught.value))) == []


@given(st.binary(max_size=60) | st.text('[]{}",:\\u0d8 1e9-NaInfty', max_size=40).map(str.encode))
def test_it_takes_less_than_the_standard_library_and_never_something_else(data: bytes) -> None:
    try:
        value = loads(data)
    except Doubtful:
        return
    assert repr(value) == repr(json.loads(data))
