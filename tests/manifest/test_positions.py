"""Positions in TOML text, held against what tomli makes of every piece that they cut out."""

import gc
import math
import time
from collections.abc import Callable, Iterator
from datetime import date, datetime
from datetime import time as time_of_day
from functools import partial
from typing import Any

import pytest
import tomli
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keylint.manifest.positions import Path, Position, PositionIndex, Span

# Examples: each marks what is to be found with « and ».


def unmark(marked: str) -> tuple[str, Span]:
    before, inside, after = marked.replace("»", "«").split("«")
    text = before + inside + after
    tomli.loads(text)
    return text, Span(len(before), len(before) + len(inside))


KEYS = {
    "bare": ("«owner» = 1", ("owner",)),
    "in a table": ("[keys]\n«owner» = 1", ("keys", "owner")),
    "each part of a dotted key, first": ("«a».b.c = 1", ("a",)),
    "each part of a dotted key, middle": ("a.«b».c = 1", ("a", "b")),
    "each part of a dotted key, last": ("a.b.«c» = 1", ("a", "b", "c")),
    "dotted under a header": ("[t]\na.«b».c = 1", ("t", "a", "b")),
    "same name at each depth": ("a.a.«a».a = 1", ("a", "a", "a")),
    "spaces around dots": ("a\t. «b» .c = 1", ("a", "b")),
    "tabs around dots": ("a\t.\t«b» = 1", ("a", "b")),
    "spaces around a header's dots": ("[ a .\t«b» . c ]", ("a", "b")),
    "digits are a key, not a number": ("3.«14» = 1", ("3", "14")),
    "basic string": ('«"a.b"».c = 1', ("a.b",)),
    "basic string with escapes": (r'a.«"\"\\\b\t\n\f\r\e\x41\u00e9\U0001D11E"» = 1', ("a", '"\\\b\t\n\f\r\x1bAé𝄞')),
    "literal string": ("a.«'b\\.\"]'».c = 1", ("a", 'b\\."]')),
    "empty basic string": ('a.«""».c = 1', ("a", "")),
    "empty literal string": ("a.«''» = 1", ("a", "")),
    "non-ASCII": ('"é" = "…"\n[«"größe 𝄞"».b]', ("größe 𝄞",)),
    "two spellings of a name": ("\"a\".b = 1\n'a'.«c» = 2", ("a", "c")),
    "the first of two mentions": ("«a».b = 1\na.c = 2", ("a",)),
    "header": ("[keys.«grid»]", ("keys", "grid")),
    "header on an indented first line": (" \t[«keys»]", ("keys",)),
    "implicit super-table": ("[«keys».grid]\n[keys.other]", ("keys",)),
    "explicit header before an implicit mention": ("[keys.grid]\n[«keys»]", ("keys",)),
    "super-table after its sub-table, in between": ("[a.«b».c]\n[a]\nx = 1", ("a", "b")),
    "dotted key before the header of a sub-table": ("[t]\n«a».b = 1\n[t.a.c]", ("t", "a")),
    "dotted key in a super-table below the sub-table": ("[t.«a».c]\n[t]\na.b = 1", ("t", "a")),
    "array of tables": ("[[«events»]]\n[[events]]", ("events",)),
    "element of an array of tables, first": ("[[«events»]]\n[[events]]", ("events", 0)),
    "element of an array of tables, second": ("[[events]]\n[[«events»]]", ("events", 1)),
    "key in an element": ("[[events]]\nname = 1\n[[events]]\n«name» = 1", ("events", 1, "name")),
    "sub-table of the last element": (
        "[[keys]]\n[keys.withdraw]\n[[keys]]\n[keys.«withdraw»]\nx = 1",
        ("keys", 1, "withdraw"),
    ),
    "nested arrays of tables": (
        "[[a]]\n[[a.b]]\n[[a]]\n[[a.b]]\n[[a.b]]\n«x» = 1",
        ("a", 1, "b", 1, "x"),
    ),
    "nested array of tables, its element": ("[[a]]\n[[a.b]]\n[[a]]\n[[a.b]]\n[[a.«b»]]", ("a", 1, "b", 1)),
    "array of tables in a sub-table": ("[[a]]\n[a.b]\n[[a.b.«c»]]", ("a", 0, "b", "c", 0)),
    "super-table after an array of tables": ("[[a.b]]\n[a]\n«x» = 1", ("a", "x")),
    "inline table": ("a = {b = 1, «c» = 2}", ("a", "c")),
    "dotted key in an inline table": ("a = {b.«c».d = 1}", ("a", "b", "c")),
    "inline table over lines": ("a = { # {\n  b = 1, # }\n  «c» = [\n1],\n\n}", ("a", "c")),
    "inline table in an array": ("a = [{b = 1}, [{«b» = 2}]]", ("a", 1, 0, "b")),
    "key like a value": ("«true» = true", ("true",)),
    "key like a date": ("«2026-01-31» = 2026-01-31", ("2026-01-31",)),
    "after a header with a comment": ("[a] # [b]\n«c» = 1 # d = 2", ("a", "c")),
    "after comments with quotes and brackets": ('# """ \'\'\' [ { " \'\n[a] # [[[ "\n# ]\n«b» = 1', ("a", "b")),
    "CRLF": ('[a]\r\nx = [\r\n1, # c\r\n]\r\n"b"."c".«d» = 1\r\n', ("a", "b", "c", "d")),
}

