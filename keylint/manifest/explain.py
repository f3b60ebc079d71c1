"""The tables that the screen found wrong → what is wrong in them, in sentences that quote no value.

Importing this module imports jsonschema, which costs nine times a bare interpreter: only `load` does, and only for a
manifest that has something wrong. jsonschema walks the tables; what it says is not used, because it quotes the value,
and a value may be a pasted secret. The keywords are ours, so that they mean what they mean to the screen.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, time
from importlib.resources import files
from itertools import islice
from typing import Any

from jsonschema import Draft7Validator, ValidationError
from jsonschema.validators import extend
from referencing import Registry

from .addresses import network
from .positions import Path
from .source import Violation

Schema = dict[str, Any]

_MOST_TABLES = 1000
_MOST_VIOLATIONS = 1000
_MOST_IN_A_TABLE = 100
_LONGEST_NAME = 40

_ELSEWHERE: Schema = {}  # a section: it fits here, because its tables are looked at one by one
_NESTING = {"allOf", "anyOf", "items", "not", "properties"}
_TYPES: dict[str, type] = {"array": list, "boolean": bool, "integer": int, "object": dict, "string": str}

# Letters that look like Latin ones and that no normal form of Unicode makes equal to them: Cyrillic, Greek, IPA.
_LOOK_ALIKES = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0445\u0443\u0456\u0455\u0458\u0501\u04bb\u051b\u03bf\u03b1\u03bd\u03c1\u0261\u0131",
    "aeopcxyisjdhqoavpgi",
)


def explain(document: dict[str, object], wrong: Sequence[Path]) -> tuple[Violation, ...]:
    """What is wrong in the tables at the paths `wrong` of a parsed document, as the screen named them.

    All of it, in the order of the document, and at least one violation for each table. After a thousand tables or
    violations the last one, about the root, says how many tables are left. `wrong` holds only paths that the screen
    gave for this document.
    """
    schema = _schema("manifest")
    validator = _validator()
    violations: list[Violation] = []
    for index, path in enumerate(wrong):
        if index >= _MOST_TABLES or len(violations) >= _MOST_VIOLATIONS:
            left = f"has {len(wrong) - index:,} more tables that are wrong"
            violations.append(Violation((), left, "correct those above, then look again"))
            break
        violations += _explain_table(document, path, schema, validator) or [
            Violation(path, "does not fit the schema", "compare it with `keylint schema manifest`")
        ]
    return tuple(violations)


def explain_policy(document: dict[str, Any]) -> list[Violation]:
    """What is wrong in the parsed document of an organisation's policy file; nothing where it fits its schema."""
    schema, validator = _schema("policy"), _validator()
    section = schema["properties"]["severity"]
    own = {**schema["properties"], "severity": {"type": "object", "description": section["description"]}}
    found = _violations(document, {**schema, "properties": own}, (), validator)
    severities = document.get("severity", {})
    if type(severities) is dict:
        [(pattern, entry)] = section["patternProperties"].items()
        for number, (name, value) in enumerate(severities.items(), 1):
            if re.fullmatch(pattern, name):
                found += _violations(value, entry, ("severity", name), validator)
            elif _may_be_shown(name):
                found.append(
                    Violation(("severity", name), "is neither the code nor the name of a rule", "", names=True)
                )
            else:
                said = f"has a field, number {number}, that is no rule and is not shown"
                found.append(Violation(("severity",), said, ""))
    return found


def _schema(name: str) -> Schema:
    schema = json.loads(files("keylint.schemas").joinpath(f"{name}.schema.json").read_text(encoding="utf-8"))
    schema = _without_references(schema, schema["definitions"])
    del schema["$schema"]  # jsonschema would go by it, and leave our keywords for its own
    found: Schema = schema
    return found


