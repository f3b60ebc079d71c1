"""What a person reads when a manifest breaks the schema: all of it at once, in order, and never a value."""

import json
from datetime import date
from importlib.resources import files
from typing import Any

import pytest
import tomli

from keylint.manifest.explain import explain
from keylint.manifest.screen import screen

SCHEMA = json.loads(files("keylint.schemas").joinpath("manifest.schema.json").read_text(encoding="utf-8"))
SECRET = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"  # noqa: S105 - shaped like one, and is none
DAY = date(2026, 11, 20)
GOOD_KEY = {"type": "rsa", "permissions": [], "created": DAY}


def said(document: dict[str, Any]) -> list[str]:
    """Each violation as `path message`; of a missing id the path is the table's."""
    return [
        f"{'.'.join(str(part) for part in violation.path)} {violation.message}".strip()
        for violation in explain(document, screen(document))
    ]


KINDS = "data, spot, margin, futures, options, portfolio-margin, native, public, custom"
NO_ID = "is not an id: lower-case letters, digits and hyphens, at most 63"
NOT_AN_ID = "must be an id: lower-case letters, digits and hyphens, at most 63"
NOT_AN_ADDRESS = "must be an IP address or a network, such as 203.0.113.20 or 198.51.100.0/28"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["has no `version`, which every manifest must have"]),
        ("version = 2", ["version must be 1"]),
        ("version = '1'", ["version must be 1"]),
        ("version = true", ["version must be 1"]),
        ("version = 1.0", ["version must be 1"]),
        ("version = 1\nVersion = 1", ["Version is not a field of a manifest; did you mean `version`?"]),
        ("version = 1\n[kyes.a]", ["kyes is not a field of a manifest; did you mean `keys`?"]),
        ("version = 1\n[kyes.a]\n[keys]", ["kyes is not a field of a manifest; did you mean `keys`?"]),
        ("version = 1\n['kеys'.a]", ["kеys is not a field of a manifest; did you mean `keys`, in plain letters?"]),
        ("version = 1\n[exchange]", ["exchange is not a field of a manifest"]),
        ("version = 1\nkeys = 3", ["keys must be tables by id, each written [keys.ID]"]),
        ("version = 1\n[[keys]]", ["keys must be tables by id, each written [keys.ID]"]),
        ("version = 1\n[waivers]", ["waivers must be a list of tables, each written [[waivers]]"]),
        ("version = 1\npolicy = true", ["policy must be a table"]),
        ("version = 1\nevents = [3]", ["events.0 must be a table"]),
        ("version = 1\nkeys.a = 3", ["keys.a must be a table"]),
        ("version = 1\n[bots.Grid]\nkind = 'spot'", [f"bots.Grid {NO_ID}"]),
        ("version = 1\n[bots.'']\nkind = 'spot'", [f"bots. {NO_ID}"]),
        ('version = 1\n[bots."a\\n"]\nkind = "spot"', [f"bots.a\n {NO_ID}"]),
        (
            "version = 1\n[bots.my_bot]",
            [f"bots.my_bot {NO_ID}", "bots.my_bot has no `kind`, which every bot must have"],
        ),
    ],
)
def test_sentences_about_the_root_and_its_sections(text: str, expected: list[str]) -> None:
    assert said(tomli.loads(text)) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("permission = []", "permission is not a field of a key; did you mean `permissions`?"),
        ("ip-allowlist = []", "ip-allowlist is not a field of a key; did you mean `ip_allowlist`?"),
        ("'owner ' = 'a'", "owner  is not a field of a key; did you mean `owner`?"),
        ("OWNER = 'a'", "OWNER is not a field of a key; did you mean `owner`?"),
        ("'оwner' = 'a'", "оwner is not a field of a key; did you mean `owner`, in plain letters?"),
        ("'ｏｗｎｅｒ' = 'a'", "ｏｗｎｅｒ is not a field of a key; did you mean `owner`, in plain letters?"),
        ("zzz = 'a'", "zzz is not a field of a key"),
        ("status = 'disbled'", 'status must be one of staged, active, disabled; did you mean "disabled"?'),
        ("status = ' Active'", 'status must be one of staged, active, disabled; did you mean "active"?'),
        ("status = 'actіve'", 'status must be one of staged, active, disabled; did you mean "active"?'),
        ("status = []", "status must be one of staged, active, disabled"),
        ("role = 'inventry'", 'role must be "inventory"'),
        ("bot = 'Main'", f"bot {NOT_AN_ID}"),
        ("bot = ''", f"bot {NOT_AN_ID}"),
        ("bot = 3", f"bot {NOT_AN_ID}"),
        ("bots = []", "bots must be a list that is not empty, in square brackets"),
        ("owner = ''", "owner must be a string of 1 to 500 characters"),
        (f"label = '{'x' * 201}'", "label must be a string of at most 200 characters"),
        (
            "fingerprint = 'sha256:0'",
            "fingerprint must be what `keylint fingerprint` prints: sha256: and 16 hexadecimal digits",
        ),
        ("reviewed = '2026-11-20'", "reviewed must be a date without quotes, such as 2026-11-20"),
        ("reviewed = 20261120", "reviewed must be a date without quotes, such as 2026-11-20"),
        ("reviewed = 2026-11-20T00:00:00Z", "reviewed must be a date without a time of day, such as 2026-11-20"),
        ("reviewed = 07:30:00", "reviewed must be a date without a time of day, such as 2026-11-20"),
        ("holders = 'alice'", "holders must be a list, in square brackets"),
        ("holders = [true]", "holders.0 must be a string of 1 to 500 characters"),
        ("ip_allowlist = '203.0.113.20'", "ip_allowlist must be a list, in square brackets"),
        *(
            (f"ip_allowlist = [{entry}]", f"ip_allowlist.0 {NOT_AN_ADDRESS}")
            for entry in ("'203.0.113.20/24'", "3", "true", "'127.1'", "'1.2.3.0/255.255.255.0'", "'fe80::1%eth0'")
        ),
    ],
)
def test_sentences_about_a_key(line: str, expected: str) -> None:
    rest = "type = 'rsa'\npermissions = []\ncreated = 2026-11-20"
    assert said(tomli.loads(f"version = 1\n[keys.a]\n{rest}\n{line}")) == [f"keys.a.{expected}"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("kind = 3", f'kind must be one of {KINDS}, or a list that is not empty, such as ["data"]'),
        ("kind = []", 'kind must be a list that is not empty, such as ["data"]'),
        ("kind = 'sopt'", f'kind must be one of {KINDS}; did you mean "spot"?'),
        ("kind = ['spot', 'Futures ']", f'kind.1 must be one of {KINDS}; did you mean "futures"?'),
        ("kind = ['spot', ['spot']]", f"kind.1 must be one of {KINDS}"),
        ("kind = 'spot'\nstatic_ip = 'no'", "static_ip must be true or false, without quotes"),
        ("kind = 'spot'\nneeds = 'withdraw'", 'needs must be a list, such as ["read"]'),
    ],
)
def test_sentences_about_a_bot(line: str, expected: str) -> None:
    assert said(tomli.loads(f"version = 1\n[bots.a]\n{line}")) == [f"bots.a.{expected}"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("accounts.a.mastr = 'b'", "accounts.a.mastr is not a field of an account; did you mean `master`?"),
        ("accounts.a.email = 'b'", "accounts.a.email must be an e-mail address"),
        (
            "accounts.a.two_factor = { methods = [], attested = 2026-11-20 }",
            "accounts.a.two_factor has no `by`, which every `two_factor` must have",
        ),
        ("policy.rotate = {}", "policy.rotate is not a field of `policy`; did you mean `rotation`?"),
        (
            "policy.rotation.max_age = 1",
            "policy.rotation.max_age is not a field of `rotation`; did you mean `max_age_days`?",
        ),
        *(
            (f"policy.rotation.warn_days = {value}", "policy.rotation.warn_days must be a whole number from 0 to 36500")
            for value in ("-1", "36501", "true", "1.0", "'1'", "nan", "0x" + "f" * 5000)
        ),
        (
            "policy.two_factor.accept = []",
            'policy.two_factor.accept must be a list that is not empty, such as ["passkey"]',
        ),
    ],
)
def test_sentences_about_other_tables(line: str, expected: str) -> None:
    assert said(tomli.loads(f"version = 1\n{line}")) == [expected]


