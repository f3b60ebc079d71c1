"""Whatever keylint is given, it finds something or says in one line what is wrong: no traceback, exit code 0 to 3."""

import errno
import json
import os
import signal
import socket
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import Any, NoReturn

import pytest
from strategies import (
    AS_OF,
    EXAMPLES,
    ROOT,
    TODAY,
    Ran,
    faults,
    is_loaded,
    judged,
    literal,
    raw_controls,
    registry,
    toml,
    valid_report,
)
from strategies import keylint as run

from keylint.api import Side, SourceRule
from keylint.manifest.load import MAX_BYTES

GOOD = (ROOT / "examples" / "first" / "good.toml").read_text(encoding="utf-8")
BROKEN = 1 if is_loaded("KL001", "KL002") else 3
JUDGED_ALWAYS = {rule.code for rule in registry().rules if isinstance(rule, SourceRule)}


def found(ran: Ran, code: str) -> list[dict[str, Any]]:
    """What one rule found, in a run that went as every run must."""
    assert faults(ran) == []
    assert raw_controls(ran.everything) == []
    return [finding for finding in valid_report(ran.files["json"])["findings"] if finding["code"] == code]


def is_broken(ran: Ran, code: str) -> list[str]:
    """The messages of `code`, KL001 or KL002, about a manifest of which nothing else may be known."""
    findings = found(ran, code)
    report = valid_report(ran.files["json"])
    assert ran.code == BROKEN
    assert {finding["code"] for finding in report["findings"]} <= JUDGED_ALWAYS
    undecided = {unknown["code"] for unknown in report["unknown"]}
    declared = {rule.code for rule in registry().rules if Side.DECLARED in rule.sides}
    assert undecided >= declared - JUDGED_ALWAYS
    assert all(finding["help"] for finding in findings)
    if is_loaded(code):
        assert findings != []
    return [finding["message"] for finding in findings]


def says(messages: list[str], part: str) -> None:
    if is_loaded("KL001", "KL002"):
        assert part in "\n".join(messages)


# Bytes.

NOT_UTF8 = "is not UTF-8 from here on"
NOT_TOML = "is not valid TOML: "