VALUES = {
    "integer": ("a = «0x1F»", ("a",)),
    "signed": ("a = «+1_000» # 2", ("a",)),
    "float": ("a = «-6.26e-34»", ("a",)),
    "infinity": ("a = «-inf»", ("a",)),
    "boolean": ("a=«true»", ("a",)),
    "no line end at the end": ("a = 1\nb = «2»", ("b",)),
    "date": ("a = «2026-01-31» # 07:30", ("a",)),
    "date with T": ("a = «2026-01-31T07:30:00.25-08:00»", ("a",)),
    "date with a space": ("a = «2026-01-31 07:30:00Z» # c", ("a",)),
    "date with a space in an array": ("a = [ 2026-01-31 , «2026-01-31 07:30» ]", ("a", 1)),
    "time without seconds": ("a = «07:30»", ("a",)),
    "basic string": (r'a = «"b\"#]"» # "', ("a",)),
    "empty basic string": ('a = «""»# "', ("a",)),
    "literal string": ("a = «'b\\'» # '", ("a",)),
    "escapes of TOML 1.1": (r'a = «"\e[0m\x22"»', ("a",)),
    "multi-line basic string": ('a = «"""\n[b]\nc = 1\n[[d]]\n"""»\n[e]', ("a",)),
    "multi-line literal string": ("a = «'''\n[b]\nc = \"\"\"\n\\'''»\n[e]", ("a",)),
    "escaped quotes in a multi-line string": (r'a = «"""b\"""\\\""""» # """', ("a",)),
    "one more quote before the closing three": ('a = «"""b""""» # """', ("a",)),
    "two more quotes before the closing three": ('a = «"""b"""""»\nc = """d"""', ("a",)),
    "two more apostrophes before the closing three": ("a = «'''b'''''»\nc = '''d'''", ("a",)),
    "nothing but quotes": ('a = [«""""""""», """"""]', ("a", 0)),
    "line-ending backslash": ('a = «"""b \\  \r\n\r\n  [c]\\\\"""»\r\n', ("a",)),
    "array": ("a = «[1, [2], # ]\n3,]» # ]", ("a",)),
    "element": ("a = [1, «2», 3]", ("a", 1)),
    "element that is an array": ("a = [[1], «[2, [3]]»]", ("a", 1)),
    "element of an element": ("a = [[1], [2, [3, «4»]]]", ("a", 1, 1, 1)),
    "element after comments": ("a = [ # 1, [\n  1, # ]\n  # 2,\n\n  «2» # 3\n  ,\n]", ("a", 1)),
    "element with brackets and quotes": ("a = [\"]\", «']\"[#'», '''\n]''']", ("a", 1)),
    "element like a key": ('a = ["b", «"c"» , "d=1"]', ("a", 1)),
    "empty array": ("a = «[ # ]\n]»", ("a",)),
    "empty inline table": ("a = «{ # }\n}»", ("a",)),
    "inline table": ("a = «{b = {c = 1}, d = '}'}» # }", ("a",)),
    "inline table in an inline table": ("a = {b = «{c = 1,}», d = '}'}", ("a", "b")),
    "value of a dotted key": ("[t]\na . b = «1»", ("t", "a", "b")),
    "value in an inline table over lines": ('a = {\n# }\nb."c" = «"""\n}"""»,\n}', ("a", "b", "c")),
    "CRLF": ("a = «[\r\n1,\r\n]»\r\n[b]\r\n", ("a",)),
    "non-ASCII before": ('"é" = "𝄞" # ü\na = «"ö"»', ("a",)),
}