def test_sentences_about_a_waiver() -> None:
    text = "version = 1\n[[waivers]]\nrule = 'KL_101'\non = 'grid'\nreason = 'r'\nby = 'b'\nuntil = 2026-11-20"
    assert said(tomli.loads(text)) == [
        "waivers.0.rule must be the code or the name of a rule, such as KL101 or withdrawals-enabled",
        "waivers.0.on must be one subject, such as keys.grid, or manifest",
    ]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"bot": "b", "bots": ["b"]}, "has both `bot` and `bots`; keep one"),
        ({"disabled": DAY}, 'has the day on which it was disabled, but its status is not "disabled"'),
        (
            {"status": "staged", "disabled": DAY},
            'has the day on which it was disabled, but its status is not "disabled"',
        ),
        ({"status": "disabled"}, "is disabled, but `disabled` does not say since which day"),
    ],
)
def test_sentences_about_fields_that_do_not_go_together(fields: dict[str, Any], expected: str) -> None:
    assert said({"version": 1, "keys": {"a": {**GOOD_KEY, **fields}}}) == [f"keys.a {expected}"]


def test_all_at_once_in_the_order_of_the_document() -> None:
    document = tomli.loads(
        """
        versoin = 1
        [keys.grid]
        custdy = "git"
        type = "RSA"
        created = "2026-11-01"
        [bots.grid]
        kind = "spot"
        [bots.dca]
        egress_ips = ["10.0.0.1/8"]
        kind = "sopt"
        """
    )
    assert said(document) == [
        "has no `version`, which every manifest must have",
        "versoin is not a field of a manifest; did you mean `version`?",
        "keys.grid has no `permissions`, which every key must have",
        "keys.grid.custdy is not a field of a key; did you mean `custody`?",
        'keys.grid.type must be one of ed25519, rsa, hmac; did you mean "rsa"?',
        "keys.grid.created must be a date without quotes, such as 2026-11-20",
        f"bots.dca.egress_ips.0 {NOT_AN_ADDRESS}",
        f'bots.dca.kind must be one of {KINDS}; did you mean "spot"?',
    ]