def _explain_table(document: dict[str, Any], path: Path, root: Schema, validator: Any) -> list[Violation]:
    sections = root["properties"]
    if not path:
        own = {name: _ELSEWHERE if part["type"] in ("array", "object") else part for name, part in sections.items()}
        return _violations(document, {**root, "properties": own}, path, validator)
    name = path[0]
    section, value = sections[name], document[str(name)]
    if "patternProperties" in section:
        if len(path) > 1:
            return _explain_named(value, path, section, validator)
        return [Violation(path, f"must be tables by id, each written [{name}.ID]", "write the id into each header")]
    if section["type"] == "array":
        if len(path) > 1:
            return _violations(value[path[1]], section["items"], path, validator)
        return [Violation(path, f"must be a list of tables, each written [[{name}]]", "double the brackets")]
    return _violations(value, section, path, validator)


def _explain_named(tables: dict[str, Any], path: Path, section: Schema, validator: Any) -> list[Violation]:
    [(pattern, schema)] = section["patternProperties"].items()
    name = str(path[1])
    is_id = re.fullmatch(pattern, name) is not None
    if not is_id and not _may_be_shown(name):
        number = [*tables].index(name) + 1
        said = f"has a table, number {number}, whose name of {len(name):,} characters is not an id and is not shown"
        return [Violation(path[:1], said, "rename it; if it is a secret, revoke it")]
    inside = _violations(tables[name], schema, path, validator)
    if is_id:
        return inside
    said = "is not an id: lower-case letters, digits and hyphens, at most 63"
    return [Violation(path, said, "rename the table, and what refers to it", names=True), *inside]


def _violations(value: Any, schema: Schema, path: Path, validator: Any) -> list[Violation]:
    found: dict[Violation, ValidationError] = {}
    for error in validator.evolve(schema=schema).iter_errors(value):
        found.setdefault(_violation(error, path), error)
        if len(found) > _MOST_IN_A_TABLE:
            break
    mistyped = {said.path for said, error in found.items() if error.validator == "type"}  # there nothing else matters
    distinct = [said for said, error in found.items() if error.validator == "type" or said.path not in mistyped]
    violations = _in_order(distinct[:_MOST_IN_A_TABLE])
    if len(found) > _MOST_IN_A_TABLE:
        said = f"has more mistakes than these {len(violations)}"
        violations.append(Violation(path, said, "correct those above, then look again"))
    return violations


def _in_order(violations: Iterable[Violation]) -> list[Violation]:
    """What is said of a table before what is said of its fields; else the order in which they were found."""
    seen: dict[Path, int] = {}
    ranked = []
    for violation in violations:
        prefixes = [violation.path[:length] for length in range(len(violation.path) + 1)]
        ranked.append(([seen.setdefault(prefix, len(seen)) for prefix in prefixes], violation))
    return [violation for _, violation in sorted(ranked, key=lambda pair: pair[0])]


# What jsonschema found → a sentence. A schema with an `x-message` has its own.


def _violation(error: ValidationError, table: Path) -> Violation:
    schema: Any = error.schema
    value: Any = error.instance
    path = (*table, *error.path)
    if error.validator == "required":
        field = error.message  # the name of a field, from the schema
        lacks = f"has no `{field}`, which every {_noun(schema, path)} must have"
        return Violation(path, lacks, f"add `{field}` ({_described(schema['properties'][field])})")
    if error.validator == "properties":
        return _unknown_field(str(path[-1]), path[:-1], value, schema)
    if "x-message" in schema and error.validator in ("anyOf", "not"):
        return Violation(path, schema["x-message"], "correct the table")
    said = _must_be(schema)
    if schema.get("format") == "date" and type(value) in (datetime, time):
        said = said.replace("without quotes", "without a time of day")
    if type(value) is str and schema.get("type") == "string" and len(schema.get("enum", ())) > 1:
        near = _nearest(value, schema["enum"])
        said += f'; did you mean "{near}"?' if near else ""
    return Violation(path, said, f"correct it ({_described(schema)})")


def _unknown_field(field: str, table: Path, value: dict[str, object], schema: Schema) -> Violation:
    if not _may_be_shown(field):
        number = [*value].index(field) + 1
        said = f"has an unknown field, number {number} in it, whose name of {len(field):,} characters is not shown"
        return Violation(table, said, "remove it; if it is a secret, revoke it")
    noun = _noun(schema, table)
    said = f"is not a field of {noun if noun.startswith('`') else _with_article(noun)}"
    fields = schema["properties"]
    near = _nearest(field, [name for name in fields if name not in value]) or _nearest(field, [*fields])
    if near:
        plain = "" if field.isascii() else ", in plain letters"
        return Violation((*table, field), f"{said}; did you mean `{near}`{plain}?", "rename or remove it", names=True)
    return Violation((*table, field), said, "remove it; `keylint schema manifest` lists the fields", names=True)