TABLES = {
    "plain": ("[«keys.grid»]", ("keys", "grid")),
    "spaces inside the brackets": ("[ «keys . grid» ]", ("keys", "grid")),
    "quoted": ('[«"]\\"" . \'[\'.a»] # ]', (']"', "[", "a")),
    "first line": ("[«a»]\n[b]", ("a",)),
    "last line": ("[a]\n[«b»]", ("b",)),
    "indented": ("x = 1\n\n\t [«a»]\n", ("a",)),
    "super-table after its sub-table": ("[a.b]\n[«a»]", ("a",)),
    "element": ("[[a]]\n[[ «a» ]]", ("a", 1)),
    "array of tables": ("[[«a»]]\n[[a]]", ("a",)),
    "after a multi-line string with headers": ('x = """\n[a]\n"""\n[«a»]', ("a",)),
    "after a multi-line string that ends in a header's look": ("x = '''\n[a'''\n[«a»]", ("a",)),
    "after three quotes in a comment": ('# """\n[«a»] # """\n[b]', ("a",)),
    "after three quotes in a string": ("x = '\"\"\"' # '''\n[«a»]\n y = \"'''\"", ("a",)),
    "between multi-line strings of two kinds": ("x = '''\"\"\"''' # '''\n[«a»]\ny = \"\"\"\n[a]'''\"\"\"", ("a",)),
    "after elements that look like headers": ('x = [\n["a"]\n# ]\n]\n[«"b"»]', ("b",)),
    "after an element before a comma": ("x = [\n[1] # c\n\n, [2],\n[[3]],\n[[4]]\n]\n[«a»]", ("a",)),
    "before a header": ("[a]\n# c\n\n[«b»]\n[c]", ("b",)),
    "CRLF": ("x = [\r\n[1]\r\n]\r\n[«a»]\r\n", ("a",)),
}


@pytest.mark.parametrize(("marked", "path"), KEYS.values(), ids=KEYS)
def test_finds_a_key(marked: str, path: Path) -> None:
    text, span = unmark(marked)
    assert PositionIndex(text).key(path) == span


@pytest.mark.parametrize(("marked", "path"), VALUES.values(), ids=VALUES)
def test_finds_a_value(marked: str, path: Path) -> None:
    text, span = unmark(marked)
    assert PositionIndex(text).value(path) == span


@pytest.mark.parametrize(("marked", "path"), TABLES.values(), ids=TABLES)
def test_finds_a_table(marked: str, path: Path) -> None:
    text, span = unmark(marked)
    assert PositionIndex(text).table(path) == span


@pytest.mark.parametrize("text", ["", "\n", "\r\n", " ", "# only a comment", "# [a]\n\n# b = 1\r\n\t"])
def test_finds_nothing_where_nothing_is(text: str) -> None:
    index = PositionIndex(text)
    for path in ((), ("a",), ("a", "b"), (0,), ("b",), ("",)):
        assert (index.key(path), index.value(path), index.table(path)) == (None, None, None)


def test_answers_none_for_what_a_path_does_not_have() -> None:
    index = PositionIndex("a.b = [1, {c = 1}]\n[t.u]\n[[e]]\nx = 1\n")
    tables: list[Path] = [("t", "u"), ("e",), ("e", 0)]
    assert [index.table(path) is not None for path in tables] == [True, True, True]
    assert [index.value(path) for path in [("a",), ("t",), *tables]] == [None] * 5
    assert [index.table(path) for path in [(), ("a",), ("a", "b"), ("a", "b", 1), ("t",)]] == [None] * 5
    assert [index.key(path) for path in [(), ("a", "b", 0), ("a", "b", 1)]] == [None] * 3


@pytest.mark.parametrize(
    "path",
    [
        ("b",),
        (0,),
        ("a", 0),
        ("a", "b", 2),
        ("a", "b", -1),
        ("a", "b", "0"),
        ("a", "b", 0, 0),
        ("a", "b", 1, "d"),
        ("a", "b", 1, "c", "d"),
        ("t", "x"),
        ("t", "u", "x"),
        ("e", "x"),
        ("e", 1),
        ("e", -1),
        ("e", "0"),
        ("e", 0, "y"),
        ("e", 0, "x", "z", 7, ""),
    ],
)
def test_answers_none_for_unknown_paths(path: Path) -> None:
    index = PositionIndex("a.b = [1, {c = 1}]\n[t.u]\n[[e]]\nx = 1\n")
    assert (index.key(path), index.value(path), index.table(path)) == (None, None, None)


@pytest.mark.parametrize(
    "text",
    [
        'x = [\n["b"]\n]',
        'x = [\n["b"] # ]\n\n# c\n]',
        'x = [\n ["b"]\n , ["c"],\n["d"]]',
        "x = [\r\n[[1]]\r\n]",
        'x = """\n[b]"""',
        "x = '''\n[[b]]\n[[1]]\n'''",
        'x = ["""a""", """\n[b]\n"""]',
        'x = [\'\'\'\n\'\'\', "", """\n["b"]\n"""] # """',
        "x = \"'''\"\ny = '''\n[b]\n'''",
        '# """\nx = """\n[b]\n"""',
        'x = "[b]"\n# [b]\n #\t[[b]]',
    ],
)
def test_takes_nothing_else_for_a_header(text: str) -> None:
    index = PositionIndex(text)
    assert set(tomli.loads(text)) <= {"x", "y"}
    for path in (("b",), ("b", 0), ("1",), ("1", 0)):
        assert (index.key(path), index.table(path)) == (None, None)
    assert index.key(("x",)) == Span(text.index("x"), text.index("x") + 1)