def test_help_says_what_to_do() -> None:
    document = tomli.loads("version = 1\n[keys.a]\ntype = 'rsb'\ncreated = 2026-11-20\nlabl = 'x'")
    assert [violation.help for violation in explain(document, screen(document))] == [
        "add `permissions` (the boxes that are ticked in API Management)",
        "correct it (ed25519 and rsa are self-generated, hmac is system-generated)",
        "rename or remove it",
    ]


# A secret may have been pasted anywhere.


def filled(schema: dict[str, Any]) -> Any:
    """A value with every field that the schema knows; most of them are wrong, which is welcome here."""
    if "$ref" in schema:
        return filled(SCHEMA["definitions"][schema["$ref"].rpartition("/")[2]])
    if "patternProperties" in schema:
        return {"a": filled(*schema["patternProperties"].values())}
    if "properties" in schema:
        return {name: filled(inner) for name, inner in schema["properties"].items()}
    return [filled(schema["items"])] if "items" in schema else schema.get("enum", ["a"])[0]


def places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    inner: list[tuple[Any, Any]] = []
    if isinstance(value, dict | list):
        inner = [*value.items()] if isinstance(value, dict) else [*enumerate(value)]
    return [path, *(place for key, each in inner for place in places(each, (*path, key)))]


FILLED = filled(SCHEMA)
PLACES = places(FILLED)[1:]


def with_secret(place: tuple[str | int, ...], *, as_name: bool) -> dict[str, Any]:
    document: dict[str, Any] = filled(SCHEMA)
    holder: Any = document
    for part in place[:-1]:
        holder = holder[part]
    if as_name and isinstance(holder, dict):
        holder[SECRET] = holder.pop(place[-1])
    else:
        holder[place[-1]] = SECRET
    return document


@pytest.mark.parametrize("as_name", [False, True], ids=["as a value", "as a name"])
@pytest.mark.parametrize("place", PLACES, ids=lambda place: ".".join(map(str, place)))
def test_a_secret_never_shows(place: tuple[str | int, ...], as_name: bool) -> None:
    document = with_secret(place, as_name=as_name)
    printed = repr(explain(document, screen(document)))
    assert not [start for start in range(len(SECRET) - 7) if SECRET[start : start + 8] in printed]


def test_the_walk_over_all_places_is_one() -> None:
    assert len(PLACES) > 100


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (SECRET, "keys.a has an unknown field, number 4 in it, whose name of 64 characters is not shown"),
        ("x" * 10_000, "keys.a has an unknown field, number 4 in it, whose name of 10,000 characters is not shown"),
        ("x" * 41, "keys.a has an unknown field, number 4 in it, whose name of 41 characters is not shown"),
        ("x" * 40, f"keys.a.{'x' * 40} is not a field of a key"),
        ("withdrawal_allowlist_enabled_2026", "keys.a.withdrawal_allowlist_enabled_2026 is not a field of a key"),
        (
            "A3T9xQ7mZp2LwK8vRn4B",
            "keys.a has an unknown field, number 4 in it, whose name of 20 characters is not shown",
        ),
    ],
)
def test_names_that_are_no_names(name: str, expected: str) -> None:
    assert said({"version": 1, "keys": {"a": {**GOOD_KEY, name: 1}}}) == [expected]


def test_a_secret_as_the_name_of_a_table() -> None:
    document = {"version": 1, "keys": {"a": GOOD_KEY, SECRET: {}}}
    assert said(document) == ["keys has a table, number 2, whose name of 64 characters is not an id and is not shown"]
    assert explain(document, screen(document))[0].help == "rename it; if it is a secret, revoke it"


# Explaining costs, so there is an end to it.


def test_the_last_violation_says_how_many_tables_are_left() -> None:
    document = {"version": 1, "keys": {f"k{number}": {**GOOD_KEY, "type": "x"} for number in range(1500)}}
    explained = said(document)
    assert len(explained) == 1001
    assert explained[-1] == "has 500 more tables that are wrong"


def test_a_table_with_too_many_mistakes() -> None:
    bot = {"kind": "spot", "egress_ips": ["x"] * 100_000, "owner": ""}
    explained = said({"version": 1, "bots": {"a": bot, "b": {}}})
    assert len(explained) == 102
    assert explained[99:] == [
        f"bots.a.egress_ips.99 {NOT_AN_ADDRESS}",
        "bots.a has more mistakes than these 100",
        "bots.b has no `kind`, which every bot must have",
    ]


def test_a_path_that_is_not_wrong_is_not_called_right() -> None:
    [violation] = explain({"version": 1, "keys": {"a": GOOD_KEY}}, [("keys", "a")])
    assert violation.message == "does not fit the schema"
