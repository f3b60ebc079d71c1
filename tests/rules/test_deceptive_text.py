"""KL004 on characters that are better not written into a page."""

from importlib import import_module

import pytest

from keylint import engine, gate
from keylint.api import Rule
from keylint.engine import Report
from keylint.manifest.load import load
from keylint.testing import MOMENT

RULE: Rule = import_module("keylint.rules.deceptive_text").RULE
RLO = "\u202e"


def judged(text: str) -> Report:
    return gate.apply([engine.run(load("keylint.toml", text.encode()), [RULE], MOMENT, {})], [RULE])


def found(text: str) -> list[tuple[int, int, str]]:
    """Where each finding begins, and what it says."""
    findings = judged(text).findings
    return [(it.extent.line, it.extent.column, it.message) for it in findings if it.extent is not None]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("version = 1\n# reads prices ", "only\n"),
        ("version = 1 # ", ""),
        ('version = 1\n[bots.grid]\nkind = "spot"\npurpose = "reads ', 'only"\n'),
        ("version = 1\n[bots.grid]\nkind = 'spot'\npurpose = '''\nreads\n", "only'''\n"),
        ('version = 1\n[bots."gri', 'd"]\nkind = "spot"\n'),
        ("version = 1\r\n# Größe: ", "\r\n"),
        ("version = ", "1\n"),
        ("", "version = 1\n"),
    ],
)
def test_it_is_found_at_its_place_wherever_it_stands(before: str, after: str) -> None:
    text = f"{before}{RLO}{after}"
    line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
    places = [(line, column)] if load("k", text.encode()).fault is None else []  # else KL001 speaks of it
    assert [it[:2] for it in found(text)] == places
    assert all("U+202E RIGHT-TO-LEFT OVERRIDE" in it[2] and RLO not in it[2] for it in found(text))


@pytest.mark.parametrize(
    ("char", "said"),
    [
        ("\x80", "U+0080 control character, which a terminal acts on"),
        ("\x9b", "U+009B control character, which a terminal acts on"),
        ("\xad", "U+00AD SOFT HYPHEN, which nobody sees"),
        ("\u061c", "U+061C ARABIC LETTER MARK, which turns the line around"),
        ("\u200b", "U+200B ZERO WIDTH SPACE, which nobody sees"),
        ("\u200f", "U+200F RIGHT-TO-LEFT MARK, which turns the line around"),
        ("\u2028", "U+2028 LINE SEPARATOR, which nobody sees"),
        ("\u2066", "U+2066 LEFT-TO-RIGHT ISOLATE, which turns the line around"),
        ("\u2800", "U+2800 BRAILLE PATTERN BLANK, which nobody sees"),
        ("\u3164", "U+3164 HANGUL FILLER, which nobody sees"),
        ("\ufe0f", "U+FE0F VARIATION SELECTOR-16, which nobody sees"),
        ("\ufeff", "U+FEFF ZERO WIDTH NO-BREAK SPACE, which nobody sees"),
        ("\U000e0041", "U+E0041 TAG LATIN CAPITAL LETTER A, which nobody sees"),
        ("\U000e0fff", "U+E0FFF without a name, which nobody sees"),
        ("\u200b\u200b\u2060", "U+200B ZERO WIDTH SPACE and 2 more, which nobody sees"),
        ("\u200b\u202e", "U+202E RIGHT-TO-LEFT OVERRIDE and 1 more, which turns the line around"),
    ],
)
def test_it_is_named_by_its_number_and_what_it_does(char: str, said: str) -> None:
    assert found(f"version = 1\n# a{char}b\n") == [(2, 4, f"the text holds {said}")]


@pytest.mark.parametrize(
    "text",
    [
        "# Größe, Ελλάδα, Москва, שלום, سلام, हिन्दी, 日本語",
        "# \u26a0\ufe0f \u2764\ufe0f\u200d\U0001f525 \U0001f468\u200d\U0001f469\u200d\U0001f467",
        "# 1\ufe0f\u20e3 \u00a9\ufe0f",
        "# \U0001f44d\U0001f3fd \U0001f469\U0001f3fd\u200d\U0001f680",
        "# \u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 and \u0915\u094d\u200d\u0937",
        "# tab\there",
        "owner = 1",
    ],
)
def test_ordinary_writing_is_let_through(text: str) -> None:
    assert [it for it in found(f"version = 1\n{text}\n") if "holds" in it[2]] == []