def test_reads_nothing_after_a_header_that_ends_the_text() -> None:
    assert PositionIndex("x = 1\n[b]").key(("b", "x")) is None


def test_reads_no_more_than_is_asked() -> None:
    index = PositionIndex("[a]\nx = 1\n[b]\nx = 1\n")
    assert index._unread is None
    assert index.value(("b",)) is None
    assert index._values == {}
    assert index.value(("b", "x")) == Span(18, 19)
    assert list(index._values.values()) == [(18, 19)]
    assert index.value(("a", "x")) == Span(8, 9)


# The second opinion: the statements of a text are the shortest runs of lines that tomli accepts alone, and the key of a
# statement is what stands before the first `=` where tomli takes it for a key.


def accepted(text: str) -> bool:
    try:
        tomli.loads(text)
    except tomli.TOMLDecodeError:
        return False
    return True


def statements(text: str) -> Iterator[tuple[Span, str]]:
    start = 0
    piece = ""
    for line in text.split("\n"):
        piece += line + "\n"
        if accepted(piece):
            yield Span(start, start + len(piece)), piece
            start += len(piece)
            piece = ""
    assert not piece


def walk(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    if path:
        yield path, value
    if isinstance(value, dict | list):
        for part, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from walk(inner, (*path, part))


def names(text: str) -> list[str]:
    """Take a text that names a single path; return the names on it."""
    *_, (path, _) = walk(tomli.loads(text))
    return [part for part in path if isinstance(part, str)]


class Opinion:
    """What the statements of a text, read one by one, say about its paths."""

    def __init__(self, text: str) -> None:
        self.headers: dict[Path, Span] = {}
        self.mentions: dict[Path, Span] = {}
        self.tables: set[Path] = set()  # made by headers or by dotted keys of statements
        self._lengths: dict[Path, int] = {}
        table: Path = ()
        for span, statement in statements(text):
            content = tomli.loads(statement)
            if not content:
                continue
            if statement.lstrip().startswith("["):
                table = self._header(span, names(statement), of_array=statement.lstrip().startswith("[["))
            else:
                self._field(span, table, statement, content)

    def _header(self, span: Span, parts: list[str], *, of_array: bool) -> Path:
        path: Path = ()
        for part in parts:
            if path in self._lengths:
                path = (*path, self._lengths[path] - 1)
            path = (*path, part)
            self.mentions.setdefault(path, span)
            self.tables.add(path)
        if of_array:
            self.headers.setdefault(path, span)
            length = self._lengths.get(path, 0)
            self._lengths[path] = length + 1
            path = (*path, length)
            self.tables.add(path)
        self.headers[path] = span
        return path

    def _field(self, span: Span, table: Path, statement: str, content: dict[str, Any]) -> None:
        ends = (offset for offset, character in enumerate(statement) if character == "=")
        key = next(key for end in ends if accepted(key := statement[:end] + "= 0"))
        depth = len(names(key))
        for path, _ in walk(content):
            self.mentions.setdefault((*table, *path), span)
            if len(path) < depth:
                self.tables.add((*table, *path))


def known(index: PositionIndex) -> set[Path]:
    """Take an index that has read everything; return all paths that it knows."""
    paths: dict[int, Path] = {0: ()}
    for (parent, part), node in index._nodes.items():
        paths[node] = (*paths[parent], part)
    return set(paths.values()) - {()}


def check(text: str) -> PositionIndex:
    index = PositionIndex(text)
    opinion = Opinion(text)
    keys: dict[Span, list[Path]] = {}
    for path, value in walk(tomli.loads(text)):
        key = index.key(path)
        if isinstance(path[-1], int) and path not in opinion.headers:
            assert key is None
        else:
            assert key is not None
            place = opinion.headers.get(path) or opinion.mentions[path]
            assert place.start <= key.start < key.end <= place.end
            name = path[-1] if isinstance(path[-1], str) else path[-2]
            assert tomli.loads(text[slice(*key)] + " = 0") == {name: 0}
            keys.setdefault(key, []).append(path)

        table = index.table(path)
        if path in opinion.headers:
            assert table is not None
            assert opinion.headers[path].start < table.start < table.end < opinion.headers[path].end
            assert names(f"[{text[slice(*table)]}]") == [part for part in path if isinstance(part, str)]
        else:
            assert table is None

        span = index.value(path)
        if span is None:
            assert path in opinion.tables or isinstance(value, dict)  # a dotted key in an inline table
        else:
            assert path not in opinion.tables
            assert repr(tomli.loads(f"x = {text[slice(*span)]}\n")) == repr({"x": value})  # nan is not itself
            assert opinion.mentions[path].start <= span.start < span.end <= opinion.mentions[path].end

        for unknown in ("no such key", 1_000_000, -1):
            nowhere = (*path, unknown)
            assert (index.key(nowhere), index.value(nowhere), index.table(nowhere)) == (None, None, None)
    assert known(index) == {path for path, _ in walk(tomli.loads(text))}
    for paths in keys.values():
        assert len(paths) == 1 or paths == [paths[0], (*paths[0], 0)]
    return index


# Documents from the grammar: statements with colliding keys and hostile strings, without those that tomli rejects.

LINE_ENDS = st.sampled_from(["\n", "\n", "\r\n"])
SPACES = st.sampled_from(["", "", " ", "\t "])
COMMENTS = st.sampled_from(["", "", "# c", '# [x] """', "# ''' ] }", '#"', "# a = [{ é", "#"])
GAPS = st.one_of(SPACES, st.tuples(SPACES, COMMENTS, LINE_ENDS, SPACES).map("".join))
PLAIN = ["a", "b", " ", "#", "[", "]", "{", "}", ",", "=", "[a]", "é", "𝄞", "\t", "x = 1"]
BASIC = [*PLAIN, "'", "'''", r"\"", r"\\", r"\n", r"\e", r"\x5D", r"\u00e9", r"\U0001D11E"]
LITERAL = [*PLAIN, '"', '"""', "\\"]
LINES = ["\n", "\r\n", "\n[a]\n", "\r\n[[b]]\r\n", "\na = 1\n", '\n["a"]']


def strings(quotes: str, pieces: list[str]) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(pieces), max_size=6).map(lambda inside: quotes + "".join(inside) + quotes)