def _must_be(schema: Schema) -> str:
    if "x-message" in schema:
        return str(schema["x-message"])
    if "anyOf" in schema:
        return "must be " + ", or ".join(_must_be(branch).removeprefix("must be ") for branch in schema["anyOf"])
    if "enum" in schema:
        values = schema["enum"]
        return (
            f"must be one of {', '.join(map(str, values))}" if len(values) > 1 else f"must be {json.dumps(values[0])}"
        )
    return f"must be {_kind(schema)}"


def _kind(schema: Schema) -> str:
    match schema["type"]:
        case "string" if schema.get("format") == "date":
            return "a date without quotes, such as 2026-11-20"
        case "string":
            return f"a string{_bounds(schema, 'minLength', 'maxLength', ' of {}', ' characters')}"
        case "integer":
            return f"a whole number{_bounds(schema, 'minimum', 'maximum', ' {}', '')}"
        case "boolean":
            return "true or false, without quotes"
        case "array":
            filled = " that is not empty" if schema.get("minItems") else ""
            examples = schema["items"].get("enum", [])
            return f"a list{filled}" + (f', such as ["{examples[0]}"]' if examples else ", in square brackets")
    return "a table"


def _bounds(schema: Schema, least: str, most: str, form: str, unit: str) -> str:
    if least in schema and most in schema:
        between = "from {} to {}" if least == "minimum" else "{} to {}"
        return form.format(between.format(schema[least], schema[most])) + unit
    if most in schema:
        return form.format(f"at most {schema[most]}") + unit
    return form.format(f"at least {schema[least]}") + unit if least in schema else ""


def _described(schema: Schema) -> str:
    said = str(schema.get("description", "see `keylint schema manifest`")).partition(". ")[0].rstrip(".")
    return said if said[1:2].isupper() else said[:1].lower() + said[1:]


def _noun(schema: Schema, path: Path) -> str:
    if not path:
        return str(schema["title"]).removeprefix("keylint ")
    is_entry = len(path) == 2 and path[0] != "policy"  # noqa: PLR2004 - a section and an id
    return schema["title"] if is_entry else f"`{path[-1]}`"


