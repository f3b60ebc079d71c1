"""A fault is chosen for a request, and changes the good answer in what it says and in nothing else."""

import gzip
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sandbox.client import desk

from keylint.sandbox.answers import Request, Response
from keylint.sandbox.misbehaviour import Script, bent, pieces
from keylint.sandbox.state import Misbehaviour, Repeat

GOOD = Response(
    200, (("Content-Type", "application/json"), ("X-Weight", "1")), b'{"a":true,"b":{"c":[{"d":1},{"d":2}]}}'
)
REQUEST = Request("/p", "timestamp=1&signature=sig%2B", {"X-MBX-APIKEY": "KEY", "host": "here:1"})


def chosen(script: Script, *requests: tuple[str, str | None]) -> list[int | None]:
    found = [script.next(path, key) for path, key in requests]
    return [None if each is None else each.status for each in found]


def test_the_first_that_fits_is_used() -> None:
    script = Script([Misbehaviour(path="/a", status=500), Misbehaviour(key="k", status=501), Misbehaviour(status=502)])

    assert chosen(script, ("/a", "k"), ("/b", "k"), ("/b", None), ("/b", "other"), ("/a", None)) == [
        *(500, 501, 502, 502, 500)
    ]


def test_one_that_has_run_out_gives_way() -> None:
    script = Script([Misbehaviour(times=2, status=500), Misbehaviour(after=1, times=1, status=501)])

    assert chosen(script, *[("/a", None)] * 5) == [500, 500, None, 501, None]


def test_one_for_ever_after_some() -> None:
    assert chosen(Script([Misbehaviour(after=2, status=500)]), *[("/a", None)] * 4) == [None, None, 500, 500]
    assert Script([]).next("/a", None) is None


def test_many_threads_get_it_as_often_as_it_is_said() -> None:
    script = Script([Misbehaviour(times=100)])

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: script.next("/a", None), range(500)))

    assert sum(each is not None for each in found) == 100


@pytest.mark.parametrize(
    ("fault", "body"),
    [
        (Misbehaviour(), GOOD.body),
        (Misbehaviour(status=500), GOOD.body),
        (Misbehaviour(body=b"x"), b"x"),
        (Misbehaviour(body=b""), b""),
        (Misbehaviour(json=({"code": -1003, "msg": "é"},)), b'{"code":-1003,"msg":"\\u00e9"}'),
        (Misbehaviour(json=(None,)), b"null"),
        (Misbehaviour(json=("text",)), b'"text"'),
        (Misbehaviour(json=(float("nan"),)), b"NaN"),
        (Misbehaviour(replace={"a": "true"}), b'{"a":"true","b":{"c":[{"d":1},{"d":2}]}}'),
        (Misbehaviour(replace={"b.c.d": 3}), b'{"a":true,"b":{"c":[{"d":3},{"d":3}]}}'),
        (Misbehaviour(replace={"x.y": 3, "z": 1}), b'{"a":true,"b":{"c":[{"d":1},{"d":2}]},"z":1}'),
        (Misbehaviour(replace_raw={"a": "1e999", "b": "01"}), b'{"a":1e999,"b":01}'),
        (Misbehaviour(replace_raw={"b.c.d": '"\\ud800"'}), b'{"a":true,"b":{"c":[{"d":"\\ud800"},{"d":"\\ud800"}]}}'),
        (Misbehaviour(remove=("b", "x", "a.y")), b'{"a":true}'),
        (Misbehaviour(remove=("b.c.d",)), b'{"a":true,"b":{"c":[{},{}]}}'),
        (Misbehaviour(rename={"a": "A", "x": "y"}), b'{"b":{"c":[{"d":1},{"d":2}]},"A":true}'),
        (Misbehaviour(rename={"a": "а"}, remove=("b",)), b'{"\\u0430":true}'),
        (Misbehaviour(duplicate={"a": False}, remove=("b",)), b'{"a":true,"a":false}'),
        (Misbehaviour(duplicate={"a": 1}, json=({},)), b'{"a":1}'),
        (Misbehaviour(duplicate={"a": 1}, json=([],)), b"[]"),
        (Misbehaviour(replace={"a": 1}, body=b"no json"), b"no json"),
        (Misbehaviour(replace={"a": 1}, json=(7,)), b"7"),
        (Misbehaviour(nest=3, body=b""), b"[[[]]]"),
        (Misbehaviour(prepend="\ufeff", append="{}", body=b"{}"), b"\xef\xbb\xbf{}{}"),
        (Misbehaviour(truncate=0), b""),
        (Misbehaviour(truncate=5), GOOD.body[:5]),
        (Misbehaviour(body=b"{api_key} {signature} {query} {host}"), b"KEY sig%2B timestamp=1&signature=sig%2B here:1"),
        (Misbehaviour(json=({"msg": "{api_key}"},)), b'{"msg":"KEY"}'),
        (Misbehaviour(replace={"a": "{api_key}"}, remove=("b",)), b'{"a":"KEY"}'),
    ],
)
def test_a_body(fault: Misbehaviour, body: bytes) -> None:
    assert bent(GOOD, fault, REQUEST).body == body


def test_nothing_is_filled_in_where_nothing_came() -> None:
    fault = Misbehaviour(body=b"{api_key}{signature}{query}{host}")

    assert bent(GOOD, fault, Request("/p")).body == b""


def test_headers_stand_over_the_good_ones() -> None:
    fault = Misbehaviour(
        status=429,
        headers={"content-type": ("text/html",), "Retry-After": ("1", "2"), "Location": ("http://{host}/x",)},
    )

    found = bent(GOOD, fault, REQUEST)

    assert found.status == 429
    assert found.headers == (
        ("X-Weight", "1"),
        ("content-type", "text/html"),
        ("Retry-After", "1"),
        ("Retry-After", "2"),
        ("Location", "http://here:1/x"),
    )
    assert bent(GOOD, Misbehaviour(headers={"X-Weight": ()}), REQUEST).headers == GOOD.headers[:1]


@pytest.mark.parametrize(("size", "of"), [(1, "x"), (10, "abc"), (200_000, "ab"), (65_537, "y")])
def test_what_is_repeated_has_its_size(size: int, of: str) -> None:
    found = b"".join(pieces(b"<", Repeat(of, size)))

    assert found == b"<" + (of * size).encode()[:size]


def test_a_bomb_is_small_outside_and_large_inside() -> None:
    packed = b"".join(pieces(b"<", Repeat("0", 30_000_000), gzip=True))

    assert len(packed) < 60_000
    assert len(gzip.decompress(packed)) == 30_000_001


def test_one_without_end_is_sent_in_pieces() -> None:
    endless = pieces(b"<", Repeat("0", None))

    first = [next(endless) for _ in range(100)]

    assert max(map(len, first)) <= 65_536


def test_every_field_of_an_answer_can_be_broken_from_a_file() -> None:
    state = desk('[[misbehaviour]]\nreplace_raw = { "data.isLocked" = "null" }\nremove = ["data.updateTime"]\n')
    body = json.dumps({"data": {"isLocked": False, "updateTime": 1, "left": 2}}).encode()

    found: Any = json.loads(bent(Response(200, (), body), state.misbehaviours[0], REQUEST).body)

    assert found == {"data": {"isLocked": None, "left": 2}}
