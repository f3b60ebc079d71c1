"""A JSON Schema in keylint's subset → the Python source of `keylint/manifest/screen.py`, which finds what breaks it.

Run by `make generate` or `python -m keylint.schemas.compile`. jsonschema needs a quarter of a millisecond for a table
and 90 ms to be imported; straight-line Python needs a microsecond and nothing. So a good manifest is only screened, and
jsonschema explains the bad ones. The subset is closed: a keyword that is not understood here raises, because a keyword
that the screen passed over would be a mistake that nobody is told of.
"""

import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

Schema = dict[str, Any]

_NOTES = {"$comment", "$id", "$schema", "default", "definitions", "description", "examples", "title", "x-message"}
_COMBINERS = {"allOf", "anyOf", "not"}
_TYPES = {"array": "list", "boolean": "bool", "integer": "int", "object": "dict", "string": "str"}
_OF_TYPE = {
    "array": {"items", "maxItems", "minItems"},
    "boolean": set[str](),
    "integer": {"maximum", "minimum"},
    "object": {"additionalProperties", "patternProperties", "properties", "required"},
    "string": {"format", "maxLength", "minLength", "pattern"},
}
_WIDTH = 120

_HEADER = '''\
"""Document → the paths of its tables that break `manifest.schema.json`; written by `make generate`, not by hand."""

# ruff: noqa: PLR2004, SIM110 - the numbers are the schema's; a loop takes half the time of `all()` over a short list.

import re
from datetime import date

from .addresses import network
from .positions import Path
'''

_SCREEN = '''\
def screen(document: dict[str, object]) -> tuple[Path, ...]:
    """The paths of the tables of a parsed document that break the schema, in its order; empty if it is a manifest.

    A path is `("keys", "grid")`, `("waivers", 0)`, `("policy",)`, a section that is no section `("keys",)`, or `()` for
    the root's own fields. Never raises on what a TOML parser can give.
    """
    wrong: list[Path] = []
    if not _is_manifest(document):
        wrong.append(())
    for name, section in document.items():
        if name in _NAMED and type(section) is dict:
            fits, is_good = _NAMED[name]
            wrong += [(name, key) for key, table in section.items() if not (fits(key) and is_good(table))]
        elif name in _LISTED and type(section) is list:
            is_good = _LISTED[name]
            wrong += [(name, index) for index, table in enumerate(section) if not is_good(table)]
        elif name in _NAMED or name in _LISTED or (name in _SINGLE and not _SINGLE[name](section)):
            wrong.append((name,))
    return tuple(wrong)
'''


class SchemaError(Exception):
    """The schema says something that this compiler does not understand."""


class _Node(NamedTuple):
    """A condition: a leaf (`text`, in which NUL stands for the value) or `parts` joined by `and`, `or` or `not`."""

    text: str
    parts: "tuple[_Node, ...]" = ()


def compile_schema(schema: Schema) -> str:
    """The source of a module with `screen(document)`. Raises SchemaError on anything outside of the subset."""
    compiler = _Compiler(schema)
    root, named, listed, single = dict[str, Schema](), dict[str, str](), dict[str, str](), dict[str, str]()
    for name, declared in schema["properties"].items():
        section = compiler.resolved(declared)
        if "patternProperties" in section:
            pattern, entry = compiler.entries(section, name)
            named[name] = f"({compiler.matcher(pattern, 'id')}, {compiler.table(entry, name)})"
        elif section.get("type") == "array":
            _refuse(section, {"type", "items"}, name)
            listed[name] = compiler.table(section["items"], name)
        elif section.get("type") == "object":
            single[name] = compiler.table(declared, name)
        else:
            root[name] = declared
    own = {key: value for key, value in schema.items() if key not in _NOTES} | {"properties": root}
    compiler.table(own, "manifest", also=(*named, *listed, *single))
    parts = [
        _HEADER,
        "\n".join(compiler.constants.values()),
        "\n",
        "\n\n\n".join(compiler.functions.values()),
        "\n",
        _mapping("_NAMED", named),
        _mapping("_LISTED", listed),
        _mapping("_SINGLE", single),
        "\n",
        _SCREEN,
    ]
    return "\n".join(parts)