STRINGS = st.one_of(
    strings('"', BASIC),
    strings("'", LITERAL),
    strings('"""', [*BASIC, *LINES, '"', '""', "\\\n  ", "\\ \r\n\n"]),
    strings("'''", [*LITERAL, *LINES, "'", "''"]),
)
SCALARS = st.sampled_from(
    [
        *("0", "-17", "+1_000", "0xDEAD_beef", "0b1", "1.5", "1e3", "-6.26e-3", "inf", "-nan", "true", "false"),
        *(
            "2026-01-31",
            "2026-01-31 07:30",
            "2026-01-31t07:30:00Z",
            "2026-01-31 07:30:00.5+01:00",
            "07:30",
            "07:30:09.1",
        ),
    ]
)
KEY_PARTS = st.one_of(
    st.sampled_from(["a", "b", "c", "a", "b", "c", '"a"', "'b'", r'"\x61"', '""', "''", "1", "true", "-"]),
    strings('"', BASIC),
    strings("'", LITERAL),
)
DOTS = st.tuples(SPACES, SPACES).map(".".join)


@st.composite
def dotted_keys(draw: st.DrawFn) -> str:
    parts = draw(st.lists(KEY_PARTS, min_size=1, max_size=3))
    return parts[0] + "".join(draw(DOTS) + part for part in parts[1:])


@st.composite
def sequences(draw: st.DrawFn, items: st.SearchStrategy[str], brackets: str) -> str:
    inside = draw(st.lists(st.tuples(GAPS, items, GAPS).map("".join), max_size=4))
    end = draw(st.sampled_from(["", ","])) if inside else ""
    return brackets[0] + ",".join(inside) + end + draw(GAPS) + brackets[1]


def fields(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(dotted_keys(), SPACES, st.just("="), SPACES, values).map("".join)


def containers(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return sequences(values, "[]") | sequences(fields(values), "{}")


TOML_VALUES = st.recursive(SCALARS | STRINGS, containers, max_leaves=8)
HEADERS = st.one_of(
    st.tuples(st.just("["), SPACES, dotted_keys(), SPACES, st.just("]")),
    st.tuples(st.just("[["), SPACES, dotted_keys(), SPACES, st.just("]]")),
).map("".join)
STATEMENTS = st.tuples(
    SPACES, st.one_of(HEADERS, fields(TOML_VALUES), fields(TOML_VALUES), st.just("")), SPACES, COMMENTS
).map("".join)


@st.composite
def documents(draw: st.DrawFn) -> str:
    text = ""
    for statement in draw(st.lists(STATEMENTS, max_size=12)):
        longer = text + statement + draw(LINE_ENDS)
        if accepted(longer):
            text = longer
    return text.rstrip(draw(st.sampled_from([" ", "\r\n"])))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents())
def test_agrees_with_the_parser_on_documents_from_the_grammar(text: str) -> None:
    check(text)


# Documents from data: the same values in all the ways to write them.

PIECES = ["a", "b", " ", '"', "'", "#", "[a]", "\n[a]\n", "\n[[b]]", "\n", "\\", "\t", "é", "𝄞", "\x1b", ",", "]", "}"]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=6).map("".join)
NAMES = st.sampled_from(["a", "b", "c", "d", "e-1", "", "a.b", "é", "[a]", '"', "'", "\n", "0"]) | TEXTS
ATOMS = st.one_of(
    TEXTS,
    st.booleans(),
    st.integers(-(10**6), 10**6),
    st.floats(allow_nan=False),
    st.dates(),
    st.datetimes(),
    st.times(),
)
TABLES_OF = partial(st.dictionaries, NAMES)
TREES = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        TABLES_OF(inner, max_size=4),
        st.lists(TABLES_OF(inner, max_size=3), max_size=3),
        st.lists(inner, max_size=4),
    ),
    max_leaves=12,
)
# Half of the documents have tables in tables for sure.
NESTED = TABLES_OF(TABLES_OF(ATOMS | TABLES_OF(ATOMS, max_size=2), min_size=1, max_size=3), min_size=1, max_size=3)
DATA = TABLES_OF(TREES, max_size=5) | NESTED
BARE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")


