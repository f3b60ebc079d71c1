"""The generated screen finds exactly the tables in which jsonschema, used as its makers meant it, finds an error."""

import ipaddress
import json
import re
import subprocess
import sys
from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, date, datetime, time
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import tomli
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator, FormatChecker
from jsonschema.validators import extend

from keylint.manifest import screen as screen_module
from keylint.manifest.explain import explain
from keylint.manifest.screen import screen

compiler = import_module(
    "keylint.schemas.compile"
)  # by name: type checkers do not follow where `schemas/` is installed
SchemaError: type[Exception] = compiler.SchemaError
SCHEMA = json.loads(files("keylint.schemas").joinpath("manifest.schema.json").read_text(encoding="utf-8"))
NAMED = ("accounts", "providers", "bots", "keys")
LISTED = ("events", "waivers")


# The oracle: jsonschema's own keywords on the same schema, in which a date has a type of its own, a pattern ends where
# the text ends, and the format of addresses is the standard library's.


def for_the_oracle(schema: Any) -> Any:
    if isinstance(schema, list):
        return [for_the_oracle(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("format") == "date":
        return {"type": "date"}
    changed = {key: for_the_oracle(value) for key, value in schema.items() if key != "$schema"}
    if isinstance(schema.get("pattern"), str):
        changed["pattern"] = schema["pattern"].removesuffix("$") + r"\Z"
    return changed


def is_network(text: object) -> bool:
    if isinstance(text, str):
        _, slash, prefix = text.partition("/")
        if "%" in text or (slash and not re.fullmatch("0|[1-9][0-9]*", prefix)):
            return False
        ipaddress.ip_network(text)
    return True


formats = FormatChecker(formats=())
formats.checks("ip-network", raises=ValueError)(is_network)
Oracle = extend(  # type: ignore[no-untyped-call]
    Draft7Validator,
    type_checker=Draft7Validator.TYPE_CHECKER.redefine_many(
        {
            "date": lambda _, value: isinstance(value, date) and not isinstance(value, datetime),
            "integer": lambda _, value: isinstance(value, int) and not isinstance(value, bool),
        }
    ),
)
ORACLE_SCHEMA = for_the_oracle(SCHEMA)


def is_good(value: object, schema: dict[str, Any]) -> bool:
    root = {"definitions": ORACLE_SCHEMA["definitions"], **schema}
    if "$ref" in schema:  # draft 7 sees nothing beside a $ref
        root = {"definitions": ORACLE_SCHEMA["definitions"], "allOf": [schema]}
    return bool(Oracle(root, format_checker=formats).is_valid(value))


def expected(document: dict[str, Any]) -> tuple[tuple[str | int, ...], ...]:
    sections = ORACLE_SCHEMA["properties"]
    own = {"properties": {"version": sections["version"], **{key: {} for key in sections.keys() - {"version"}}}}
    root = {key: ORACLE_SCHEMA[key] for key in ("required", "additionalProperties")}
    wrong: list[tuple[str | int, ...]] = [] if is_good(document, {**root, **own}) else [()]
    for name, value in document.items():
        if name in NAMED and isinstance(value, dict):
            [(pattern, entry)] = SCHEMA["properties"][name]["patternProperties"].items()
            wrong += [
                (name, key)
                for key, table in value.items()
                if not re.search(pattern.removesuffix("$") + r"\Z", key) or not is_good(table, entry)
            ]
        elif name in LISTED and isinstance(value, list):
            wrong += [(name, index) for index, table in enumerate(value) if not is_good(table, sections[name]["items"])]
        elif name in sections and name != "version" and not is_good(value, sections[name]):
            wrong.append((name,))
    return tuple(wrong)


# Documents: good ones drawn from the schema itself, and bad ones made of good ones by a few mistakes.

texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12) | st.sampled_from(["alice", "x" * 200])
addresses = st.sampled_from(["203.0.113.20", "198.51.100.0/28", "2001:db8::/64", "::ffff:192.0.2.1", "0.0.0.0/0"])


def good(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    if "$ref" in schema:
        return good(SCHEMA["definitions"][schema["$ref"].rpartition("/")[2]])
    if "anyOf" in schema:
        return st.one_of([good(branch) for branch in schema["anyOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    return GOOD[schema["type"]](schema)


def good_string(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    match schema:
        case {"format": "date"}:
            return st.dates()
        case {"format": "ip-network"}:
            return addresses
        case {"pattern": pattern}:
            matching = st.from_regex(pattern, fullmatch=True, alphabet=st.characters(codec="ascii"))
            return matching.filter(lambda text: len(text) <= schema.get("maxLength", 500))
    return texts.map(lambda text: text[: schema["maxLength"]])


def good_object(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    if "patternProperties" in schema:
        [(pattern, entry)] = schema["patternProperties"].items()
        return st.dictionaries(st.from_regex(pattern, fullmatch=True), good(entry), max_size=3)
    fields = {name: good(inner) for name, inner in schema["properties"].items()}
    required = {name: fields.pop(name) for name in schema.get("required", [])}
    tables = st.fixed_dictionaries(required, optional=fields)
    return tables.map(consistent) if schema.get("title") == "key" else tables


GOOD: dict[str, Callable[[dict[str, Any]], st.SearchStrategy[Any]]] = {
    "array": lambda schema: st.lists(good(schema["items"]), min_size=schema.get("minItems", 0), max_size=3),
    "boolean": lambda _: st.booleans(),
    "integer": lambda schema: st.integers(schema["minimum"], schema["maximum"]),
    "object": good_object,
    "string": good_string,
}


def consistent(key: dict[str, Any]) -> dict[str, Any]:
    if "bots" in key:
        key.pop("bot", None)
    if key.get("status") == "disabled":
        key.setdefault("disabled", date(2026, 11, 16))
    else:
        key.pop("disabled", None)
    return key


documents = good(SCHEMA)

junk = st.sampled_from(
    [
        *(True, False, 0, 1, -1, 2, 36501, 2**70, 0.0, 1.0, float("nan"), float("inf")),
        *("", " ", "\n", "x" * 501, "x" * 100_000, "active ", "Active", "аctive", "spot\n", "Spot", "main\n", "a.b"),
        *(
            "2026-11-20",
            "203.0.113.20/24",
            "203.0.113.020",
            "127.1",
            "1.2.3.4\n",
            "fe80::1%eth0",
            "1.2.3.0/255.255.255.0",
        ),
        *("sha256:0123456789ABCDEF", "sha256:0123456789abcdef\n", "keys.grid\n", "manifest", "bots", "KL1", "@", "a@b"),
        *([], [[]], [{}], {}, {"": {}}, ["read", ["read"]], ["read", 1], [0, True], ["spot", "spot"]),
        *(date(2026, 11, 20), datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 20), time(1, 2)),  # noqa: DTZ001
        *([date(2026, 11, 20)], {"kind": "spot"}, [{"kind": "spot"}], "active", "disabled", "spot", ["grid"]),
    ]
).map(deepcopy)  # what is drawn is broken further, in place
names = st.sampled_from(
    [
        *("type", "Type", "type ", "tуpe", "bot", "bots", "status", "disabled", "permissions", "withdraw", "created"),
        *("", "a", "A", "a_b", "-a", "é", "a\n", "a" * 63, "a" * 64, "x" * 10_000),
        *("keys", "Keys", "kеys", "version", "version ", "policy"),
    ]
)


def tables(value: Any) -> list[dict[str, Any] | list[Any]]:
    """The value and all tables and lists in it that hold something."""
    if not isinstance(value, dict | list) or not value:
        return []
    inner = value.values() if isinstance(value, dict) else value
    return [value, *(table for each in inner for table in tables(each))]


def break_one(draw: Callable[[st.SearchStrategy[Any]], Any], document: dict[str, Any]) -> None:
    holders = tables(document)
    if not holders:
        return
    holder = draw(st.sampled_from(holders))
    keys: list[Any] = [*holder] if isinstance(holder, dict) else [*range(len(holder))]
    key = draw(st.sampled_from(keys))
    match draw(st.sampled_from(["drop", "replace", "misname", "add", "copy"])):
        case "drop":
            del holder[key]
        case "replace":
            holder[key] = draw(junk)
        case "misname" if isinstance(holder, dict):
            holder[draw(names)] = holder.pop(key)
        case "add" if isinstance(holder, dict):
            holder[draw(names)] = draw(junk)
        case "copy" if isinstance(holder, dict):
            fields = [name for each in SCHEMA["definitions"].values() for name in each.get("properties", ())]
            holder[draw(st.sampled_from(fields))] = holder[key]
        case _:
            holder.append(draw(junk))


@st.composite
def broken_documents(draw: Callable[[st.SearchStrategy[Any]], Any]) -> dict[str, Any]:
    document: dict[str, Any] = draw(documents)
    for _ in range(draw(st.integers(1, 4))):
        break_one(draw, document)
    return document


thorough = settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])


@thorough
@given(documents)
def test_lets_good_documents_through(document: dict[str, Any]) -> None:
    assert screen(document) == expected(document) == ()


@thorough
@given(broken_documents())
def test_names_the_tables_in_which_jsonschema_finds_an_error(document: dict[str, Any]) -> None:
    wrong = screen(document)
    assert wrong == expected(document)
    explained = explain(document, wrong)
    for path in wrong:
        # The name of a table that could be a secret stands in no path: then the section is named.
        assert any(
            said.path[: len(path)] == path or (path[:1] == said.path and "not shown" in said.message)
            for said in explained
        )
    assert not [said for said in explained if said.message == "does not fit the schema"]
    assert bool(explained) == bool(wrong)


values = st.recursive(
    junk | texts | st.integers() | st.floats() | st.datetimes() | st.times(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names | texts, inner, max_size=3),
    max_leaves=12,
)
sections = st.sampled_from([*NAMED, *LISTED, "policy", "version", "verson"])


@thorough
@given(
    st.dictionaries(
        sections, st.dictionaries(names | texts, values, max_size=4) | st.lists(values, max_size=3) | values
    )
)
def test_never_raises_on_what_a_parser_can_give(document: dict[str, Any]) -> None:
    wrong = screen(document)
    assert wrong == expected(document)
    assert bool(explain(document, wrong)) == bool(wrong)


def test_paths_stand_in_the_order_of_the_document() -> None:
    document = tomli.loads(
        """
        waivers = [{}]
        keys.b = {}
        bots = []
        keys.a = {}
        policy.rotation = 3
        events = 4
        """
    )
    assert screen(document) == ((), ("waivers", 0), ("keys", "b"), ("keys", "a"), ("bots",), ("policy",), ("events",))


def test_the_screen_is_what_the_schema_compiles_to() -> None:
    compiled: list[str] = []
    compiler.main(compiled.append)
    assert compiled == [Path(str(screen_module.__file__)).read_text(encoding="utf-8")], "run `make generate`"


def test_a_good_manifest_costs_no_heavy_import() -> None:
    program = (
        "import sys, keylint.manifest.screen as s; before = {*sys.modules}; s.screen({'version': 1});"
        "print(*({*sys.modules} - before), *({'jsonschema', 'difflib', 'referencing'} & {*sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


# The compiler, on schemas that are not the manifest's.


def table(**fields: Any) -> dict[str, Any]:
    return {"type": "object", "properties": fields, "additionalProperties": False}


def compiled(schema: dict[str, Any]) -> Callable[[object], bool]:
    """What the compiler makes of a field's schema."""
    source = compiler.compile_schema(table(part=table(field=schema) | {"required": ["field"]}))
    module: dict[str, Any] = {"__name__": "keylint.manifest.toy", "__package__": "keylint.manifest"}
    exec(compile(source, "toy", "exec"), module)  # noqa: S102
    return lambda value: module["screen"]({"part": {"field": value}}) == ()


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array", "maxItems": 1},
        {"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "boolean"}},
        {"type": "array", "items": {"type": "array", "items": {"type": "string", "maxLength": 5}, "minItems": 1}},
        {"type": "array", "items": table(a={"type": "integer", "minimum": 1}) | {"required": ["a"]}},
        {"type": "integer", "maximum": 1},
        {"type": "integer", "minimum": 1, "not": {"minimum": 2}},
        {"type": "integer", "enum": [1, 2]},
        {"type": "string", "minLength": 1, "not": {"enum": ["spot"]}},
        {"type": "string", "pattern": "^(a|[^|b$\\]])+$", "maxLength": 4},
        {"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "array", "items": {"type": "string"}}]},
        {"allOf": [{"type": "string", "minLength": 2}, {"not": {"type": "string", "maxLength": 3}}]},
        {"not": {}},
        {"not": {"type": "boolean"}},
        {"not": {"not": {"enum": ["spot", "active"]}}},
        {"type": "string", "format": "date"},
        {"type": "object", "properties": {}, "additionalProperties": False},
        {"enum": ["only"]},
    ],
    ids=str,
)
@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_compiles_the_whole_subset(schema: dict[str, Any], data: st.DataObject) -> None:
    few = st.sampled_from(
        [1, 2, 3, True, False, 1.0, "", "a", "ab", "abc", "abcd", "a|", "a\n", "only", "spot", "active"]
    )
    lists = st.lists(
        few | st.just([]) | st.just([1]) | st.just(["a"]) | st.just({"a": 1}) | st.just({"a": 0}), max_size=3
    )
    value = data.draw(few | lists | st.sampled_from([{}, {"a": 1}, date(2026, 1, 1)]))
    assert compiled(schema)(value) == is_good(value, for_the_oracle(schema))


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"type": "string", "const": "x"}, "const is not in the subset"),
        ({"type": "string", "if": {}}, "if is not in the subset"),
        ({"type": "array", "uniqueItems": True}, "uniqueItems is not in the subset"),
        ({"type": "array", "minLength": 1}, "minLength is not in the subset"),
        ({"type": "integer", "exclusiveMinimum": 1}, "exclusiveMinimum is not in the subset"),
        ({"minLength": 1}, "minLength is not in the subset"),
        ({"type": "number"}, "the type number"),
        ({"type": "null"}, "the type null"),
        ({"type": "string", "allOf": [{"type": "integer"}]}, "the type integer"),
        ({"type": "string", "format": "email"}, "the format email"),
        ({"type": "string", "format": "date", "minLength": 1}, "minLength is not in the subset"),
        ({"enum": [1]}, "needs its type"),
        ({"type": "string", "enum": ["a", 1]}, "an enum holds"),
        ({"type": "boolean", "enum": [True]}, "an enum holds"),
        ({"type": "string", "pattern": "a"}, "must be"),
        ({"type": "string", "pattern": "^a|b$"}, "must be"),
        ({"type": "string", "pattern": "^a$|^b$"}, "must be"),
        ({"type": "string", "pattern": "^a\\$"}, "must be"),
        ({"type": "string", "pattern": '^"$'}, "must be"),
        ({"$ref": "other.json"}, "no definition"),
        ({"$ref": "#/definitions/x", "type": "string"}, "not in the subset"),
        ({"type": "string", "allOf": [{"type": "string", "format": "date"}]}, "a date is known"),
        ({"type": "string", "allOf": [{"format": "date"}]}, "a date is known"),
        ({"format": "date"}, "format is not in the subset"),
        ({"type": "object", "additionalProperties": True}, "refuse additional properties"),
        (
            {"type": "object", "patternProperties": {"^a$": {}}, "additionalProperties": False},
            "patternProperties is not",
        ),
        ({"anyOf": [{"allOf": [{"not": {}}, {"type": "string"}]}, {"type": "integer"}]}, "may not have been looked up"),
        ({"type": "object", "properties": {}, "additionalProperties": False, "required": ["a"]}, "required field"),
        ({"type": "object", "properties": {"a": {"type": "string", "enum": ["x"]}}}, "a table of its own"),
    ],
    ids=str,
)
def test_refuses_what_it_does_not_know(schema: dict[str, Any], message: str) -> None:
    with pytest.raises(SchemaError, match=re.escape(message)):
        compiled(schema)
