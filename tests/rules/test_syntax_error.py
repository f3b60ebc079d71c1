"""KL001 on bytes that no page can hold: other encodings, line ends, bounds."""

import codecs
from importlib import import_module

import pytest

from keylint import engine, gate
from keylint.api import Rule
from keylint.engine import Report
from keylint.manifest.load import MAX_BYTES, load
from keylint.tally import Extent
from keylint.testing import MOMENT

RULES: tuple[Rule, ...] = tuple(
    import_module(f"keylint.rules.{name}").RULE for name in ("syntax_error", "secret_in_manifest")
)
SAMPLE = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
BROKEN = "version = 1\n[keys.grid]\npermissions = [\nlabel = 1\n"


def judged(data: bytes) -> Report:
    return gate.apply([engine.run(load("keylint.toml", data), RULES, MOMENT, {})], RULES)


def found(data: bytes) -> tuple[str, Extent | None]:
    [finding] = [it for it in judged(data).findings if it.code == "KL001"]
    return finding.message, finding.extent


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("start", [b"", codecs.BOM_UTF8])
def test_the_place_does_not_depend_on_line_ends_or_a_byte_order_mark(end: str, start: bytes) -> None:
    message, extent = found(start + BROKEN.replace("\n", end).encode())
    assert message == "the manifest is not valid TOML: invalid value"
    assert extent == (4, 1, 4, 2)


def test_columns_count_characters() -> None:
    _, extent = found('version = 1 # zoë 日本\n[bots."\U0001f511"] x'.encode())
    assert extent == (2, 12, 2, 13)


@pytest.mark.parametrize(
    ("data", "extent"),
    [
        (b"version = 1\n# caf\xe9\n", (2, 6, 2, 7)),
        (b"\xff\xfev\x00e\x00r\x00", (1, 1, 1, 2)),
        ("# é\n# ".encode() + b"\xed\xa0\x80", (2, 3, 2, 4)),
        (b"# \xc0\xaf", (1, 3, 1, 4)),
        (b"# \xe2\x82", (1, 3, 1, 4)),
    ],
)
def test_bytes_that_are_not_utf_8_are_found_where_they_begin(data: bytes, extent: Extent) -> None:
    assert found(data) == ("the manifest is not UTF-8 from here on", extent)


def test_the_bytes_themselves_are_not_repeated() -> None:
    report = judged(b"secret = " + SAMPLE.encode() + b"\xff\xfe\n")
    assert SAMPLE[:16] not in repr((report.findings, report.unknown))
    assert [finding.code for finding in report.findings] == ["KL005", "KL001"]


@pytest.mark.parametrize(
    "data",
    [
        b"a = 1\x00",
        b"a = 1 # \x1b[2J",
        b"a = 1\rb = 2",
        b"a = \x7f",
        b"\xef\xbb\xbf\xef\xbb\xbfa = 1",
        b"[a]\n[a]",
        b"a = nul",
        b"=",
        b"a",
        b'"""',
        b"a = '''",
    ],
)
def test_other_bytes_that_are_no_toml_are_found_and_never_raised(data: bytes) -> None:
    message, extent = found(data)
    assert message.startswith("the manifest is not valid TOML: ")
    assert extent is not None
    assert message.isprintable()


def test_a_text_that_does_not_parse_is_not_said_to_fit_the_schema() -> None:
    rule: Rule = import_module("keylint.rules.schema_violation").RULE
    report = gate.apply([engine.run(load("keylint.toml", BROKEN.encode()), [rule], MOMENT, {})], [rule])
    assert [(it.code, it.reason) for it in report.unknown] == [("KL002", "manifest-broken")]
    assert report.summary.passed == 0


def test_at_the_end_of_a_line_or_of_the_text_the_place_is_empty() -> None:
    assert found(b"a =")[1] == (1, 4, 1, 4)
    assert found(b"a =\nb = 1")[1] == (1, 4, 1, 4)
    assert found(b"a =\r\nb = 1")[1] == (1, 4, 1, 4)


def test_too_large() -> None:
    message, extent = found(b"#" * (MAX_BYTES + 1))
    assert message == "the manifest is larger than 16 MiB"
    assert extent == (1, 1, 1, 1)
    assert judged(b"#" * MAX_BYTES).findings == ()


def test_what_was_not_read_is_not_said_to_hold_no_secret() -> None:
    for data in (b"#" * (MAX_BYTES + 1), f"secret = '{SAMPLE}'\n".encode("utf-16"), b"\xff"):
        assert [(it.code, it.reason) for it in judged(data).unknown] == [("KL005", "manifest-broken")]
    assert judged(BROKEN.encode()).unknown == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"a = {'[' * 40}{']' * 40}", "nests arrays or tables more than 32 deep"),
        (f"a = {'[' * 100_000}", "nests arrays or tables more than 32 deep"),
        (f"a = {'{b = ' * 40}1{'}' * 40}", "nests arrays or tables more than 32 deep"),
        (f"a = {'9' * 5000}", "holds a number or a date that is out of range"),
        (f"{'.'.join('abcdefghijklmnopq')} = 1", "has a key of more than 16 parts"),
        (f"{'a.' * 20_000}a = 1", "has a key of more than 16 parts"),
        (f"\n[{'a.' * 20}a]", "has a key of more than 16 parts"),
    ],
)
def test_bounds(text: str, said: str) -> None:
    assert found(text.encode())[0] == f"the manifest {said}"