@pytest.mark.parametrize(
    "text",
    [
        "# a\u200db",
        "# grid\u200c",
        "# \u200d",
        "# a\ufe0f",
        "# \U0001f44d\u200d done",
        "# \u0430\u200c\u0431",
        "# 1\ufe0f",
    ],
)
def test_joiners_out_of_place_are_not(text: str) -> None:
    assert len(found(f"version = 1\n{text}\n")) == 1


def test_a_broken_manifest_is_read_all_the_same() -> None:
    text = f"version = \n# {RLO}\n# \x1b[2J\n# \x00\n"
    assert [(it[0], it[1]) for it in found(text)] == [(2, 3), (3, 3), (4, 3)]
    assert judged("version = \n").findings == ()
    assert [it.reason for it in judged("version = \n").unknown] == ["manifest-broken"]


def test_what_stops_the_parser_is_left_to_kl001() -> None:
    assert found("a = \x1b\nb = \x1b\n") == [
        (2, 5, "the text holds U+001B control character, which a terminal acts on")
    ]


def test_a_schema_violation_leaves_labels_unread_and_says_so() -> None:
    keys = "".join(f'[keys.{name}]\nlabel = "{label}"\n' for name, label in (("a", "bot 1"), ("b", "bot l")))
    report = judged(f"version = 1\n{keys}")
    assert (len(report.findings), [it.code for it in report.unknown]) == (0, ["KL004"])
    report = judged(f"version = 1\n{keys}[keys.a1]\n[keys.al]\n")
    assert ([it.message for it in report.findings], report.unknown) == (["keys.al looks like keys.a1"], ())


def test_each_place_is_told_once_whether_it_is_an_escape_or_the_character_itself() -> None:
    text = "version = 1  # \\UFFFFFFFF\n[accounts.main]\nowner = 'a\u200bb'\nemail = \"a@b\u200b\\u200b.c\"\n"
    assert [it[:2] for it in found(text)] == [(3, 11), (4, 13), (4, 14)]


@pytest.mark.parametrize(
    ("escape", "code"), [("\\b", 8), ("\\f", 12), ("\\r", 13), ("\\e", 27), ("\\x7f", 127), ("\\U0000009b", 155)]
)
def test_every_form_of_escape(escape: str, code: int) -> None:
    said = f"the text holds U+{code:04X} control character, which a terminal acts on"
    assert found(f'version = 1\n[accounts.main]\nowner = "a{escape}b"\n') == [(3, 11, said)]


def test_sections_that_are_no_tables() -> None:
    assert found('version = 1\nbots = 3\nkeys = [1]\naccounts = "a"\n') == []


LABELED = '[keys.{}]\ntype = "rsa"\npermissions = []\ncreated = 2026-11-01\nlabel = "{}"\n'


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("grid", "gr\u0456d"),
        ("grid", "\u0261rid"),
        ("BTC", "\u0412\u0422\u0421"),
        ("BTC", "\u0392\u03a4C"),
        ("pay", "\u0440\u0430\u0443"),
        ("x0", "xO"),
        ("x0", "x\u03bf"),
        ("bot 1", "bot I"),
        ("bot l", "bot |"),
        ("bot", "\uff42\uff4f\uff54"),
        ("bot", " bot "),
        ("a b", "a  b"),
        ("Grid", "GRID"),
        ("caf\u00e9", "cafe\u0301"),
    ],
)
def test_labels_that_look_alike(one: str, other: str) -> None:
    text = "version = 1\n" + LABELED.format("a", one) + LABELED.format("b", other)
    [(line, column, message)] = found(text)
    assert (line, column) == (11, 9)
    assert message.startswith("the label of keys.b looks like the label of keys.a")
    strange = {char for char in one + other if not char.isascii()}
    assert all(f"U+{ord(char):04X}" in message and char not in message for char in list(strange)[:1])


@pytest.mark.parametrize(
    ("one", "other"),
    [("bot I", "bot L"), ("bot-i", "bot-l"), ("bot 5", "bot S"), ("rn", "m"), ("\u0433\u0440\u0438\u0434", "grid")],
)
def test_labels_that_do_not(one: str, other: str) -> None:
    assert found("version = 1\n" + LABELED.format("a", one) + LABELED.format("b", other)) == []


def test_each_of_ten_thousand_strange_places_is_a_finding() -> None:
    report = judged("version = 1\n" + "# \u200b\n" * 10_000)
    assert len(report.findings) == 10_000
    assert report.unknown == ()
