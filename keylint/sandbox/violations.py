"""The parsed values of a state file → what in them breaks its schema, in sentences that quote no value."""

import json
import re
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from difflib import get_close_matches
from importlib.resources import files
from typing import Any, NamedTuple

from jsonschema import Draft7Validator, ValidationError
from jsonschema.validators import extend
from referencing import Registry

from keylint.manifest.addresses import network

Path = tuple[str | int, ...]
Schema = Mapping[str, Any]


class Violation(NamedTuple):
    """What is wrong: the path that the sentence is about, and the rest of the sentence."""

    path: Path
    message: str
    names: bool = False
    """Whether it is the name at the end of the path that is wrong, and not what stands there."""


def sentence(violation: Violation) -> str:
    """A violation as a person reads it: `keys.grid.created must be …`."""
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in violation.path).removeprefix(".")
    return f"{where or 'the file'} {violation.message}"


def violations(values: Mapping[str, object]) -> list[Violation]:
    """What breaks the schema in the parsed `values`, in the order of the schema; empty where they fit it."""
    schema = json.loads(files("keylint.schemas").joinpath("sandbox.schema.json").read_text(encoding="utf-8"))
    del schema["$schema"]  # jsonschema would go by it, and leave our keywords for its own
    found = dict.fromkeys(_said(error) for error in _validator(schema).iter_errors(values))
    mistyped = {one.path for one in found if one.message.startswith("must be a")}
    # Of a value of another type nothing else is said.
    return [one for one in found if one.path not in mistyped or one.message.startswith("must be a")]


def _said(error: ValidationError) -> Violation:
    schema: Any = error.schema
    path = tuple(error.path)
    match error.validator:
        case "required":
            field = error.message
            return Violation(path, f"has no `{field}` ({_described(schema['properties'][field])})")
        case "additionalProperties":
            return _unknown(path, schema)
        case _:
            return Violation(path, f"{_must(schema)} ({_described(schema)})")


def _unknown(path: Path, schema: Schema) -> Violation:
    if "patternProperties" in schema:
        said = "is not an id: lower-case letters, digits and hyphens, at most 63"
        return Violation(path, said, names=True)
    near = get_close_matches(str(path[-1]), list(schema["properties"]), n=1)
    noun = "the file" if len(path) == 1 else f"a {schema['title']}".replace("a account", "an account")
    said = f"is not a field of {noun}"
    return Violation(path, f"{said}; did you mean `{near[0]}`?" if near else said, names=True)


def _must(schema: Schema) -> str:
    if "anyOf" in schema:
        return "must be a text or a list of texts"
    if "enum" in schema:
        values = [str(value) for value in schema["enum"]]
        return f"must be {values[0]}" if len(values) == 1 else f"must be one of {', '.join(values)}"
    form = schema.get("format")
    match schema["type"]:
        case "string" if form in _FORMS:
            return _FORMS[form]
        case "string" if "pattern" in schema:
            return f"must be a text that fits {schema['pattern']}"
        case "integer" if "minimum" in schema:
            return f"must be a whole number from {schema['minimum']} to {schema['maximum']}"
        case kind:
            return f"must be {_KINDS[kind]}" + _length(schema)


_FORMS = {
    "base64": "must be a text in base64",
    "date-time": "must be a date or a time without quotes, such as 2026-11-20 or 2026-11-20T09:30:00Z",
    "ip-address": "must be an IP address, such as 203.0.113.20",
    "ip-network": "must be an IP address, or a network with its host bits zero, such as 198.51.100.0/28",
}
_KINDS = {
    "array": "a list, in square brackets",
    "boolean": "a boolean, true or false without quotes",
    "integer": "a whole number",
    "object": "a table",
    "string": "a text in quotes",
}


def _length(schema: Schema) -> str:
    least, most = schema.get("minLength", 0), schema.get("maxLength")
    return "" if most is None else f" of {least} to {most} characters"


def _described(schema: Schema) -> str:
    said = str(schema["description"]).partition(". ")[0].rstrip(".")
    return said if said[1:2].isupper() else f"{said[:1].lower()}{said[1:]}"


# The keywords: as jsonschema calls them, but for TOML, which has dates, and with a path for each unknown field.

_TYPES: Mapping[str, type] = {"array": list, "boolean": bool, "integer": int, "object": dict, "string": str}
_Keyword = Callable[[Any, Any, Any, Any], Iterator[ValidationError]]


def _type(_validator: Any, expected: str, value: Any, schema: Schema) -> Iterator[ValidationError]:
    fits = isinstance(value, date) if schema.get("format") == "date-time" else type(value) is _TYPES[expected]
    if not fits:
        yield ValidationError("")


def _enum(_validator: Any, allowed: Any, value: Any, _schema: Schema) -> Iterator[ValidationError]:
    if not any(type(value) is type(each) and value == each for each in allowed):
        yield ValidationError("")


def _pattern(_validator: Any, pattern: str, value: Any, _schema: Schema) -> Iterator[ValidationError]:
    if type(value) is str and not re.fullmatch(pattern, value):
        yield ValidationError("")


def _format(_validator: Any, form: str, value: Any, _schema: Schema) -> Iterator[ValidationError]:
    if type(value) is str and form != "date-time" and not _is_formed(form, value):
        yield ValidationError("")


def _is_formed(form: str, value: str) -> bool:
    if form == "base64":
        try:
            b64decode(value, validate=True)
        except (NotBase64, ValueError):
            return False
        return True
    found = network(value)
    return found is not None and (form == "ip-network" or found.first == found.last)


def _required(_validator: Any, fields: Any, value: Any, _schema: Schema) -> Iterator[ValidationError]:
    if type(value) is dict:
        yield from (ValidationError(field) for field in fields if field not in value)


def _additional(validator: Any, allowed: Any, value: Any, schema: Schema) -> Iterator[ValidationError]:
    if type(value) is not dict:
        return
    patterns = schema.get("patternProperties", {})
    extra = [name for name in value if name not in schema.get("properties", {})]
    extra = [name for name in extra if not any(re.fullmatch(pattern, name) for pattern in patterns)]
    for name in extra:
        if allowed is False:
            yield ValidationError("", path=[name])
        else:
            yield from validator.descend(value[name], allowed, path=name)


def _any_of(validator: Any, branches: Any, value: Any, _schema: Schema) -> Iterator[ValidationError]:
    if not any(validator.evolve(schema=branch).is_valid(value) for branch in branches):
        yield ValidationError("")


def _validator(schema: Schema) -> Any:
    keywords: dict[str, _Keyword] = {
        "additionalProperties": _additional,
        "anyOf": _any_of,
        "enum": _enum,
        "format": _format,
        "pattern": _pattern,
        "required": _required,
        "type": _type,
    }
    make: Callable[..., Any] = extend
    return make(Draft7Validator, keywords)(schema, registry=Registry())  # nothing is fetched