def _with_article(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeio" else f"a {noun}"


def _may_be_shown(name: str) -> bool:
    """Whether a name is one that a person gave, and not a secret that landed on the wrong side of the `=`."""
    return len(name) <= _LONGEST_NAME and not re.search(r"(?=[A-Za-z+/=]*[0-9])[A-Za-z0-9+/=]{20}", name)


def _nearest(text: str, words: Sequence[str]) -> str | None:
    """The one of our own words that `text` was meant to be, if it is near one."""
    if len(text) > _LONGEST_NAME:
        return None
    from difflib import get_close_matches  # noqa: PLC0415 - 2 ms that not every mistake needs
    from unicodedata import normalize  # noqa: PLC0415

    def fold(word: str) -> str:
        plain = normalize("NFKC", word).casefold().translate(_LOOK_ALIKES)
        return "".join(letter for letter in plain if letter.isalnum())

    folded = {fold(word): word for word in reversed(words)}
    near = get_close_matches(fold(text), folded, n=1, cutoff=0.65)
    return folded[near[0]] if near else None


# The keywords, as jsonschema calls them: they find what is wrong and say nothing but where.

_Keyword = Callable[[Any, Any, Any, Any], Iterator[ValidationError]]

_WRONG: dict[str, Callable[[Any, Any], bool]] = {
    "enum": lambda allowed, value: not any(type(value) is type(each) and value == each for each in allowed),
    "format": lambda form, value: form == "ip-network" and type(value) is str and network(value) is None,
    "maxItems": lambda most, value: type(value) is list and len(value) > most,
    "maxLength": lambda most, value: type(value) is str and len(value) > most,
    "maximum": lambda most, value: type(value) is int and value > most,
    "minItems": lambda least, value: type(value) is list and len(value) < least,
    "minLength": lambda least, value: type(value) is str and len(value) < least,
    "minimum": lambda least, value: type(value) is int and value < least,
    "pattern": lambda pattern, value: type(value) is str and not re.fullmatch(pattern, value),
}


def _is_of_wrong_type(schema: Schema, value: object) -> bool:
    if "type" not in schema:
        return False
    # TOML has dates; the schema calls them strings because JSON has none. type(): a boolean is no integer here.
    return type(value) is not (date if schema.get("format") == "date" else _TYPES[schema["type"]])


def _is_wrong(schema: Schema, value: object) -> bool:
    """Whether a value breaks a keyword that is about the value alone."""
    return _is_of_wrong_type(schema, value) or any(
        _WRONG[keyword](expected, value) for keyword, expected in schema.items() if keyword in _WRONG
    )


def _scalar(keyword: str) -> _Keyword:
    def judge(_validator: Any, expected: Any, value: Any, schema: Schema) -> Iterator[ValidationError]:
        # What is too long is matched with no pattern: it is wrong already, and may be 16 MB.
        if "maxLength" in schema and keyword != "maxLength" and _WRONG["maxLength"](schema["maxLength"], value):
            return
        if _WRONG[keyword](expected, value):
            yield ValidationError("")

    return judge


def _type(_validator: Any, _expected: Any, value: Any, schema: Schema) -> Iterator[ValidationError]:
    if _is_of_wrong_type(schema, value):
        yield ValidationError("")


def _properties(validator: Any, properties: Any, value: Any, schema: Schema) -> Iterator[ValidationError]:
    """The fields in the order of the document; also `additionalProperties`, one error for each unknown field."""
    if type(value) is dict:
        for field, inner in value.items():
            if field in properties:
                yield from validator.descend(inner, properties[field], path=field)
            elif schema.get("additionalProperties") is False:
                yield ValidationError("", path=(field,))


def _required(_validator: Any, fields: Any, value: Any, _schema: Any) -> Iterator[ValidationError]:
    if type(value) is dict:
        yield from (ValidationError(field) for field in fields if field not in value)


def _items(validator: Any, schema: Schema, values: Any, _schema: Any) -> Iterator[ValidationError]:
    if type(values) is list:
        is_plain = not schema.keys() & _NESTING
        for index, value in enumerate(values):
            # A list may hold a million addresses, and going into each with jsonschema takes ten times as long.
            if not is_plain or _is_wrong(schema, value):
                yield from validator.descend(value, schema, path=index)


def _any_of(validator: Any, branches: Any, value: Any, schema: Schema) -> Iterator[ValidationError]:
    errors = [list(islice(validator.descend(value, branch), _MOST_IN_A_TABLE + 1)) for branch in branches]
    if all(errors):
        # One branch may be meant, because it is for values of this type: then what is wrong with it is what is wrong.
        meant = [found for found in errors if not any(each.validator == "type" and not each.path for each in found)]
        yield from meant[0] if len(meant) == 1 and "x-message" not in schema else [ValidationError("")]


def _not(validator: Any, refused: Any, value: Any, _schema: Any) -> Iterator[ValidationError]:
    if next(iter(validator.descend(value, refused)), None) is None:
        yield ValidationError("")


def _validator() -> Any:
    keywords = {
        **{keyword: _scalar(keyword) for keyword in _WRONG},
        "type": _type,
        "properties": _properties,
        "required": _required,
        "items": _items,
        "anyOf": _any_of,
        "not": _not,
        "additionalProperties": lambda *_: iter(()),
    }
    # The registry is empty: there is nothing from which a reference could be fetched.
    validator = extend(Draft7Validator, validators=keywords)  # type: ignore[no-untyped-call]
    return validator({}, registry=Registry())


def _without_references(schema: Any, definitions: dict[str, Schema]) -> Any:
    if isinstance(schema, list):
        return [_without_references(each, definitions) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _without_references(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    return {key: _without_references(each, definitions) for key, each in schema.items() if key != "definitions"}
