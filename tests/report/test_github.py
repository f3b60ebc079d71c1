"""Workflow commands: what a runner of GitHub reads out of them is what was found, and nothing else is a command."""

import re
from datetime import date
from random import Random
from typing import NamedTuple

import pytest
from strategies import HOSTILE, finding, hand_made, leaks, raw_controls, runner_commands, secret

from keylint.api import Severity, Side, Waiver
from keylint.engine import Report, Waived
from keylint.report import Style, render
from keylint.tally import Unknown

MANIFEST = """\
version = 1

[keys.k]
label = "bot"
permissions = [
  "read",
]
"""


class Annotation(NamedTuple):
    """What a runner makes of a command."""

    kind: str
    properties: dict[str, str]
    message: str


def annotations(report: Report, style: Style | None = None) -> list[Annotation]:
    """What a runner reads out of a report; the lines that are no commands are left out."""
    found = []
    for line in render("github", report, style or Style()).splitlines():
        match = re.fullmatch(r"::(error|warning|notice) ([^\n]*?)::([^\n]*)", line)
        if match is None:
            assert runner_commands(line) == []
            continue
        pairs = (pair.partition("=") for pair in match[2].split(","))
        properties = {name: unescaped(value, {"%3A": ":", "%2C": ","}) for name, _, value in pairs}
        found.append(Annotation(match[1], properties, unescaped(match[3])))
    return found


def unescaped(text: str, more: dict[str, str] | None = None) -> str:
    for written, meant in {"%0D": "\r", "%0A": "\n", **(more or {}), "%25": "%"}.items():
        text = text.replace(written, meant)
    return text


def test_a_finding_is_a_command_with_its_place() -> None:
    report = hand_made(MANIFEST, finding(MANIFEST, '"bot"'))
    assert render("github", report, Style(quiet=True)) == (
        "::error file=keylint.toml,line=4,endLine=4,col=9,endColumn=14,title=TST101 made-up"
        "::keys.k is bad%0Ahelp: mend it\n"
    )


def test_a_finding_of_several_lines_has_no_columns() -> None:
    [annotation] = annotations(hand_made(MANIFEST, finding(MANIFEST, '[\n  "read",\n]')))
    assert annotation.properties == {"file": "keylint.toml", "line": "5", "endLine": "7", "title": "TST101 made-up"}


def test_a_finding_without_a_place_has_no_made_up_one() -> None:
    [annotation] = annotations(hand_made(MANIFEST, finding(MANIFEST, "")))
    assert annotation.properties == {"file": "keylint.toml", "title": "TST101 made-up"}


def test_the_worst_come_first_because_github_shows_ten_of_a_kind() -> None:
    severities = [Severity.NOTE, Severity.WARNING, Severity.ERROR, Severity.NOTE, Severity.ERROR]
    findings = [finding(MANIFEST, '"bot"', f"is {at}", severity=each) for at, each in enumerate(severities)]
    seen = [(it.kind, it.message.split("\n")[0]) for it in annotations(hand_made(MANIFEST, *findings))]
    assert seen == [
        ("error", "is 2"),
        ("error", "is 4"),
        ("warning", "is 1"),
        ("notice", "is 0"),
        ("notice", "is 3"),
    ]


def test_what_is_unknown_is_a_warning() -> None:
    lost = Unknown("keylint.toml", "TST102", "keys.k", Side.DECLARED, "rule-crashed", "the rule crashed")
    [annotation] = annotations(hand_made(MANIFEST, unknown=[lost]))
    title = "TST102 could not be decided"
    assert annotation == ("warning", {"file": "keylint.toml", "title": title}, "keys.k: the rule crashed")


def test_a_summary_ends_the_log() -> None:
    report = hand_made(MANIFEST, finding(MANIFEST, '"bot"'))
    *_, statistics, summary = render("github", report, Style(statistics=True)).splitlines()
    assert statistics == "    1  TST101  made-up"
    assert summary.startswith("keylint.toml: 1 finding (1 error)")


@pytest.mark.parametrize(
    ("text", "message", "property_"),
    [
        ("100%", "100%25", "100%25"),
        ("a\nb", r"a\x0ab", r"a\x0ab"),
        ("a\rb", r"a\x0db", r"a\x0db"),
        ("a\r\nb", r"a\x0d\x0ab", r"a\x0d\x0ab"),
        ("a\u2028b", r"a\u2028b", r"a\u2028b"),
        ("a:b,c", "a:b,c", "a%3Ab%2Cc"),
        ("%0A::error::x", "%250A::error::x", "%250A%3A%3Aerror%3A%3Ax"),
        ("##[error]x", "##%5Berror]x", "##%5Berror]x"),
        ("a ##[ ##[", "a ##%5B ##%5B", "a ##%5B ##%5B"),
        ("::error::x", "::error::x", "%3A%3Aerror%3A%3Ax"),
        ("\x1b]0;x\x07", r"\x1b]0;x\x07", r"\x1b]0;x\x07"),
    ],
)
def test_what_has_a_meaning_to_a_runner_is_escaped(text: str, message: str, property_: str) -> None:
    report = hand_made(MANIFEST, finding(MANIFEST, "", text, help=text, file=text))
    out = render("github", report, Style(quiet=True))
    assert out == f"::error file={property_},title=TST101 made-up::{message}%0Ahelp: {message}\n"


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_hostile_text_stays_where_it_was_put_and_is_no_command(text: str) -> None:
    waived = Waived(finding(MANIFEST, ""), Waiver(0, text, text, text, text, date(2026, 12, 31)))
    lost = Unknown(text, "TST102", text, Side.DECLARED, "rule-crashed", text)
    found = finding(MANIFEST, "", text, help=text, file=text)
    report = hand_made(MANIFEST, found, unknown=[lost], waived=[waived])
    named = report._replace(sources=tuple(source._replace(name=text) for source in report.sources))
    out = render("github", named, Style(show_waived=True, statistics=True))
    assert [it.kind for it in annotations(named)] == ["error", "warning"]
    assert len(runner_commands(out)) == 2
    assert raw_controls(out) == []


@pytest.mark.parametrize("kind", ["alnum", "pkcs8", "ed25519-pem", "rsa-pem"])
def test_a_secret_in_a_message_is_covered_over_all_its_lines(kind: str) -> None:
    found = secret(Random(3), kind)
    report = hand_made(MANIFEST, finding(MANIFEST, "", f"has {found.text}", help=found.text, file=found.text))
    for name in ("text", "concise", "json", "github"):
        assert leaks(found, render(name, report, Style())) == set()