class Writer:
    """Data as TOML text, every piece in one of its spellings; `tables` are the paths that got no value of their own."""

    def __init__(self, draw: st.DrawFn, data: dict[str, Any]) -> None:
        self.draw = draw
        self.tables: set[Path] = set()
        sections: list[str] = []
        body = self.body((), (), data, sections)
        self.text = body + self.shuffled(sections)
        if self.choose("keep the last line end", "drop it") == "drop it":
            self.text = self.text.rstrip("\r\n")

    def choose(self, *ways: str) -> str:
        return self.draw(st.sampled_from(ways))

    def shuffled(self, sections: list[str]) -> str:
        return "".join(self.draw(st.permutations(sections)))

    def line(self, statement: str) -> str:
        before = self.choose("", "", "\n", "# [a]\r\n") + self.draw(SPACES)
        return before + statement + self.draw(SPACES) + self.draw(COMMENTS) + self.draw(LINE_ENDS)

    def table(self, path: Path, names: tuple[str, ...], data: dict[str, Any]) -> list[str]:
        """Write a table under its header: sections that may stand in any order."""
        self.tables.add(path)
        sections: list[str] = []
        body = self.body(path, (), data, sections, names)
        if body or not sections or self.choose("explicit", "implicit") == "explicit":
            sections.append(self.header("[", names, "]") + body)
        return sections

    def elements(self, path: Path, names: tuple[str, ...], tables: list[dict[str, Any]]) -> str:
        """Write an array of tables: one section, because each element owns what follows it."""
        self.tables.add(path)
        text = ""
        for number, data in enumerate(tables):
            self.tables.add((*path, number))
            sections: list[str] = []
            body = self.body((*path, number), (), data, sections, names)
            text += self.header("[[", names, "]]") + body + self.shuffled(sections)
        return text

    def header(self, opening: str, names: tuple[str, ...], closing: str) -> str:
        return self.line(opening + self.draw(SPACES) + self.key(names) + self.draw(SPACES) + closing)

    def body(
        self,
        path: Path,
        dotted: tuple[str, ...],
        data: dict[str, Any],
        sections: list[str],
        names: tuple[str, ...] = (),
    ) -> str:
        """Write the fields of a table; what gets a header of its own goes to the sections."""
        text = ""
        for name, value in data.items():
            inner = (*path, name)
            ways = ["value"]
            if isinstance(value, dict):
                ways += ["header", "header", "header", "dotted key" if value else "header"]
            elif isinstance(value, list) and value and all(isinstance(element, dict) for element in value):
                ways += ["array of tables", "array of tables"]
            match self.choose(*ways):
                case "header":
                    sections += self.table(inner, (*names, name), value)
                case "array of tables":
                    sections.append(self.elements(inner, (*names, name), value))
                case "dotted key":
                    self.tables.add(inner)
                    text += self.body(inner, (*dotted, name), value, sections, (*names, name))
                case _:
                    text += self.line(self.field(inner, (*dotted, name), value))
        return text

    def field(self, path: Path, names: tuple[str, ...], value: object) -> str:
        return self.key(names) + self.draw(SPACES) + "=" + self.draw(SPACES) + self.value(path, value)

    def key(self, names: tuple[str, ...]) -> str:
        parts = [self.part(name) for name in names]
        return parts[0] + "".join(self.draw(DOTS) + part for part in parts[1:])

    def part(self, name: str) -> str:
        if BARE.issuperset(name) and name and self.choose("bare", "bare", "quoted") == "bare":
            return name
        return self.string(name, lines=False)

    def value(self, path: Path, value: object) -> str:
        match value:
            case dict():
                return self.sequence("{", list(self.inline(path, (), value)), "}")
            case list():
                items = [self.value((*path, number), item) for number, item in enumerate(value)]
                return self.sequence("[", items, "]")
            case str():
                return self.string(value)
            case datetime():
                return value.isoformat(self.choose(" ", "T"))
            case date() | time_of_day():
                return value.isoformat()
            case _:
                return str(value).lower() if isinstance(value, bool) else repr(value)

    def inline(self, path: Path, dotted: tuple[str, ...], data: dict[str, Any]) -> Iterator[str]:
        for name, value in data.items():
            if isinstance(value, dict) and value and self.choose("inline table", "dotted key") == "dotted key":
                self.tables.add((*path, name))
                yield from self.inline((*path, name), (*dotted, name), value)
            else:
                yield self.field((*path, name), (*dotted, name), value)

    def sequence(self, opening: str, items: list[str], closing: str) -> str:
        inside = ",".join(self.draw(GAPS) + item + self.draw(GAPS) for item in items)
        return opening + inside + (self.choose("", ",") if items else "") + self.draw(GAPS) + closing

    def string(self, text: str, *, lines: bool = True) -> str:
        ways = ["basic", "basic, multi-line"] if lines else ["basic"]
        if "\n" not in text and "\x1b" not in text and "'" not in text:
            ways.append("literal")
        if lines and "\x1b" not in text and "'''" not in text:
            ways.append("literal, multi-line")
        match self.choose(*ways):
            case "literal":
                return f"'{text}'"
            case "literal, multi-line":
                inside = text.replace("\n", self.draw(LINE_ENDS))
                return f"'''{self.draw(LINE_ENDS)}{inside}'''"
            case "basic":
                escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\x1b", "\\e")
                return '"' + escaped.replace("a", self.choose("a", "a", r"\x61", r"\u0061")) + '"'
            case _:
                escaped = text.replace("\\", "\\\\").replace('"""', '""\\"').replace("\x1b", "\\x1b")
                before = self.choose("\n", "\r\n", *([] if text[:1] in ("\n", " ", "\t") else ["\\\n\n  "]))
                return '"""' + before + escaped.replace("\n", self.draw(LINE_ENDS)) + '"""'