class _Compiler:
    """What has been compiled so far: constants and functions, each by what it stands for, so that equals are shared."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.constants: dict[str, str] = {}
        self.functions: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._made: dict[str, Schema] = {}

    def resolved(self, schema: Schema) -> Schema:
        """The schema itself, or what its `$ref` stands for."""
        if "$ref" not in schema:
            return schema
        _refuse(schema, {"$ref"}, "$ref")  # draft 7 ignores what stands beside a $ref; here nothing may
        prefix, _, name = schema["$ref"].rpartition("/")
        if prefix != "#/definitions" or name not in self.schema["definitions"]:
            message = f"{schema['$ref']} is no definition of this schema"
            raise SchemaError(message)
        definition: Schema = self.schema["definitions"][name]
        return definition

    def entries(self, schema: Schema, name: str) -> tuple[str, Schema]:
        """The pattern of the names of a table of tables, and the schema of its tables."""
        _refuse_open(schema, {"patternProperties"}, name)
        if len(schema["patternProperties"]) != 1:
            message = f"{name}: tables by name need one pattern"
            raise SchemaError(message)
        [(pattern, entry)] = schema["patternProperties"].items()
        return pattern, entry

    def table(self, schema: Schema, name: str, also: Iterable[str] = ()) -> str:
        """The name of the function that tells whether a value is a good table; `also` are fields judged elsewhere."""
        name = schema["$ref"].rpartition("/")[2] if "$ref" in schema else name
        schema = self.resolved(schema)
        _refuse_open(schema, {"properties", "required"} | _COMBINERS, name)
        function = f"_is_{name}"
        if not self._is_new(function, schema):
            return function
        fields = schema.get("properties", {})
        names = self._set((*fields, *also), f"{name}_fields")
        required = schema.get("required", [])
        if not {*required} <= {*fields, *also}:
            message = f"{name}: a required field is not among the properties"
            raise SchemaError(message)
        conditions = [_Node("type(\0) is dict"), _Node(f"{names}.issuperset(\0)")]
        conditions += [_Node(f"{json.dumps(field)} in \0") for field in required]
        conditions += [self._field(field, fields[field], name, optional=field not in required) for field in fields]
        conditions += self._combined(schema, name, "object")
        whole = _joined("and", [_bound(node, "table") for node in conditions])
        self.functions[function] = f"def {function}(table: object) -> bool:\n{_laid_out(whole, 4, 'return ')}"
        return function

    def matcher(self, pattern: str, name: str) -> str:
        """The name of the function that matches a whole string with `pattern`."""
        _check_pattern(pattern)
        line, tall = f're.compile(r"{pattern}").fullmatch', f're.compile(\n    r"{pattern}"\n).fullmatch'
        return self._constant(f"_fits_{name}", line, tall)

    def conditions(self, schema: Schema, name: str, known: str | None = None) -> list[_Node]:
        """What must hold for a value to fit the schema; `known` is the type that it is known to have already."""
        if "$ref" in schema:
            return self.conditions(self.resolved(schema), schema["$ref"].rpartition("/")[2], known)
        if {"patternProperties", "additionalProperties"} & schema.keys():
            return [_Node(f"{self.table(schema, name)}(\0)")]
        kind: str | None = schema.get("type", known)
        if kind is not None and (kind not in _TYPES or known not in (None, kind)):
            message = f"{name}: the type {kind} is not in the subset here"
            raise SchemaError(message)
        _refuse(schema, {"type", "enum"} | _COMBINERS | _OF_TYPE.get(kind or "", set()), name)
        is_date = schema.get("format") == "date"
        conditions = [] if kind == known else [_Node(f"type(\0) is {'date' if is_date else _TYPES[kind or '']}")]
        if is_date:
            # TOML has dates. The schema calls them strings because JSON, in which it is written, has none.
            _refuse(schema, {"type", "format"}, name)
            if known:
                message = f"{name}: a date is known by its type and format together"
                raise SchemaError(message)
        elif kind == "string":
            conditions += self._text(schema, name)
        elif kind == "integer":
            conditions += _between(schema, "minimum", "maximum", "\0")
        elif kind == "array":
            conditions += _between(schema, "minItems", "maxItems", "len(\0)")
            conditions += [_Node(f"{self._each(schema['items'], name)}(\0)")] if "items" in schema else []
        elif kind == "object":
            conditions += [_Node(f"{json.dumps(field)} in \0") for field in schema.get("required", [])]
            conditions += [
                self._field(field, inner, name, optional=field not in schema.get("required", []))
                for field, inner in schema.get("properties", {}).items()
            ]
        conditions += self._enumerated(schema, name, kind)
        return conditions + self._combined(schema, name, kind)

    def _text(self, schema: Schema, name: str) -> list[_Node]:
        if schema.get("format") == "ip-network":
            # Stricter than the pattern and the length beside it, which are there for the editors: they do not know the
            # format. tests/manifest/test_addresses.py holds that it is.
            return [_Node("network(\0) is not None")]
        if "format" in schema:
            message = f"{name}: the format {schema['format']} is not in the subset"
            raise SchemaError(message)
        conditions = _between(schema, "minLength", "maxLength", "len(\0)")
        if "pattern" in schema:
            conditions.append(_Node(f"{self.matcher(schema['pattern'], name)}(\0) is not None"))
        return conditions

    def _enumerated(self, schema: Schema, name: str, kind: str | None) -> list[_Node]:
        if "enum" not in schema:
            return []
        values = schema["enum"]
        of = "integer" if all(type(value) is int for value in values) else "string"
        if kind not in (of, None) or (of == "string" and not all(type(value) is str for value in values)):
            message = f"{name}: an enum holds strings, or integers beside their type"
            raise SchemaError(message)
        if kind is None and of == "integer":
            message = f"{name}: an enum of integers needs its type, or true would pass for 1"
            raise SchemaError(message)
        member = _Node(f"\0 in {self._set(values, name)}")
        return [member] if kind else [_Node(f"type(\0) is {_TYPES[of]}"), member]  # a list cannot be looked up in a set

    def _combined(self, schema: Schema, name: str, kind: str | None) -> list[_Node]:
        def branch(inner: Schema) -> _Node:
            return _joined("and", self.conditions(inner, name, kind))

        conditions = [branch(inner) for inner in schema.get("allOf", [])]
        if "anyOf" in schema:
            conditions.append(_joined("or", [branch(inner) for inner in schema["anyOf"]]))
        if "not" in schema:
            conditions.append(_Node("not", (branch(schema["not"]),)))
        return conditions

    def _field(self, field: str, schema: Schema, table: str, *, optional: bool) -> _Node:
        node = _joined("and", self.conditions(schema, f"{table}_{field}"))
        if '["' in _one_line(node):
            message = f"{table}.{field}: what is looked up in a field needs a table of its own (additionalProperties)"
            raise SchemaError(message)
        node = _bound(node, f"\0[{json.dumps(field)}]")
        return _joined("or", [_Node(f"{json.dumps(field)} not in \0"), node]) if optional else node

    def _each(self, schema: Schema, name: str) -> str:
        name = schema["$ref"].rpartition("/")[2] if "$ref" in schema else name
        function = f"_are_{name}"
        if self._is_new(function, schema):
            wrong = _Node("not", (_bound(_joined("and", self.conditions(schema, f"{name}_item")), "item"),))
            self.functions[function] = (
                f"def {function}(items: list[object]) -> bool:\n    for item in items:\n"
                f"{_laid_out(wrong, 8, 'if ')}:\n            return False\n    return True"
            )
        return function

    def _is_new(self, function: str, schema: Schema) -> bool:
        known = self._made.setdefault(function, schema)
        if known != schema:
            message = f"two things would be called {function}"
            raise SchemaError(message)
        if function in self.functions:
            return False
        self.functions[function] = ""  # keeps its place, and lets a definition refer to itself
        return True

    def _set(self, values: Iterable[str | int], name: str) -> str:
        items = [json.dumps(value) for value in values]
        line = f"frozenset(({', '.join(items)}{',' if len(items) == 1 else ''}))"
        tall = "".join(f"        {item},\n" for item in items)
        return self._constant(f"_{name.upper()}", line, f"frozenset(\n    (\n{tall}    )\n)")

    def _constant(self, name: str, line: str, tall: str) -> str:
        if line not in self._names:
            others = sum(re.fullmatch(rf"{name}(_\d+)?", other) is not None for other in self.constants)
            name = f"{name}_{others + 1}" if others else name
            self._names[line] = name
            fits = len(f"{name} = {line}") <= _WIDTH
            self.constants[name] = f"{name} = {line if fits else tall}"
        return self._names[line]


def _refuse(schema: Schema, allowed: set[str], name: str) -> None:
    unknown = schema.keys() - allowed - _NOTES
    if unknown:
        message = f"{name}: {', '.join(sorted(unknown))} is not in the subset here"
        raise SchemaError(message)


def _refuse_open(schema: Schema, allowed: set[str], name: str) -> None:
    _refuse(schema, {"type", "additionalProperties"} | allowed, name)
    if schema.get("type") != "object" or schema.get("additionalProperties") is not False:
        message = f"{name}: a table must have the type object and refuse additional properties"
        raise SchemaError(message)


def _check_pattern(pattern: str) -> None:
    """Raise unless the pattern is about whole strings: then to match it whole means the same as to search for it."""
    bare = re.sub(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", "", pattern)  # without escapes and character classes
    while "(" in bare and (shorter := re.sub(r"\([^()]*\)", "", bare)) != bare:
        bare = shorter
    if not re.fullmatch(r"\^[^^$|()]*\$", bare) or '"' in pattern:
        message = f"the pattern {pattern} must be ^...$ with its alternatives in brackets, and without quotes"
        raise SchemaError(message)
    re.compile(pattern)


def _between(schema: Schema, least: str, most: str, what: str) -> list[_Node]:
    if least in schema and most in schema:
        return [_Node(f"{schema[least]} <= {what} <= {schema[most]}")]
    if least in schema:
        return [_Node(f"{what} >= {schema[least]}")]
    return [_Node(f"{what} <= {schema[most]}")] if most in schema else []


def _joined(operator: str, parts: list[_Node]) -> _Node:
    if not parts:
        return _Node("True" if operator == "and" else "False")
    flat = [each for part in parts for each in (part.parts if part.text == operator else (part,))]
    return flat[0] if len(flat) == 1 else _Node(operator, tuple(flat))


def _bound(node: _Node, value: str) -> _Node:
    """The condition about `value`; one that is looked up is looked up once, at its first use, and kept."""
    first = [f"value := {value}"] if "[" in value and _one_line(node).count("\0") > 1 else []
    if first and "\0" not in _first_leaf(node):
        message = f"{_one_line(node)!r} would use a value that may not have been looked up"
        raise SchemaError(message)

    def bind(node: _Node) -> _Node:
        if node.parts:
            return _Node(node.text, tuple([bind(part) for part in node.parts]))
        text = node.text
        if first and "\0" in text:
            text = text.replace("\0", first.pop(), 1)
            return _Node(text)
        return _Node(text.replace("\0", later))

    later = "value" if first else value
    return bind(node)


def _first_leaf(node: _Node) -> str:
    return _first_leaf(node.parts[0]) if node.parts else node.text


def _one_line(node: _Node) -> str:
    """The condition as an operand."""
    if not node.parts:
        return node.text
    if node.text == "not":
        return f"not {_one_line(node.parts[0])}"
    return f"({f' {node.text} '.join(_one_line(part) for part in node.parts)})"


def _laid_out(node: _Node, indent: int, before: str) -> str:
    """The condition after `before`, as the formatter lays it out: in one line, else in brackets, else tall in them."""
    space = " " * indent
    line = f"{space}{before}{_one_line(node)[1:-1] if node.parts and before == 'return ' else _one_line(node)}"
    if not node.parts or len(line) <= _WIDTH:
        return line
    if node.text == "not":
        return _laid_out(node.parts[0], indent, f"{before}not ")
    inside = f"{space}    {_one_line(node)[1:-1]}"
    if len(inside) > _WIDTH:
        parts = [_laid_out(part, indent + 4, f"{node.text} " if at else "") for at, part in enumerate(node.parts)]
        inside = "\n".join(parts)
    return f"{space}{before}(\n{inside}\n{space})"


def _mapping(name: str, values: dict[str, str]) -> str:
    return "\n".join([f"{name} = {{", *(f'    "{key}": {value},' for key, value in values.items()), "}"])


def main(write: Callable[[str], object] | None = None) -> None:
    """Compile the manifest's schema into `keylint/manifest/screen.py`, or hand the source to `write`."""
    here = Path(__file__).parent
    source = compile_schema(json.loads((here / "manifest.schema.json").read_text(encoding="utf-8")))
    if write is None:
        import keylint.manifest  # noqa: PLC0415 - only the place of the package is needed, and only here

        Path(keylint.manifest.__path__[0], "screen.py").write_text(source, encoding="utf-8")
    else:
        write(source)


if __name__ == "__main__":
    main()