BYTES = {
    "overlong UTF-8, two bytes": (b"version = 1 # \xc0\xaf\n", NOT_UTF8),
    "overlong UTF-8, three bytes": (b"version = 1 # \xe0\x80\xaf\n", NOT_UTF8),
    "overlong UTF-8, four bytes": (b"version = 1 # \xf0\x80\x80\xaf\n", NOT_UTF8),
    "overlong NUL": (b'version = 1\nx = "\xc0\x80"\n', NOT_UTF8),
    "surrogate": (b"version = 1 # \xed\xa0\x80\n", NOT_UTF8),
    "beyond Unicode": (b"version = 1 # \xf4\x90\x80\x80\n", NOT_UTF8),
    "cut in a character": (b"version = 1 # \xe2\x82", NOT_UTF8),
    "a byte that continues nothing": (b"\x80version = 1\n", NOT_UTF8),
    "Latin-1": ("version = 1 # Schlüssel\n".encode("latin-1"), NOT_UTF8),
    "UTF-16 with its mark": (GOOD.encode("utf-16"), NOT_UTF8),
    "UTF-16, the other way round": (b"\xfe\xff" + GOOD.encode("utf-16-be"), NOT_UTF8),
    "UTF-16 without its mark": (GOOD.encode("utf-16-le"), NOT_TOML),
    "UTF-32": (GOOD.encode("utf-32"), NOT_UTF8),
    "two byte order marks": (b"\xef\xbb\xbf" * 2 + GOOD.encode(), NOT_TOML),
    "a byte order mark inside": (b"version = 1\n\xef\xbb\xbf[bots]\n", NOT_TOML),
    "NUL in a value": (b'version = 1\nx = "\x00"\n', NOT_TOML),
    "NUL in a comment": (b"version = 1 # \x00\n", NOT_TOML),
    "NUL alone": (b"\x00", NOT_TOML),
    "NUL at the end": (GOOD.encode() + b"\x00", NOT_TOML),
    "a bare CR": (b"version = 1\r[bots]\r", NOT_TOML),
    "a bare CR in a comment": (b"version = 1 # \r x\n", NOT_TOML),
    "a bare CR in a string": (b'version = 1\nx = """\r"""\n', NOT_TOML),
    "DEL": (b"version = 1 # \x7f\n", NOT_TOML),
    "an escape sequence": (b"version = 1 # \x1b]0;title\x07\n", NOT_TOML),
    "an image": (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", NOT_UTF8),
    "an archive": (b"\x1f\x8b\x08\x00\x00\x00\x00\x00", NOT_UTF8),
    "a program": (b"\x7fELF\x02\x01\x01\x00", NOT_TOML),
    "JSON": (b'{"version": 1}\n', NOT_TOML),
    "YAML": (b"version: 1\n", NOT_TOML),
    "INI": (b"[keys]\nname: x\n", NOT_TOML),
    "Python": (b"import os\n", NOT_TOML),
    "a merge conflict": (b"<<<<<<< HEAD\nversion = 1\n=======\n", NOT_TOML),
    "more than 16 MiB": (b"#" * (MAX_BYTES + 1), "is larger than 16 MiB"),
}


@pytest.mark.parametrize("name", BYTES)
def test_bytes_that_are_no_toml_are_a_finding_at_their_place(name: str) -> None:
    data, message = BYTES[name]
    says(is_broken(judged(data), "KL001"), message)


@pytest.mark.parametrize(
    ("data", "line", "column"),
    [
        (b"version = 1 # \xff\n", 1, 15),
        ("# ü\n# ü\xa0\n".encode() + b"x\xff\n", 3, 2),
        (b"version = 1\r\n\r\nx = \x00\r\n", 3, 5),
        (b"\xef\xbb\xbfx = \x00\n", 1, 5),
        (b"version = 1\nversion = 1\n", 2, 12),
        (b"version =", 1, 10),
    ],
)
@pytest.mark.skipif(not is_loaded("KL001"), reason="the rule is not there yet")
def test_the_place_of_a_syntax_error_is_exact(data: bytes, line: int, column: int) -> None:
    [finding] = found(judged(data), "KL001")
    assert finding["start"] == {"line": line, "column": column}


@pytest.mark.parametrize(
    "data",
    [b"", b"\n", b"\r\n", b"# only a comment", b"# only a comment\n", b" \t\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf# x\n"],
    ids=ascii,
)
def test_a_manifest_without_anything_in_it_is_a_finding(data: bytes) -> None:
    says(is_broken(judged(data), "KL002"), "has no `version`")


@pytest.mark.parametrize("data", [GOOD.encode(), b"\xef\xbb\xbf" + GOOD.encode(), GOOD.replace("\n", "\r\n").encode()])
def test_byte_order_mark_and_line_ends_of_windows_are_let_through(data: bytes) -> None:
    ran = judged(data)
    assert found(ran, "KL001") == found(ran, "KL002") == []


def test_sixteen_mebibytes_are_let_through() -> None:
    head = b"version = 1\n"
    assert found(judged(head + b"#" * (MAX_BYTES - len(head))), "KL001") == []


# Files that are no ordinary ones.


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, in which the program runs."""
    folder = tmp_path / "desk"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def dangling(path: Path) -> None:
    path.symlink_to("gone")


def looping(path: Path) -> None:
    path.symlink_to("other-end")
    path.with_name("other-end").symlink_to(path.name)


def a_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(path.name)  # a relative name: the whole one may be too long


def sparse(path: Path) -> None:
    path.touch()
    os.truncate(path, 100 * 1024 * 1024 * 1024)


FILES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a pipe": (os.mkfifo, "not an ordinary file"),
    "a socket": (a_socket, "No such device or address"),
    "a link to nothing": (dangling, "there is no such file"),
    "a link to itself": (looping, "Too many levels of symbolic links"),
    "a device": (lambda path: path.symlink_to("/dev/zero"), "not an ordinary file"),
    "no device": (lambda path: path.symlink_to("/dev/null"), "not an ordinary file"),
    "memory": (lambda path: path.symlink_to("/proc/self/mem"), "Input/output error"),
}


@pytest.mark.skipif(sys.platform != "linux", reason="makes files of Linux")
@pytest.mark.parametrize("name", FILES)
def test_what_is_no_ordinary_file_is_said_and_waits_for_nobody(desk: Path, name: str) -> None:
    make, message = FILES[name]
    make(desk / "keylint.toml")
    for arguments in (["keylint.toml"], ["."], []):
        (desk / ".git").mkdir(exist_ok=True)
        ran = run("check", *arguments)
        assert (ran.code, ran.out) == (2, "")
        assert ran.err.startswith("keylint: keylint.toml: ")
        assert message in ran.err
        assert faults(ran) == []


def test_a_folder_of_a_manifests_name_is_searched_as_any_folder(desk: Path) -> None:
    (desk / "keylint.toml").mkdir()
    assert run("check") == Ran(2, "", "keylint: no keylint.toml below keylint.toml\n")
    assert run("check", "keylint.toml").code == 2
    assert run("check", ".").code == 2


def test_a_huge_file_is_not_read_whole(desk: Path) -> None:
    sparse(desk / "keylint.toml")
    begin = time.monotonic()
    ran = run("check", "keylint.toml", *AS_OF, "--output=json=json")
    says(is_broken(ran, "KL001"), "is larger than 16 MiB")
    assert time.monotonic() - begin < 10


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_said(desk: Path) -> None:
    (desk / "keylint.toml").write_text(GOOD, encoding="utf-8")
    (desk / "keylint.toml").chmod(0)
    assert run("check") == Ran(2, "", "keylint: keylint.toml: Permission denied\n")


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM, errno.EMFILE, errno.ENFILE, errno.ESTALE, errno.EIO])
def test_a_file_that_the_system_does_not_open_is_said(desk: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    (desk / "keylint.toml").write_text(GOOD, encoding="utf-8")
    open_ = os.open

    def refuse(path: str, *arguments: int, **options: Any) -> int:
        if os.path.basename(path) == "keylint.toml":
            raise OSError(number, os.strerror(number), path)
        return open_(path, *arguments, **options)

    monkeypatch.setattr(os, "open", refuse)
    assert run("check") == Ran(2, "", f"keylint: keylint.toml: {os.strerror(number)}\n")


NAMES = [
    "a\nb.toml",
    "a\r\n::error::x.toml",
    "::error::x.toml",
    "##[error]x.toml",
    "\x1b]0;title\x07.toml",
    "\x9b2J.toml",
    "\u202etxt.toml",
    os.fsdecode(b"\xff\xfe.toml"),
    "a b\t.toml",
    "-x.toml",
    "日本語.toml",
    "%0A%25.toml",
    "a:b,c=d.toml",
    " .toml",
]


@pytest.mark.skipif(sys.platform != "linux", reason="file names of Linux")
@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_a_file_may_have_any_name_and_it_is_shown_so_that_nothing_acts_on_it(desk: Path, name: str) -> None:
    (desk / name).write_text(GOOD, encoding="utf-8")
    (desk / "bad").write_text("version = = 1", encoding="utf-8")
    ran = run(
        "check", *AS_OF, *(f"--output={each}={each}" for each in ("json", "github", "concise")), "--", name, "bad"
    )
    assert ran.code == BROKEN
    assert faults(ran) == []
    assert raw_controls(ran.everything) == []
    assert len(valid_report(ran.files["json"])["looked_at"]["manifests"]) == 2


@pytest.mark.parametrize("name", ["", "a\0b.toml", "x" * 300, "x/" * 3000, "gone/keylint.toml", *NAMES], ids=ascii)
def test_a_name_that_is_no_file_is_said(desk: Path, name: str) -> None:
    ran = run("check", *AS_OF, "--", name)
    assert (ran.code, ran.out) == (2, "")
    assert faults(ran) == []
    assert ran.err.startswith("keylint: ")
    assert ran.err.count("\n") == 1
    assert raw_controls(ran.err) == []


# TOML. A hand-picked part of the official corpus of invalid documents, of every chapter, for TOML 1.1.

INVALID = {
    "keys": """
        a = 1\\na = 2
        a = 1\\n"a" = 2
        a.b = 1\\na.b = 2
        a = 1\\na.b = 2
        a.b = 1\\na = 2
        [a]\\nb.c = 1\\n[a.b]
        = 1
        a
        a =
        a = # x
        a b = 1
        a.  = 1
        .a = 1
        a..b = 1
        a = 1 b = 2
        "a
        'a\\nb' = 1
        \"\"\"a\"\"\" = 1
        '''a''' = 1
        a\\n= 1
        a =\\n1
        é = 1
        a# = 1
        "\\\\u12" = 1
        "\\\\U00110000" = 1
        "\\\\uD800" = 1
        + = 1
        a! = 1
        [1] = 1
    """,
    "tables": """
        [a]\\n[a]
        [a]\\n["a"]
        [a.b]\\n[a.b]
        [a]\\nb = 1\\n[a.b]
        [a]\\n[[a]]
        [[a]]\\n[a]
        [[a.b]]\\n[a.b]
        a = []\\n[[a]]
        a = [{}]\\n[[a]]
        a = {}\\n[a]
        a = {}\\n[a.b]
        a = {b = {}}\\n[a.b.c]
        a = 1\\n[a]
        a = 1\\n[[a]]
        a = {}\\na.b = 1
        []
        [[]]
        [
        [a
        [a]]
        [[a]
        [a] b = 1
        [a]b
        [a.]
        [.a]
        [a..b]
        [a b]
        [a\\n]
        [[a] ]
        [ [a]]
        [a]\\nb.c = 1\\n[[a.b]]
        [a.b.c]\\n[a]\\nb.c.d = 1
    """,
    "inline tables": """
        a = {
        a = {b = 1
        a = {b = 1, b = 2}
        a = {b = 1, b.c = 2}
        a = {b.c = 1, b = 2}
        a = {, b = 1}
        a = {b = 1,, c = 2}
        a = {b = 1 c = 2}
        a = {b}
        a = {b = }
        a = {1}
        a = {[b] = 1}
        a = {b = {c = 1}, b.d = 1}
        a = {b = 1}}
    """,
    "arrays": """
        a = [
        a = [1
        a = [1, 2
        a = [1,, 2]
        a = [, 1]
        a = [1 2]
        a = [1]]
        a = [b]
        a = [1, 2]3
        a = [ # x ]
        a = [1, [2]
        a = ["x" "y"]
    """,
    "strings": """
        a = "x
        a = 'x
        a = "x\\ny"
        a = 'x\\ny'
        a = \"\"\"x
        a = '''x
        a = \"\"\"x\"\"
        a = \"\"\"\"\"\"\"\"\"\"
        a = ''''''''''
        a = "\\\\q"
        a = "\\\\"
        a = "\\\\x1"
        a = "\\\\xg0"
        a = "\\\\u123"
        a = "\\\\U1234567"
        a = "\\\\ud800"
        a = "\\\\UFFFFFFFF"
        a = "\\\\ x"
        a = "x" y
        a = "x"y
        a = "x\\x00y"
        a = 'x\\x1fy'
        a = x
        a = `x`
        a = “x”
    """,
    "integers": """
        a = 01
        a = -01
        a = 1_
        a = _1
        a = 1__2
        a = 0x
        a = 0x_1
        a = 0xg
        a = 0b2
        a = 0o8
        a = 0X1
        a = -0x1
        a = +0b1
        a = 1a
        a = --1
        a = +-1
        a = 1 2
        a = 0_
        a = ٣
        a = {digits}
        a = -{digits}
    """,
    "floats": """
        a = .5
        a = 5.
        a = 1.e5
        a = 1e
        a = 1e_5
        a = 1_.5
        a = 1._5
        a = 00.5
        a = 1.5.5
        a = 1e5.5
        a = Inf
        a = NaN
        a = +-inf
        a = infinity
        a = 1,5
    """,
    "booleans": """
        a = True
        a = FALSE
        a = truee
        a = yes
        a = null
        a = nil
        a = t
    """,
    "dates and times": """
        a = 2026-02-30
        a = 2026-02-29
        a = 2100-02-29
        a = 2026-13-01
        a = 2026-00-01
        a = 2026-01-00
        a = 2026-01-32
        a = 0000-01-01
        a = 10000-01-01
        a = -0001-01-01
        a = 26-01-01
        a = 2026-1-1
        a = 2026/01/01
        a = 2026-01-01T
        a = 2026-01-01T1:00:00
        a = 2026-01-01T24:00:00
        a = 2026-01-01T00:60:00
        a = 2026-01-01T00:00:61
        a = 2026-01-01T00:00:00.
        a = 2026-01-01T00:00:00+25:00
        a = 2026-01-01T00:00:00+00:60
        a = 2026-01-01T00:00:00+0000
        a = 2026-01-01  00:00:00
        a = 24:00:00
        a = 00:60
        a = 2026-01-01 x
    """,
    "comments and control characters": """
        a = 1 # \\x00
        # \\x1f
        # \\x7f
        a = 1 \\x0c
        a = 1 \\x0b
        // x
        a = 1 // x
        a = 1 ; x
        \\\\
        \\x00
    """,
}


def documents(chapter: str) -> Iterator[str]:
    for line in INVALID[chapter].strip().splitlines():
        written = line.strip().replace("{digits}", "9" * 5000)
        for escape, meant in {"\\\\": "\0", "\\n": "\n", "\0": "\\"}.items():
            written = written.replace(escape, meant)
        for code in (0, 0x0B, 0x0C, 0x1F, 0x7F):
            written = written.replace(f"\\x{code:02x}", chr(code))
        yield written


@pytest.mark.parametrize("chapter", INVALID)
def test_invalid_toml_is_a_finding_and_never_read_as_something_else(chapter: str) -> None:
    for document in documents(chapter):
        for text in (document, f"version = 1\n{document}\n", f"version = 1\r\n{document}\r\n[bots.x]\r\n"):
            try:
                messages = is_broken(judged(text.encode()), "KL001")
            except AssertionError as error:
                pytest.fail(f"{text[:80]!r}: {error}")
            says(messages, "the manifest ")


TAKES_LONG = {
    "17 parts": (".".join("a" * 17) + " = 1", "has a key of more than 16 parts"),
    "17 parts in a header": (f"[{'.'.join('a' * 17)}]", "has a key of more than 16 parts"),
    "20,000 parts": (".".join(["a"] * 20_000) + " = 1", "has a key of more than 16 parts"),
    "20,000 parts in a header": (f"[[{'.'.join(['a'] * 20_000)}]]", "has a key of more than 16 parts"),
    "20,000 parts with spaces": (" . ".join(["a"] * 20_000) + " = 1", "has a key of more than 16 parts"),
    "20,000 quoted parts": (".".join(["'a'"] * 20_000) + " = 1", "has a key of more than 16 parts"),
    "20,000 parts in an inline table": (f"x = {{ {'.'.join(['a'] * 20_000)} = 1 }}", "deep"),
    "20,000 parts on a line of an inline table": (f"x = {{\n{'.'.join(['a'] * 20_000)} = 1 }}", "parts"),
    "200,000 parts and no value": ("a." * 200_000, "has a key of more than 16 parts"),
    "400,000 dots": ("." * 400_000, NOT_TOML),
    "33 arrays": (f"x = {'[' * 33}{']' * 33}", "nests arrays or tables more than 32 deep"),
    "400 arrays": (f"x = {'[' * 400}{']' * 400}", "nests arrays or tables more than 32 deep"),
    "100,000 arrays": (f"x = {'[' * 100_000}{']' * 100_000}", "nests arrays or tables more than 32 deep"),
    "100,000 arrays without an end": (f"x = {'[' * 100_000}", "deep"),
    "33 tables": (f"x = {'{a=' * 33}1{'}' * 33}", "nests arrays or tables more than 32 deep"),
    "400 tables": (f"x = {'{a=' * 400}1{'}' * 400}", "nests arrays or tables more than 32 deep"),
    "100,000 tables": (f"x = {'{a=' * 100_000}1{'}' * 100_000}", "nests arrays or tables more than 32 deep"),
    "5,000 digits": (f"x = {'9' * 5000}", "holds a number or a date that is out of range"),
    "200,000 digits": (f"x = {'9' * 200_000}", "holds a number or a date that is out of range"),
    "200,000 digits with strokes": (f"x = 9{'_9' * 200_000}", "holds a number or a date that is out of range"),
    "200,000 quotes": ('"' * 200_000, NOT_TOML),
    "200,000 backslashes in a string": (f'x = "{chr(92) * 200_001}"', NOT_TOML),
    "200,000 brackets": ("[" * 200_000, NOT_TOML),
    "100,000 comments in an array": ("x = [\n" + "# a\n" * 100_000, NOT_TOML),
    "a megabyte of spaces": (" " * 1_000_000 + "x", NOT_TOML),
}


@pytest.mark.parametrize("name", TAKES_LONG)
def test_what_would_take_a_parser_long_is_refused_at_once(name: str) -> None:
    text, message = TAKES_LONG[name]
    begin = time.monotonic()
    ran = judged(f"version = 1\n{text}\n".encode())
    assert time.monotonic() - begin < 5
    says(is_broken(ran, "KL001"), message)


def test_as_deep_and_as_long_as_allowed_is_read() -> None:
    for text in (".".join("a" * 16) + " = 1", f"x = {'[' * 31}{']' * 31}", f"x = {'{a=' * 31}1{'}' * 31}"):
        says(is_broken(judged(f"version = 1\n{text}\n".encode()), "KL002"), "is not a field of a manifest")


def test_many_dots_in_text_are_no_long_key() -> None:
    dots = ".".join(["198"] * 40)
    text = f'{GOOD}label2 = "{dots}" # {dots}\n'.replace("label2", "holders = [] #")
    assert found(judged(text.encode()), "KL001") == []


@pytest.mark.parametrize(
    "value",
    ["1e400", "-1e400", "nan", "inf", "0x7fffffffffffffffffff", "9" * 4000, "1e-400", "0.1", "-0"],
    ids=str.__len__,
)
def test_numbers_that_are_none_for_a_manifest_are_a_finding(value: str) -> None:
    for field in ("version", "x"):
        is_broken(judged(f"{field} = {value}\n".encode()), "KL002")
    text = f"{GOOD}\n[policy]\nreview = {{ max_age_days = {value} }}\n"
    is_broken(judged(text.encode()), "KL002")


# The schema: what is generated from `schemas/manifest.schema.json`.

SCHEMA = json.loads(import_module("keylint.schemas").text("manifest"))
SMALLEST: dict[str, dict[str, Any]] = {
    "accounts": {},
    "providers": {},
    "bots": {"kind": "spot"},
    "keys": {"type": "ed25519", "permissions": ["read"], "created": TODAY},
    "events": {"on": TODAY, "kind": "migration", "affects": ["keys.k"]},
    "waivers": {"rule": "KL101", "on": "keys.k", "reason": "why", "by": "risk", "until": TODAY},
    "policy": {},
}
INNER: dict[str, dict[str, Any]] = {
    "accounts.two_factor": {"methods": [], "attested": TODAY, "by": "alice"},
    "accounts.withdrawal_allowlist": {"enabled": True, "attested": TODAY, "by": "alice"},
}


class Table:
    """A table of the schema: where it stands, its schema, and the smallest one that fits."""

    def __init__(self, path: tuple[str, ...], schema: dict[str, Any], smallest: dict[str, Any]) -> None:
        self.path, self.schema, self.smallest = path, schema, smallest

    def __str__(self) -> str:
        return ".".join(self.path) or "the manifest"

    def manifest(self, table: dict[str, Any]) -> str:
        """A manifest that holds `table`."""
        if not self.path:
            return toml(table)
        section, *inner = self.path
        outer: Any = {**SMALLEST[section], inner[0]: table} if inner else table
        if section in {"events", "waivers"}:
            outer = [outer]
        elif section != "policy":
            outer = {"k": outer}
        return toml({"version": 1, section: outer})

    def name(self, field: str) -> str:
        """The path of a field as a report writes it."""
        section, *inner = self.path or ("",)
        ids = {"": "", "policy": "policy", "events": "events[0]", "waivers": "waivers[0]"}
        return ".".join(part for part in (ids.get(section, f"{section}.k"), *inner, field) if part)


def tables() -> Iterator[Table]:
    definitions = SCHEMA["definitions"]
    yield Table((), SCHEMA, {"version": 1})
    for section, smallest in SMALLEST.items():
        schema = definitions[section.removesuffix("s") if section != "policy" else section]
        yield Table((section,), schema, smallest)
        for field, part in schema["properties"].items():
            if part.get("type") == "object":
                yield Table((section, field), part, INNER.get(f"{section}.{field}", {}))


TABLES = {str(table): table for table in tables()}


def of_wrong_type(schema: dict[str, Any]) -> Iterator[object]:
    """Values of each type but the one that `schema` asks for."""
    moment = datetime(2026, 11, 20, 12, 0)  # noqa: DTZ001 - TOML has moments without a zone
    kinds: dict[str, list[object]] = {
        "string": ["x"],
        "integer": [1],
        "number": [1.5],
        "boolean": [True],
        "array": [[[]]],
        "object": [{"x": 1}],
        "date": [TODAY],
        "moment": [moment],
    }
    own = "date" if schema.get("format") == "date" else schema.get("type", "string")
    yield from chain.from_iterable(values for kind, values in kinds.items() if kind != own)


def of_wrong_form(schema: dict[str, Any]) -> Iterator[object]:
    """Values of the right type that `schema` does not let through: empty, over-long, out of bounds, of another form."""
    kind = schema.get("type")
    if kind == "string" and schema.get("format") != "date":
        if "enum" in schema or "pattern" in schema or schema.get("minLength"):
            yield ""
        yield "x" * 100_000
        if "enum" in schema or "pattern" in schema:
            yield from ("X Y", " ", "x" * 81, "\u202e", f"{schema.get('enum', ['k'])[0]} ")
    elif kind == "integer":
        yield from (-1, 10**12, *(() if schema.get("minimum") == 0 else (0,)))
    elif kind == "array":
        if schema.get("minItems"):
            yield []
        yield from ([1], [True], [[]], ["x" * 1000], [TODAY])


HOMOGLYPHS = str.maketrans("aeopcxyi", "аеорсхуі")


def names_like(field: str) -> Iterator[str]:
    yield from (
        field.upper(),
        field.capitalize(),
        f"{field} ",
        f" {field}",
        f"{field}s2",
        field.replace("_", "-") + "-",
    )
    yield from {field.translate(HOMOGLYPHS), f"{field[0]}\u200b{field[1:]}"} - {field}


def fails_at(table: Table, values: dict[str, Any], *names: str) -> str | None:
    """Why a manifest with `values` in a table was not refused there; None where it was."""
    text = table.manifest(values)
    ran = judged(text.encode())
    try:
        is_broken(ran, "KL002")
    except AssertionError as error:
        return f"{text}{error}"
    paths = [str(finding["path"]) for finding in found(ran, "KL002")]
    if is_loaded("KL002") and not any(path.startswith(name) for path in paths for name in names):
        return f"{text}said of {paths}"
    return None


@pytest.mark.parametrize("name", TABLES)
def test_the_smallest_table_is_let_through(name: str) -> None:
    table = TABLES[name]
    assert found(judged(table.manifest(table.smallest).encode()), "KL002") == []


@pytest.mark.parametrize("name", TABLES)
def test_a_field_that_is_missing_is_a_finding(name: str) -> None:
    table = TABLES[name]
    for field in table.schema.get("required", ()):
        values = {each: value for each, value in table.smallest.items() if each != field}
        assert fails_at(table, values, table.name("") or "") is None


@pytest.mark.parametrize("name", TABLES)
def test_a_field_of_the_wrong_type_or_form_is_a_finding_at_the_field(name: str) -> None:
    table = TABLES[name]
    for field, schema in table.schema["properties"].items():
        part = SCHEMA["definitions"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
        bad = [*of_wrong_type(part), *of_wrong_form(part)]
        if "anyOf" in part:  # the kinds of a bot: a string or a list of them
            bad = [1, True, {}, [], ["x"], [1], "x", ""]
        if "patternProperties" in part:  # a section of tables by id
            bad = [1, "x", [], {"K": {}}, {"": {}}, {"k" * 64: {}}, {"k": 1}]
        for value in bad:
            assert fails_at(table, {**table.smallest, field: value}, table.name(field)) is None


@pytest.mark.parametrize("name", TABLES)
def test_a_field_that_is_none_is_a_finding_and_never_ignored(name: str) -> None:
    table = TABLES[name]
    for field in (*table.schema["properties"], "unknown", "secret", "$schema", "//", ""):
        for odd in names_like(field) if field.isidentifier() and field != "unknown" else (field,):
            assert fails_at(table, {**table.smallest, odd: "x"}, table.name(odd), table.name("")) is None


@pytest.mark.parametrize("id_", ["", "K", "k k", "k.k", "-k", "k_k", "k" * 64, "ключ", "k\u200b", "k\n", "../k", "k/k"])
@pytest.mark.parametrize("section", ["accounts", "providers", "bots", "keys"])
def test_an_id_is_lower_case_letters_digits_and_hyphens(section: str, id_: str) -> None:
    text = toml({"version": 1, section: {id_: SMALLEST[section]}})
    is_broken(judged(text.encode()), "KL002")


def test_a_thousand_mistakes_are_said_and_that_there_are_more() -> None:
    text = "version = 1\n" + "".join(f"[keys.k{n}]\ntype = 1\n" for n in range(5000))
    begin = time.monotonic()
    messages = is_broken(judged(text.encode()), "KL002")
    assert time.monotonic() - begin < 10
    says(messages, "more tables that are wrong")
    assert len(messages) < 1200


# Addresses.

ADDRESSES = {
    True: [
        *("0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1", "203.0.113.20", "203.0.113.20/32", "10.0.0.1", "127.0.0.1"),
        *("169.254.1.1", "100.64.0.0/10", "192.0.2.0/24", "224.0.0.1", "255.255.255.255", "0.0.0.0", "240.0.0.1"),
        *(
            "::",
            "::/0",
            "::1",
            "fe80::1",
            "ff02::1",
            "2001:db8::/32",
            "::ffff:0:0/96",
            "::ffff:192.0.2.1",
            "64:ff9b::/96",
        ),
        *("2001:DB8::7", "1:2:3:4:5:6:7:8", "fc00::/7"),
    ],
    False: [
        *("203.0.113.20/24", "203.0.113.0/255.255.255.0", "203.0.113.0/0.0.0.255", "203.0.113.0/33", "203.0.113.0/-1"),
        *("203.0.113.0/", "/24", "203.0.113.0/24/24", "203.0.113.0/024", "203.0.113.0/ 24", "203.0.113.0/+8"),
        *(
            "010.0.0.1",
            "10.0.0.01",
            "127.1",
            "127.0.1",
            "2130706433",
            "0x7f000001",
            "0x7f.0.0.1",
            "256.0.0.1",
            "1.2.3.4.5",
        ),
        *("1.2.3.-4", "1.2.3.4e0", " 203.0.113.20", "203.0.113.20 ", "203.0.113.20\n", "٢٠٣.0.113.20", "²03.0.113.20"),
        *("", ".", "*", "*.example", "localhost", "example.com", "203.0.113.*", "203.0.113.1-9", "203.0.113.20:443"),
        *(
            "fe80::1%eth0",
            "fe80::1%",
            ":::",
            "::1::",
            "1::2::3",
            "12345::",
            "1:2:3:4:5:6:7",
            "1:2:3:4:5:6:7:8:9",
            "g::",
        ),
        *(
            "::1/129",
            "::1/-1",
            "2001:db8::1/32",
            "[::1]",
            "::1.2.3",
            "::ffff:010.0.0.1",
            "2001:db8::/0x20",
            "::ffff:1.2.3.4/96",
        ),
        *("203.0.113.20\x00", "203.0.113.20#", "https://203.0.113.20", "203.0.113.20, 203.0.113.21", "x" * 100_000),
    ],
}


@pytest.mark.parametrize("address", ADDRESSES[True])
def test_an_address_is_let_through_by_the_schema_whatever_it_is(address: str) -> None:
    text = GOOD.replace('ip_allowlist = ["203.0.113.20"]', f"ip_allowlist = [{literal(address)}]")
    assert found(judged(text.encode()), "KL002") == []


@pytest.mark.parametrize(
    "address", [*ADDRESSES[False], 1, 2130706433, True, 1.5, TODAY, [], ["::1"]], ids=lambda it: ascii(it)[:40]
)
def test_what_is_no_address_is_a_finding_in_every_list_of_addresses(address: object) -> None:
    for field in ('ip_allowlist = ["203.0.113.20"]', 'egress_ips = ["203.0.113.20"]'):
        text = GOOD.replace(field, f'{field.split(" = ")[0]} = ["203.0.113.20", {literal(address)}]')
        messages = is_broken(judged(text.encode()), "KL002")
        says(messages, "must be an IP address or a network, such as 203.0.113.20 or 198.51.100.0/28")


@pytest.mark.parametrize("form", ["198.{}.{}.{}", "10.{}.{}.{}", "2001:db8::{:x}:{:x}:{:x}", "198.51.{}.{}{}999"])
def test_a_hundred_thousand_addresses_take_seconds(form: str) -> None:
    addresses = [form.format(n >> 16, n >> 8 & 255, n & 255) for n in range(100_000)]
    text = GOOD.replace('ip_allowlist = ["203.0.113.20"]', f"ip_allowlist = {literal(addresses)}")
    begin = time.monotonic()
    ran = judged(text.encode())
    assert faults(ran) == []
    assert time.monotonic() - begin < 20
    assert ran.code in ({BROKEN} if "999" in form else {0, 1})


# Time.


def with_dates(created: date, **others: date) -> str:
    lines = "".join(f"{name} = {day}\n" for name, day in others.items())
    status = 'status = "disabled"\n' if "disabled" in others else ""
    return GOOD.replace("created = 2026-11-01", f"created = {created}\n{lines}{status}")


DAYS = [
    *(TODAY + timedelta(days) for days in (-1, 0, 1)),
    *(date(2024, 2, 29), date(2028, 2, 29), date(2025, 2, 28), date(2026, 1, 31), date(2026, 12, 31), date(1900, 3, 1)),
    *(date.min, date.min + timedelta(1), date.max - timedelta(1), date.max),
]
MOMENTS = [
    *("2026-11-20", "2026-11-20T00:00:00+14:00", "2026-11-20T23:59:59-12:00", "2024-02-29", "2028-02-29T23:59:59Z"),
    *("2025-03-01", "2026-01-31", "2026-12-31", "0001-01-01", "0001-01-02", "9999-12-30", "9999-12-31"),
]


@pytest.mark.parametrize("moment", MOMENTS)
def test_any_day_can_be_judged_as_of_any_day(moment: str) -> None:
    rotation = (
        "[policy]\nrotation = { max_age_days = 36500, limit_days = 36500, warn_days = 36500, overlap_days = 0 }\n"
    )
    for day in DAYS:
        for text in (
            with_dates(day, reviewed=day),
            with_dates(day) + rotation,
            with_dates(day).replace("2026-11-01", day.isoformat()),
            with_dates(TODAY, disabled=day),
            f'{GOOD}\n[[events]]\non = {day}\nkind = "migration"\naffects = ["keys.dca"]\n',
            f'{GOOD}\n[[waivers]]\nrule = "KL101"\non = "keys.dca"\nreason = "x"\nby = "y"\nuntil = {day}\n',
            with_dates(day) + f'replaced_by = "new"\n[keys.new]\ntype = "rsa"\npermissions = []\ncreated = {day}\n',
        ):
            ran = run("check", "-", f"--as-of={moment}", "--output=json=json", data=text.encode())
            assert found(ran, "KL001") == found(ran, "KL002") == []


@pytest.mark.parametrize("moment", ["0001-01-01", "9999-12-31", "2026-11-20T09:30:00.999999+05:45"])
def test_every_example_can_be_judged_as_of_any_day(moment: str) -> None:
    for example in EXAMPLES:
        ran = run("check", "-", f"--as-of={moment}", "--output=json=json", data=example)
        assert faults(ran) == []
        valid_report(ran.files["json"])


@pytest.mark.parametrize(
    ("value", "good"),
    [
        ("1", True),
        ("36500", True),
        ("0", None),
        ("-1", False),
        ("10" + "0" * 11, False),
        ("1.5", False),
        ('"90"', False),
    ],
)
def test_a_window_has_bounds(value: str, good: bool | None) -> None:
    for part, fields in SCHEMA["definitions"]["policy"]["properties"].items():
        for field, schema in fields["properties"].items():
            if schema["type"] != "integer":
                continue
            fits = schema["minimum"] == 0 if good is None else good
            ran = judged(f"{GOOD}\n[policy]\n{part} = {{ {field} = {value} }}\n".encode())
            if fits:
                assert found(ran, "KL002") == []
            else:
                says(is_broken(ran, "KL002"), "must be a whole number")


@pytest.mark.parametrize(
    "value",
    [
        "2026-11-01T00:00:00Z",
        "2026-11-01T00:00:00+23:59",
        "2026-11-01 07:30:00",
        "07:30:00",
        '"2026-11-01"',
        "20261101",
    ],
)
def test_a_day_is_a_date_without_a_time_and_without_quotes(value: str) -> None:
    says(
        is_broken(judged(with_dates(TODAY).replace(f"created = {TODAY}", f"created = {value}").encode()), "KL002"),
        "date",
    )


# The surroundings.

SCRIPT = str(Path(sysconfig.get_path("scripts"), "keylint"))
KEPT = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT") if name in os.environ}


def program(
    *arguments: str, shell: str = "", cwd: Path | None = None, **environment: Any
) -> "subprocess.CompletedProcess[bytes]":
    """Run the console script; `shell` is what a POSIX shell does with its streams, such as `>&-`."""
    command: list[str] = [SCRIPT, *arguments]
    if shell:
        command = ["/bin/sh", "-c", f'"$@" {shell}', "sh", *command]
    ended = subprocess.run(command, env=KEPT | environment, capture_output=True, timeout=30, check=False, cwd=cwd)
    assert ended.returncode in {0, 1, 2, 3}
    for said in (ended.stdout, ended.stderr):
        assert b"Traceback" not in said
        assert b"internal error" not in said
    return ended


@pytest.fixture
def odd_desk(desk: Path) -> Path:
    """A desk whose bad manifest holds letters of many scripts."""
    text = GOOD.replace('["read", "spot"]', '["read", "withdraw"] # ключ 日本語 é …')
    (desk / "bad.toml").write_text(text.replace("home-spot-dca", "hôme-日本"), encoding="utf-8")
    (desk / "good.toml").write_text(GOOD, encoding="utf-8")
    return desk


ENVIRONMENTS: dict[str, dict[str, str]] = {
    "nothing": {},
    "LANG=C": {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "a locale that is not there": {"LC_ALL": "xx_XX.UTF-8"},
    "ASCII output": {"PYTHONIOENCODING": "ascii"},
    "ASCII output, strictly": {"PYTHONIOENCODING": "ascii:strict", "LANG": "C"},
    "Latin-1 output": {"PYTHONIOENCODING": "latin-1:strict"},
    "UTF-16 output": {"PYTHONIOENCODING": "utf-16"},
    "no home": {"HOME": "/gone"},
    "no columns": {"COLUMNS": "0", "LINES": "0"},
    "columns that are no number": {"COLUMNS": "x"},
    "a dumb terminal": {"TERM": "dumb"},
    "an unknown terminal": {"TERM": "\x1b"},
    "no docstrings": {"PYTHONOPTIMIZE": "2"},
    "warnings are errors": {"PYTHONWARNINGS": "error"},
    "development": {"PYTHONDEVMODE": "1"},
    "a time zone that is not there": {"TZ": "Mars/Olympus"},
    "few digits": {"PYTHONINTMAXSTRDIGITS": "640"},
    "any number of digits": {"PYTHONINTMAXSTRDIGITS": "0"},
}


@pytest.mark.skipif(sys.platform == "win32", reason="surroundings of POSIX")
@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_surroundings_change_neither_the_verdict_nor_what_is_said_of_it(odd_desk: Path, name: str) -> None:
    ran = program("check", "bad.toml", "--select=KL101", *AS_OF, **dict[str, Any](ENVIRONMENTS[name]))
    assert (ran.returncode, ran.stderr) == (1, b"")
    encoding = "utf-16" if name.startswith("UTF-16") else "latin-1" if name.startswith("Latin") else "utf-8"
    assert "keys.dca can withdraw" in ran.stdout.decode(encoding)
    report = program("check", "bad.toml", *AS_OF, "--format=json", **dict[str, Any](ENVIRONMENTS[name])).stdout
    usual = program("check", "bad.toml", *AS_OF, "--format=json", LANG="C.UTF-8").stdout
    assert report.decode(encoding) == usual.decode()


@pytest.mark.skipif(sys.platform == "win32", reason="the shell of POSIX")
@pytest.mark.parametrize(
    ("arguments", "shell", "code", "out", "err"),
    [
        ("check bad.toml", "<&-", 1, "can withdraw", ""),
        ("check -", "<&-", 2, "", "standard input is closed"),
        ("check -", "0>/dev/null", 2, "", "standard input cannot be read: Bad file descriptor"),
        ("check -", "</dev/null", BROKEN, "<stdin>", ""),
        ("check bad.toml", ">&-", 1, "", ""),
        ("check good.toml", ">&-", 0, "", ""),
        ("check gone.toml", "2>&-", 2, "", ""),
        ("check --nonsense", "2>&-", 2, "", ""),
        ("--nonsense", "2>&-", 2, "", ""),
        ("", "2>&-", 2, "", ""),
        ("check bad.toml", "<&- >&- 2>&-", 1, "", ""),
        ("check bad.toml", ">/dev/full", 2, "", "cannot write the report: No space left on device"),
        ("check bad.toml --format=json", ">/dev/full", 2, "", "cannot write the report: No space left on device"),
        ("check good.toml -q", ">/dev/full", 0, "", ""),
        ("check gone.toml", "2>/dev/full", 2, "", ""),
        ("check gone.toml bad.toml", "2>/dev/full", 2, "can withdraw", ""),
        ("--nonsense", "2>/dev/full", 2, "", ""),
        ("check --nonsense", "2>/dev/full", 2, "", ""),
        ("", "2>/dev/full", 2, "", ""),
        ("check bad.toml", ">/dev/full 2>/dev/full", 2, "", ""),
        ("--help", ">/dev/full", 2, "", "No space left on device"),
        ("check --help", ">/dev/full", 2, "", "No space left on device"),
        ("--version", ">/dev/full", 2, "", "No space left on device"),
        ("rules", ">/dev/full", 2, "", "No space left on device"),
        ("rule KL101", ">/dev/full", 2, "", "No space left on device"),
        ("schema manifest", ">/dev/full", 2, "", "No space left on device"),
        ("plugins", ">/dev/full", 2, "", "No space left on device"),
        ("--help", ">&-", 0, "", ""),
    ],
)
def test_streams_that_are_closed_or_full_are_no_pass_and_no_traceback(
    odd_desk: Path, arguments: str, shell: str, code: int, out: str, err: str
) -> None:
    only = ["--select=KL101", *AS_OF] if arguments.startswith("check ") else []
    ran = program(*arguments.split(), *only, shell=shell)
    assert ran.returncode == code
    assert out in ran.stdout.decode()
    assert err in ran.stderr.decode()
    assert bool(out) == bool(ran.stdout)
    assert bool(err) == bool(ran.stderr)


@pytest.mark.skipif(sys.platform == "win32", reason="the shell of POSIX")
@pytest.mark.parametrize("name", ["text", "concise", "json", "github"])
def test_a_reader_that_goes_away_changes_no_verdict(desk: Path, name: str) -> None:
    keys = "".join(
        f'[keys.k{n}]\ntype = "rsa"\npermissions = ["withdraw"]\ncreated = 2026-11-01\n' for n in range(5000)
    )
    (desk / "keylint.toml").write_text(f"version = 1\n{keys}", encoding="utf-8")
    shell = '{ "$@"; echo "$?" >code; } | head -1'
    command = ["/bin/sh", "-c", shell, "sh", SCRIPT, "check", f"--format={name}", *AS_OF]
    ran = subprocess.run(command, capture_output=True, timeout=60, check=False, env=KEPT)
    assert (ran.stdout.count(b"\n"), ran.stderr) == (1, b"")
    assert (desk / "code").read_text(encoding="utf-8") == "1\n"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a folder in use cannot be removed")
@pytest.mark.parametrize(
    ("path", "code", "err"),
    [
        ("", 2, "the current folder is gone; change to one that is there, or name a manifest by its whole path"),
        (".", 2, "the current folder is gone"),
        ("..", 2, "the current folder is gone"),
        ("keylint.toml", 2, "the current folder is gone"),
        ("{desk}/bad.toml", 1, ""),
        ("{desk}", 2, "no keylint.toml below "),
    ],
)
def test_in_a_folder_that_is_gone_a_whole_path_is_still_judged(odd_desk: Path, path: str, code: int, err: str) -> None:
    (odd_desk / "gone").mkdir()
    arguments = ["check", *AS_OF, "--select=KL101", *([path.format(desk=odd_desk)] if path else [])]
    command = ["/bin/sh", "-c", 'cd gone && rmdir ../gone && "$@"', "sh", SCRIPT, *arguments]
    ran = subprocess.run(command, cwd=odd_desk, capture_output=True, env=KEPT, timeout=30, check=False)
    assert ran.returncode == code
    assert err in ran.stderr.decode()
    assert b"internal error" not in ran.stderr
    assert str(odd_desk).encode() not in ran.stdout + ran.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="limits of Linux")
def test_sixteen_open_files_are_enough(odd_desk: Path) -> None:
    for n in range(40):
        (odd_desk / f"d{n}").mkdir()
        (odd_desk / f"d{n}" / "keylint.toml").write_text(GOOD, encoding="utf-8")
    command = ["/bin/sh", "-c", 'ulimit -n 16; "$@"', "sh", SCRIPT, "check", ".", "bad.toml", *AS_OF, "--format=json"]
    ran = subprocess.run(command, capture_output=True, env=KEPT, timeout=30, check=False)
    assert (ran.returncode, ran.stderr) == (1, b"")
    assert len(valid_report(ran.stdout.decode())["looked_at"]["manifests"]) == 41


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_an_interrupt_in_mid_run_is_no_pass_and_no_traceback(desk: Path) -> None:
    with subprocess.Popen(
        [SCRIPT, "check", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=KEPT
    ) as running:
        assert running.stdin is not None
        running.stdin.write(b"#" * 1_000_000)  # more than a pipe holds: it comes back when keylint is reading
        running.stdin.flush()
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=30)
    assert (running.returncode, out) == (2, b"")
    assert err.strip() == b"keylint: interrupted; nothing more was judged"


def test_memory_that_runs_out_while_reading_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def loads(_text: str) -> NoReturn:
        raise MemoryError

    monkeypatch.setattr("tomli.loads", loads)
    is_broken(judged(GOOD.encode()), "KL001")