@st.composite
def written(draw: st.DrawFn) -> tuple[dict[str, Any], str, set[Path]]:
    data = draw(DATA)
    writer = Writer(draw, data)
    return data, writer.text, writer.tables


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(written())
def test_agrees_with_the_parser_on_documents_from_data(document: tuple[dict[str, Any], str, set[Path]]) -> None:
    data, text, tables = document
    assert tomli.loads(text) == data
    index = check(text)
    assert {path for path, _ in walk(data) if index.value(path) is None} == tables


# Lines and columns, for any text.

LINE_LENGTHS = st.sampled_from([0, 1, 2, 5, 80, 4094, 4095, 4096, 9000])


@settings(max_examples=100, deadline=None)
@given(st.data(), st.lists(st.tuples(LINE_LENGTHS, st.sampled_from(["\n", "\r\n", "é\n"])), max_size=8), LINE_LENGTHS)
def test_counts_lines_as_one_counts_by_hand(data: st.DataObject, lines: list[tuple[int, str]], last: int) -> None:
    text = "".join("x" * length + end for length, end in lines) + "y" * last
    index = PositionIndex(text)
    edges = [offset for edge in (0, 4096, 8192, len(text)) for offset in (edge - 1, edge, edge + 1)]
    ends = [offset + step for offset, character in enumerate(text) if character == "\n" for step in (-1, 0, 1)]
    anywhere = data.draw(st.lists(st.integers(0, len(text)), max_size=20))
    for offset in edges + ends + anywhere:
        if 0 <= offset <= len(text):
            line, column = text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)
            assert index.position(offset) == Position(line, column)
    expected = text.replace("\r\n", "\n").split("\n")
    assert [index.line(number) for number in range(1, len(expected) + 1)] == expected
    assert [index.line(number) for number in (-1, 0, len(expected) + 1, len(expected) + 9)] == [""] * 4


def test_tells_the_position_of_a_value() -> None:
    text = '# ü\r\n["größe"]\r\n\t"𝄞" = 1\r\n'
    index = PositionIndex(text)
    span = index.value(("größe", "𝄞"))
    assert span is not None
    assert index.position(span.start) == Position(3, 8)
    assert index.line(3) == '\t"𝄞" = 1'


def test_knows_the_one_line_of_an_empty_text() -> None:
    assert PositionIndex("").position(0) == Position(1, 1)
    assert PositionIndex("").line(1) == ""


# Hostile texts take time in proportion to their length.

