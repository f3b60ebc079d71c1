"""A state file becomes a State, or is told where it is wrong."""

import json
from importlib.resources import files

import pytest
from jsonschema import Draft7Validator
from sandbox.client import DESK, desk

from keylint.manifest.permissions import PERMISSION
from keylint.sandbox import state
from keylint.sandbox.state import BadState, Drip, Misbehaviour, Repeat, load

SCHEMA = json.loads(files("keylint.schemas").joinpath("sandbox.schema.json").read_text(encoding="utf-8"))
KEY = "version = 1\n[keys.a]\ncreated = 2026-11-01\n"
FAULT = f"{KEY}[[misbehaviour]]\n"


def problems(text: str) -> tuple[str, ...]:
    with pytest.raises(BadState) as caught:
        load(text, "S.toml")
    assert str(caught.value).startswith(caught.value.problems[0])
    return caught.value.problems


def test_the_smallest_state_is_a_version() -> None:
    found = load("version = 1\n", "S.toml")

    assert found == (None, 0, "rows", "string", {}, {}, ())


def test_what_a_key_does_not_say() -> None:
    found = load(f"\ufeff{KEY}", "S.toml")

    key = found.keys["a"]
    assert (key.account, key.type, key.label, [*key.permissions]) == ("main", "ed25519", "a", ["read"])
    assert (key.ip_list, key.networks, key.trading_expires_ms, key.deleted) == ((), (), None, False)
    assert key.created_ms == 1_793_491_200_000
    account = found.accounts["main"]
    assert (account.master, account.status, account.locked, [*account.features]) == (None, "Normal", False, [])
    assert account.email == "main@sandbox.example"
    assert account.uid == load(KEY, "other").accounts["main"].uid
    assert account.uid != desk().accounts["grid"].uid


def test_an_account_exists_where_a_key_or_a_sub_account_names_it() -> None:
    found = load('version = 1\n[accounts.a]\nmaster = "b"\n[keys.k]\naccount = "c"\ncreated = 2026-11-01\n', "S.toml")

    assert list(found.accounts) == ["a", "c", "b"]


@pytest.mark.parametrize(
    ("written", "milliseconds"),
    [
        ("2026-11-01", 1_793_491_200_000),
        ("2026-11-01T00:00:00", 1_793_491_200_000),
        ("2026-11-01T01:00:00+01:00", 1_793_491_200_000),
        ("2026-11-01T00:00:00.123999Z", 1_793_491_200_123),
        ("1970-01-01", 0),
        ("9998-12-31", 253_370_678_400_000),
    ],
)
def test_a_day_or_a_moment_is_milliseconds(written: str, milliseconds: int) -> None:
    assert load(KEY.replace("2026-11-01", written), "S.toml").keys["a"].created_ms == milliseconds


def test_every_field_of_a_misbehaviour_is_read() -> None:
    text = f"""{FAULT}
path = "/api/v3/time"
key = "a"
times = 2
after = 3
status = 429
headers = {{ Retry-After = ["1", "2"], Server = "x", Content-Length = [] }}
json = [1, true, "x", nan]
replace = {{ a = 1 }}
replace_raw = {{ b = "1e999" }}
remove = ["c"]
rename = {{ d = "e" }}
duplicate = {{ f = false }}
nest = 4
prepend = "<"
append = ">"
truncate = 5
repeat = {{ of = "x", bytes = 6 }}
gzip = true
chunked = true
delay_ms = 7
drip = {{ part = "body", every_ms = 8 }}
cut = "body"
reset = true
continue_forever = true
"""

    [fault] = load(text, "S.toml").misbehaviours

    assert fault.json is not None
    assert fault._replace(json=None) == Misbehaviour(
        path="/api/v3/time",
        key="a",
        times=2,
        after=3,
        status=429,
        headers={"Retry-After": ("1", "2"), "Server": ("x",), "Content-Length": ()},
        replace={"a": 1},
        replace_raw={"b": "1e999"},
        remove=("c",),
        rename={"d": "e"},
        duplicate={"f": False},
        nest=4,
        prepend="<",
        append=">",
        truncate=5,
        repeat=Repeat("x", 6),
        gzip=True,
        chunked=True,
        delay_ms=7,
        drip=Drip("body", 8),
        cut="body",
        reset=True,
        continue_forever=True,
    )
    left = set(Misbehaviour._fields) - {"raw", "body"} | {"body", "body_base64", "raw_base64"}
    assert set(SCHEMA["definitions"]["misbehaviour"]["properties"]) == left