HOSTILE: dict[str, tuple[Callable[[int], str], Path]] = {
    "multi-line basic string": (lambda n: 'x = """' + '\\"\n[t]""\n' * n + '"""\n[t]\ny = 1', ("t", "y")),
    "multi-line literal string": (lambda n: "x = '''" + "''\n[t]\n\\" * n + "'''\n[t]\ny = 1", ("t", "y")),
    "multi-line strings on a line": (lambda n: "x = [" + '"""a""", ' * n + "]\n[t]\ny = 1", ("t", "y")),
    "multi-line strings on their lines": (lambda n: "x = [\n" + "'''\n''',\n" * n + "]\n[t]\ny = 1", ("t", "y")),
    "three quotes in comments": (lambda n: "# \"\"\" ''' [\n" * n + "[t]\ny = 1", ("t", "y")),
    "three quotes in one comment": (lambda n: "# " + "\"\"\" ''' " * n + "\n[t]\ny = 1", ("t", "y")),
    "three quotes in a comment at the end": (lambda n: "y = 1 # " + "\"\"\" ''' " * n, ("y",)),
    "quotes and brackets in comments": (lambda n: "#[[\"'{\n" * n + "y = 1", ("y",)),
    "one comment": (lambda n: "y = 1 #" + "[\"'{" * n, ("y",)),
    "array": (lambda n: "y = [" + "1," * n + "]", ("y", 0)),
    "array of strings": (lambda n: "y = [" + '"a.b" , # c\n' * n + "]", ("y", 0)),
    "array of arrays": (lambda n: "y = [" + "[]," * n + "]", ("y", 0)),
    "array of arrays on their lines": (lambda n: "x = [\n" + '["a"]\n#\n,\n' * n + "]\n[t]\ny = 1", ("t", "y")),
    "deep arrays": (lambda n: "y = [" + ("[" * 31 + "]" * 31 + ",") * (n // 31) + "]", ("y", 0)),
    "deep inline tables": (lambda n: "y = [" + ("{a=" * 31 + "1" + "}" * 31 + ",") * (n // 31) + "]", ("y", 0)),
    "inline table": (lambda n: "y = {" + ",".join(f"k{i} = 1" for i in range(n)) + "}", ("y", "k0")),
    "fields": (lambda n: "".join(f"k{i} = 1\n" for i in range(n)) + "y = 1", ("y",)),
    "tables": (lambda n: "".join(f"[t{i}]\n" for i in range(n)) + "y = 1", ("t0",)),
    "array of tables": (lambda n: "[[t]]\n" * n + "[t.u]\ny = 1", ("t", 0)),
    "dotted key": (lambda n: "y" + ".a" * n + " = 1", ("y", *"aaa")),
    "dotted header": (lambda n: "[y" + " . a" * n + "]", ("y", *"aaa")),
    "quoted dotted keys": (lambda n: '"y"' + '."\\x61"' * n + " = 1", ("y", *"aaa")),
    "one string": (lambda n: 'y = "' + "\\\\a" * n + '"', ("y",)),
    "one quoted key": (lambda n: '"' + "\\\\a" * n + '".x = 1\ny = 1', ("y",)),
    "empty lines": (lambda n: "[t]\n" + " \r\n" * n + "[u]\ny = 1", ("u", "y")),
    "spaces": (lambda n: "[t" + " " * n + "]\na" + "\t" * n + "=" + " " * n + "1\ny = 1", ("t", "y")),
}


def assert_linear(seconds: Callable[[int], float], count: int) -> None:
    """Eight times as much may take 32 times as long, at most; square growth takes 64 times as long.

    A busy machine makes single runs slow, so that the fastest of several counts, in time of the processor.
    """
    gc.disable()
    try:
        few = many = math.inf
        for _ in range(8):
            few, many = min(few, seconds(count)), min(many, seconds(8 * count))
            if many < 32 * few:
                return
    finally:
        gc.enable()
    pytest.fail(f"{few:.6f} s became {many:.6f} s")


@pytest.mark.parametrize(("write", "path"), HOSTILE.values(), ids=HOSTILE)
def test_takes_linear_time_on_hostile_text(write: Callable[[int], str], path: Path) -> None:
    def seconds(count: int) -> float:
        text = write(count)
        start = time.process_time()
        index = PositionIndex(text)
        found = index.key(path) or index.value(path)
        taken = time.process_time() - start
        assert found
        return taken

    assert_linear(seconds, 10_000)


def test_takes_linear_time_for_many_answers_from_one_table() -> None:
    def seconds(count: int) -> float:
        index = PositionIndex("[t]\ny = [" + "1," * count + "]")
        start = time.process_time()
        assert None not in [index.value(("t", "y", number)) for number in range(count)]
        return time.process_time() - start

    assert_linear(seconds, 1_000)


@pytest.mark.parametrize("line", ["x" * 40 + "\n", "x" * 41, "\n"], ids=["lines", "one line", "empty lines"])
def test_takes_linear_time_for_positions(line: str) -> None:
    def seconds(count: int) -> float:
        text = line * count
        start = time.process_time()
        index = PositionIndex(text)
        for offset in range(0, len(text), len(line)):
            index.position(offset)
        return time.process_time() - start

    assert_linear(seconds, 5_000)