def test_bodies_are_bytes() -> None:
    [first, second, third] = load(
        f'{FAULT}body = "\\u00e9"\n[[misbehaviour]]\nbody_base64 = "/w=="\n[[misbehaviour]]\nraw_base64 = "AA=="\n', "S"
    ).misbehaviours

    assert (first.body, second.body, third.raw) == ("é".encode(), b"\xff", b"\0")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "S.toml:1:1: the file has no `version` (the version of this format)"),
        ("version = = 1\n", "S.toml:1:11: is not valid TOML: invalid value"),
        ("version = 2\n", "S.toml:1:11: version must be 1 (the version of this format)"),
        ("version = true\n", "S.toml:1:11: version must be 1 (the version of this format)"),
        (f"version = {'1' * 5000}\n", "S.toml: holds a number, a date or a nesting that is out of range"),
        (
            'version = 1\nseen_from = "10.0.0.0/8"\n',
            "S.toml:2:13: seen_from must be an IP address, such as 203.0.113.20",
        ),
        (f"{KEY}tpye = 1\n", "S.toml:4:1: keys.a.tpye is not a field of a key; did you mean `type`?"),
        (f'{KEY}type = "dsa"\n', "S.toml:4:8: keys.a.type must be one of ed25519, rsa, hmac (what it signs with)"),
        (f"{KEY}type = 7\n", "S.toml:4:8: keys.a.type must be one of ed25519, rsa, hmac"),
        (f'{KEY}permissions = ["trade"]\n', "S.toml:4:16: keys.a.permissions[0] must be one of read, fix-read, spot"),
        (f'{KEY}permissions = "read"\n', "S.toml:4:15: keys.a.permissions must be a list, in square brackets"),
        (f'{KEY}ip_list = ["1.2.3.4/8"]\n', "S.toml:4:12: keys.a.ip_list[0] must be an IP address, or a network"),
        (f"{KEY}label = 1\n", "S.toml:4:9: keys.a.label must be a text in quotes of 0 to 200 characters (its label)"),
        (f'{KEY}deleted = "no"\n', "S.toml:4:11: keys.a.deleted must be a boolean, true or false without quotes"),
        (KEY.replace("2026-11-01", '"2026-11-01"'), "S.toml:3:11: keys.a.created must be a date or a time without"),
        (KEY.replace("2026-11-01", "07:30:00"), "S.toml:3:11: keys.a.created must be a date or a time without"),
        (KEY.replace("2026-11-01", "1969-12-31"), "S.toml:3:11: keys.a.created must be after 1969 and before 9999"),
        (KEY.replace("2026-11-01", "0001-01-01T00:00:00+14:00"), "S.toml:3:11: keys.a.created must be after 1969"),
        (f"{KEY}flags = {{ x = [2026-11-01] }}\n", "S.toml:4:16: keys.a.flags.x[0] is a date, which JSON has not"),
        ("version = 1\n[keys.A]\n", "S.toml:2:7: keys.A is not an id: lower-case letters, digits and hyphens"),
        ("version = 1\n[keys.a]\n", "S.toml:2:2: keys.a has no `created` (when it was made)"),
        ("version = 1\nkeys = 1\n", "S.toml:2:8: keys must be a table (API keys, by id)"),
        ("version = 1\n[acounts.a]\n", "S.toml:2:2: acounts is not a field of the file; did you mean `accounts`?"),
        ("version = 1\nxyz = 1\n", "S.toml:2:1: xyz is not a field of the file"),
        ("version = 1\n[accounts.a]\nfoo = 1\n", "S.toml:3:1: accounts.a.foo is not a field of an account"),
        ("version = 1\n[accounts.a]\nuid = 0\n", "S.toml:3:7: accounts.a.uid must be a whole number from 1 to"),
        ('version = 1\n[accounts.a]\nmaster = "a"\n', "S.toml:3:10: accounts.a.master names a sub-account, or itself"),
        (
            'version = 1\n[accounts.a]\nemail = "x@y"\n[accounts.b]\nemail = "x@y"\n',
            "S.toml:5:9: accounts.b.email is that of accounts.a too; each has its own",
        ),
        (
            'version = 1\n[accounts.a]\nwithdrawals = [{ on = 2026-01-01, coin = "BTC", amount = "-1" }]\n',
            "S.toml:3:58: accounts.a.withdrawals[0].amount must be a text that fits ^[0-9]{1,20}",
        ),
        (f'{FAULT}key = "b"\n', "S.toml:5:7: misbehaviour[0].key names no key of this file"),
        (f'{FAULT}body = ""\njson = 1\n', "S.toml:6:8: misbehaviour[0].json stands beside `body`; an answer has one"),
        (f'{FAULT}raw_base64 = "?"\n', "S.toml:5:14: misbehaviour[0].raw_base64 must be a text in base64"),
        (f"{FAULT}json = 2026-01-01\n", "S.toml:5:8: misbehaviour[0].json is a date, which JSON has not"),
        (f"{FAULT}headers = {{ A = 1 }}\n", "S.toml:5:17: misbehaviour[0].headers.A must be a text or a list of texts"),
        (f"{FAULT}rename = {{ A = 1 }}\n", "S.toml:5:16: misbehaviour[0].rename.A must be a text in quotes"),
        (f"{FAULT}status = 99\n", "S.toml:5:10: misbehaviour[0].status must be a whole number from 100 to 999"),
        (f'{FAULT}drip = {{ part = "body" }}\n', "S.toml:5:8: misbehaviour[0].drip has no `every_ms`"),
        (f"{FAULT}path = 'api'\n", "S.toml:5:8: misbehaviour[0].path must be a text that fits ^/.*$"),
    ],
)
def test_a_mistake_is_told_with_its_place(text: str, said: str) -> None:
    assert problems(text)[0].startswith(said)


def test_all_mistakes_are_told_up_to_twenty() -> None:
    text = "version = 1\n" + "".join(f"x{number} = 1\n" for number in range(30))

    found = problems(text)

    assert len(found) == 21
    assert found[-1] == "S.toml: has 10 more mistakes; correct these, then look again"
    with pytest.raises(BadState, match=r"x0 is not a field of the file \(and 20 more\)"):
        load(text, "S.toml")


def test_a_file_that_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "MAX_CHARACTERS", 1024 * 1024)

    assert problems("#" * (1024 * 1024 + 1)) == ("S.toml: is larger than 1 MiB",)


def test_the_address_of_a_request_is_held_to_the_list() -> None:
    key = desk().keys["trader"]

    assert [key.answers_to(each) for each in ("203.0.113.20", "198.51.100.15", "198.51.100.16", "::1", "x")] == [
        *(True, True, False, False, False)
    ]
    assert desk().keys["inventory"].answers_to("x")


def test_the_schema_is_one_and_knows_the_same_permissions() -> None:
    Draft7Validator.check_schema(SCHEMA)

    assert SCHEMA["definitions"]["key"]["properties"]["permissions"]["items"]["enum"] == list(PERMISSION)
    assert load(DESK, "S.toml").keys
