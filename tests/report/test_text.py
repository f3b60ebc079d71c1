"""What a person sees, as a person sees it."""

import time
from datetime import date
from random import Random
from textwrap import dedent
from typing import Any

import pytest
from strategies import finding, hand_made, leaks, raw_controls, runner_commands, secret

from keylint.api import Severity, Side, Waiver
from keylint.baseline import Entry
from keylint.engine import Baselined, Report, Summary, Waived
from keylint.manifest.load import load
from keylint.report import Style, render
from keylint.report.summary import summary
from keylint.tally import Unknown

MANIFEST = """\
version = 1

[keys.k]
label = "bot"
"""


def shown(text: str, *findings: Any, width: int = 80, **reported: Any) -> str:
    """The blocks of a report, without its summary, between two empty lines so that they can be read below."""
    return f"\n{render('text', hand_made(text, *findings, **reported), Style(width=width, quiet=True))}"


def looks_like(expected: str) -> str:
    return dedent(expected).replace("¶", "")


def test_a_finding_stands_with_its_line_and_a_caret() -> None:
    assert shown(MANIFEST, finding(MANIFEST, '"bot"')) == looks_like("""
        error[TST101]: keys.k is bad
         --> keylint.toml:4:9
          |
        4 | label = "bot"
          |         ^^^^^
          |
        help: mend it
        """)


def test_a_finding_without_a_place_stands_without_a_made_up_one() -> None:
    assert shown(MANIFEST, finding(MANIFEST, "")) == looks_like("""
        error[TST101]: keys.k is bad
         --> keylint.toml
        help: mend it
        """)


def test_findings_stand_in_the_order_of_the_report_with_their_severities() -> None:
    first = finding(MANIFEST, "keys.k", severity=Severity.WARNING, code="TST102")
    second = finding(MANIFEST, '"bot"', severity=Severity.NOTE)
    assert shown(MANIFEST, first, second) == looks_like("""
        warning[TST102]: keys.k is bad
         --> keylint.toml:3:2
          |
        3 | [keys.k]
          |  ^^^^^^
          |
        help: mend it

        note[TST101]: keys.k is bad
         --> keylint.toml:4:9
          |
        4 | label = "bot"
          |         ^^^^^
          |
        help: mend it
        """)


def test_findings_of_several_manifests_stand_under_their_own() -> None:
    other = load("other.toml", b'label = "bot"\n')
    here, there = finding(MANIFEST, '"bot"'), finding('label = "bot"\n', '"bot"', file="other.toml")
    sources = hand_made(MANIFEST).sources
    assert shown(MANIFEST, here, there, sources=(*sources, other)) == looks_like("""
        error[TST101]: keys.k is bad
         --> keylint.toml:4:9
          |
        4 | label = "bot"
          |         ^^^^^
          |
        help: mend it

        error[TST101]: keys.k is bad
         --> other.toml:1:9
          |
        1 | label = "bot"
          |         ^^^^^
          |
        help: mend it
        """)


def test_the_gutter_is_as_wide_as_the_line_number() -> None:
    text = "\n" * 99 + MANIFEST
    assert shown(text, finding(text, '"bot"')) == looks_like("""
        error[TST101]: keys.k is bad
           --> keylint.toml:103:9
            |
        103 | label = "bot"
            |         ^^^^^
            |
        help: mend it
        """)


# Long lines.


def test_a_long_line_is_cut_around_the_caret() -> None:
    text = f'x = ["{"a" * 70}", "here", "{"b" * 70}"]\n'
    assert shown(text, finding(text, '"here"')) == looks_like("""
        error[TST101]: keys.k is bad
         --> keylint.toml:1:80
          |
        1 | …aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "here", "bbbbbbbbbbbbbbbbbbbb…
          |                                               ^^^^^^
          |
        help: mend it
        """)


def test_a_long_place_is_cut_itself() -> None:
    text = f'label = "{"x" * 100}" # {"why " * 30}\n'
    assert shown(text, finding(text, f'"{"x" * 100}"')) == looks_like("""
        error[TST101]: keys.k is bad
         --> keylint.toml:1:9
          |
        1 | label = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx… # why why why why why why wh…
          |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
          |
        help: mend it
        """)


@pytest.mark.parametrize("width", [40, 80, 120])
@pytest.mark.parametrize("letter", ["a", "日", "e\u0301", "\t", "\u202e", "\U0001f511"])
@pytest.mark.parametrize("where", ["start", "middle", "end"])
def test_no_line_is_wider_than_the_terminal_and_the_caret_stays_in_sight(width: int, letter: str, where: str) -> None:
    before, after = (300 * (where != "start"), 300 * (where != "end"))
    text = f'x = "{letter * before}HERE{letter * after}"\n'
    rows = shown(text, finding(text, "HERE", "m" * 10), width=width).splitlines()
    line, carets = rows[4], rows[5]
    assert columns(line) <= width
    assert columns(line[: line.index("HERE")]) == carets.index("^^^^")


def columns(text: str) -> int:
    """How many columns a terminal takes: the letters of these tests are 0, 1 or 2 wide."""
    return sum({"\u0301": 0, "日": 2, "\U0001f511": 2}.get(letter, 1) for letter in text)


def test_a_line_of_megabytes_is_shown_at_once() -> None:
    text = f"x = [{'1, ' * 1_000_000}]\n"
    assert shown(text, finding(text, "[1")).count("\n") == 8


@pytest.mark.parametrize("filling", ["word ", "\u202e", "日本", f"{secret(Random(1), 'alnum').text} "], ids=ascii)
def test_many_findings_on_one_long_line_are_shown_in_seconds(filling: str) -> None:
    text = f"x = 1 # {filling * (2_000_000 // len(filling))}\n"
    found = finding(text, "x")
    assert found.extent is not None
    findings = [
        found._replace(extent=found.extent._replace(column=column, end_column=column + 4))
        for column in range(1, len(text) - 4, len(text) // 1000)
    ]
    begin = time.monotonic()
    out = shown(text, *findings)
    assert time.monotonic() - begin < 10
    assert out.count("help: mend it") == len(findings) >= 1000


def test_many_manifests_take_no_longer_than_they_have_findings() -> None:
    named = [f"{number}.toml" for number in range(5000)]
    (source,), found = hand_made(MANIFEST).sources, finding(MANIFEST, '"bot"')
    sources = tuple(source._replace(name=name) for name in named)
    findings = [found._replace(file=name) for name in named]
    begin = time.monotonic()
    out = shown(MANIFEST, *findings, sources=sources)
    assert time.monotonic() - begin < 10
    assert [line.split(":")[0].split()[-1] for line in out.splitlines() if "-->" in line] == named


# What is not plain.


def test_a_tab_is_four_spaces_wide() -> None:
    text = '[keys.k]\n\tx\t=\t"a\tb"\t# c\n'
    assert shown(text, finding(text, '"a\tb"')) == looks_like("""
        error[TST101]: keys.k is bad
         --> keylint.toml:2:6
          |
        2 |     x    =    "a    b"    # c
          |               ^^^^^^^^
          |
        help: mend it
        """)


def test_wide_characters_take_two_columns() -> None:
    text = 'x = ["日本", "本語", "bot"]\n'
    assert shown(text, finding(text, '"本語"')) == looks_like("""
        error[TST101]: keys.k is bad
         --> keylint.toml:1:12
          |
        1 | x = ["日本", "本語", "bot"]
          |              ^^^^^^
          |
        help: mend it
        """)


def test_combining_characters_take_none() -> None:
    text = 'x = "e\u0301e\u0301", "here"\n'
    assert shown(text, finding(text, '"here"')) == looks_like("""
        error[TST101]: keys.k is bad
         --> keylint.toml:1:13
          |
        1 | x = "e\u0301e\u0301", "here"
          |           ^^^^^^
          |
        help: mend it
        """)


def test_what_a_terminal_acts_on_is_shown_as_its_escape() -> None:
    text = 'x = "\u202ereversed", "here" # \x1b[2J\n'
    assert shown(text, finding(text, '"here"', "is \x1b[31mred\u2066")) == looks_like(r"""
        error[TST101]: is \x1b[31mred\u2066
         --> keylint.toml:1:18
          |
        1 | x = "\u202ereversed", "here" # \x1b[2J
          |                       ^^^^^^
          |
        help: mend it
        """)


def test_of_a_place_of_several_lines_the_first_is_shown() -> None:
    text = 'x = [\n  "a",\n  "b",\n] # c\n'
    assert shown(text, finding(text, '[\n  "a",\n  "b",\n]')) == looks_like("""
        error[TST101]: keys.k is bad
         --> keylint.toml:1:5
          |
        1 | x = [
          |     ^
          |
        help: mend it
        """)


def test_a_place_at_the_very_end_has_a_caret_too() -> None:
    text = "x = "
    end = finding(text, "= ")
    assert end.extent is not None
    end = end._replace(extent=end.extent._replace(column=5, end_column=5))
    assert shown(text, end) == looks_like("""
        error[TST101]: keys.k is bad
         --> keylint.toml:1:5
          |
        1 | x =
          |     ^
          |
        help: mend it
        """)


def test_line_ends_of_windows_are_not_shown() -> None:
    text = MANIFEST.replace("\n", "\r\n")
    assert shown(text, finding(text, '"bot"')) == shown(MANIFEST, finding(MANIFEST, '"bot"'))


@pytest.mark.parametrize("kind", ["alnum", "pkcs8"])
def test_a_secret_in_the_line_is_covered_and_the_columns_stay(kind: str) -> None:
    found = secret(Random(1), kind)
    text = f'x = "{found.text}", "here"\n'
    out = ""
    for width in (80, 400):
        out = shown(text, finding(text, '"here"'), width=width)
        assert leaks(found, out) == set()
        line, carets = out.splitlines()[4:6]
        assert line.index('"here"') == carets.index("^^^^^^")
    assert f'"{"*" * len(found.text)}"' in out


def test_a_private_key_over_several_lines_is_covered_in_each() -> None:
    found = secret(Random(1), "rsa-pem")
    text = f'x = """\n{found.text}\n"""\n'
    out = "".join(shown(text, finding(text, part)) for part in found.parts)
    assert leaks(found, out) == set()
    assert len(found.parts[-1]) < 60  # too short to be told from a word, where it stands alone


# Long messages.


def test_a_long_message_is_broken_at_the_width_and_set_under_itself() -> None:
    found = finding(MANIFEST, "", "a " * 60 + "z", help="mend " * 30)
    assert shown(MANIFEST, found) == looks_like("""
        error[TST101]: a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a
              a a a a a a a a a a a a a a a a a a a a a a a a a a a z
         --> keylint.toml
        help: mend mend mend mend mend mend mend mend mend mend mend mend mend mend mend
              mend mend mend mend mend mend mend mend mend mend mend mend mend mend mend
        """)


def test_a_word_longer_than_the_width_is_not_broken() -> None:
    name = f"accounts.{'a' * 63}"
    assert shown(MANIFEST, finding(MANIFEST, "", f"{name} is not attested")) == looks_like(f"""
        error[TST101]:
              {name}
              is not attested
         --> keylint.toml
        help: mend it
        """)


# Waived, unknown, statistics, summary.

WAIVED = Waived(
    finding(MANIFEST, '"bot"'),
    Waiver(0, "TST101", "keys.k", "until the platform has learned better", "risk", date(2026, 12, 31)),
)


def test_waived_findings_are_shown_where_asked_for_with_who_accepts_them_and_why() -> None:
    report = hand_made(MANIFEST, waived=[WAIVED])
    assert render("text", report, Style(quiet=True)) == ""
    assert f"\n{render('text', report, Style(quiet=True, show_waived=True))}" == looks_like("""
        waived[TST101]: keys.k is bad
         --> keylint.toml:4:9
          |
        4 | label = "bot"
          |         ^^^^^
          |
        waived: waivers[0] by risk until 2026-12-31: until the platform has learned
              better
        """)


HELD = Baselined(
    finding(MANIFEST, '"bot"'), Entry("TST101/keys.k/label", "TST101", "keys.k", (Side.DECLARED,), date(2026, 9, 1))
)
WITH_A_BASELINE = hand_made(MANIFEST, baseline=(HELD,), summary=Summary(8, 4, 0, 0, 0, 3, 1))


def test_what_is_in_the_baseline_is_shown_where_asked_for_like_what_is_waived() -> None:
    assert render("text", WITH_A_BASELINE, Style(quiet=True)) == ""
    assert f"\n{render('text', WITH_A_BASELINE, Style(quiet=True, show_waived=True))}" == looks_like("""
        baseline[TST101]: keys.k is bad
         --> keylint.toml:4:9
          |
        4 | label = "bot"
          |         ^^^^^
          |
        baseline: in it since 2026-09-01
        """)
    concise = render("concise", WITH_A_BASELINE, Style(quiet=True, show_waived=True))
    assert concise == "keylint.toml:4:9: TST101 keys.k is bad [in the baseline since 2026-09-01]\n"
    assert render("concise", WITH_A_BASELINE, Style(quiet=True)) == ""


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        (Summary(8, 4, 0, 0, 0, 3, 1), "1 key, 1 bot, 8 checks: clean, 1 finding in the baseline; live"),
        (Summary(9, 4, 0, 0, 1, 3, 1), "9 checks: clean, 1 finding waived, 1 finding in the baseline; live"),
        (Summary(9, 4, 0, 0, 0, 3, 2), "9 checks: clean, 2 findings in the baseline; live"),
        (Summary(7, 4, 0, 0, 0, 3, 0), "7 checks: clean; live"),
    ],
)
@pytest.mark.parametrize("name", ["text", "concise", "github"])
def test_what_is_in_the_baseline_is_counted_in_every_format(counts: Summary, said: str, name: str) -> None:
    assert said in render(name, WITH_A_BASELINE._replace(summary=counts), Style(width=120)).splitlines()[-1]


def test_what_is_in_the_baseline_is_counted_beside_findings() -> None:
    report = WITH_A_BASELINE._replace(findings=(finding(MANIFEST, ""),), summary=Summary(9, 4, 1, 0, 0, 3, 1))
    assert "4 passed, 0 unknown, 0 waived, 1 in the baseline, 3 not applicable;" in summary(report)
    alone = report._replace(summary=Summary(8, 4, 1, 0, 0, 3, 0))
    assert "baseline" not in summary(alone)


def unknown(code: str, subject: str, message: str) -> Unknown:
    return Unknown("keylint.toml", code, subject, Side.DECLARED, "unknown-reference", message)


def test_what_is_undecided_for_one_reason_stands_together() -> None:
    broken = [unknown(f"TST1{n:02}", "manifest", "not judged until the manifest is valid") for n in range(12)]
    assert shown(MANIFEST, unknown=[*broken, unknown("TST201", "keys.k", "names no bot")]) == looks_like("""
        unknown[12 rules]: keylint.toml: manifest: not judged until the manifest is
              valid
              TST100, TST101, TST102, TST103, TST104, TST105, TST106, TST107, TST108,
              TST109, TST110, TST111
        unknown[TST201]: keylint.toml: keys.k: names no bot
        """)


def test_statistics_stand_before_the_summary() -> None:
    report = hand_made(MANIFEST, *[finding(MANIFEST, "")] * 2, finding(MANIFEST, "", code="TST100"))
    *_, statistics, _summary = render("text", report, Style(statistics=True)).split("\n\n")
    assert statistics == "    2  TST101  made-up\n    1  TST100  made-up"


REPORTS = {
    "clean": hand_made(MANIFEST),
    "waived": hand_made(MANIFEST, waived=[WAIVED]),
    "baseline": WITH_A_BASELINE,
    "findings": hand_made(MANIFEST, finding(MANIFEST, "")),
    "unknown": hand_made(MANIFEST, unknown=[unknown("TST201", "keys.k", "names no bot")]),
    "several manifests": hand_made(MANIFEST, sources=hand_made(MANIFEST).sources * 2),
}


@pytest.mark.parametrize("name", REPORTS)
@pytest.mark.parametrize("width", [40, 80, 120])
def test_the_summary_stands_last_and_is_broken_at_the_width(name: str, width: int) -> None:
    report: Report = REPORTS[name]
    rows = render("text", report, Style(width=width)).split("\n\n")[-1].splitlines()
    assert " ".join(rows) == summary(report)
    assert max(map(len, rows)) <= width
    assert len(rows) <= len(summary(report)) // (width - 20) + 1


@pytest.mark.parametrize("name", REPORTS)
def test_a_summary_never_sounds_as_if_binance_had_been_asked(name: str) -> None:
    assert summary(REPORTS[name]).endswith("; live state was not looked at")


def test_a_summary_says_that_it_is_incomplete_and_never_clean_where_something_is_unknown() -> None:
    assert summary(REPORTS["unknown"]).startswith("incomplete: ")
    assert "clean" not in summary(REPORTS["unknown"])
    assert "clean" not in summary(REPORTS["findings"])


def test_a_quiet_report_of_a_clean_run_is_empty() -> None:
    assert render("text", hand_made(MANIFEST), Style(quiet=True)) == ""


# Colours.


def test_with_colours_severity_caret_and_help_stand_out_and_the_text_is_the_same() -> None:
    report = hand_made(MANIFEST, finding(MANIFEST, '"bot"'))
    colored = render("text", report, Style(color=True, quiet=True))
    assert colored == (
        "\x1b[1;31merror[TST101]\x1b[0m: \x1b[1mkeys.k is bad\x1b[0m\n"
        " \x1b[1;34m-->\x1b[0m keylint.toml:4:9\n"
        "  \x1b[1;34m|\x1b[0m\n"
        '\x1b[1;34m4\x1b[0m \x1b[1;34m|\x1b[0m label = "bot"\n'
        "  \x1b[1;34m|\x1b[0m         \x1b[1;31m^^^^^\x1b[0m\n"
        "  \x1b[1;34m|\x1b[0m\n"
        "\x1b[1;32mhelp\x1b[0m: mend it\n"
    )
    assert raw_controls(colored, colored=True) == []


@pytest.mark.parametrize("name", REPORTS)
@pytest.mark.parametrize("width", [40, 80])
def test_colours_take_no_columns(name: str, width: int) -> None:
    style = Style(width=width, show_waived=True, statistics=True)
    colored = render("text", REPORTS[name], style._replace(color=True))
    plain = "".join(part.partition("m")[2] if at else part for at, part in enumerate(colored.split("\x1b[")))
    assert plain == render("text", REPORTS[name], style)


# The same in one line each.


def test_the_concise_format_has_one_line_for_each_finding_and_each_unknown() -> None:
    found = finding(MANIFEST, '"bot"', "is bad\nin two lines")
    report = hand_made(
        MANIFEST, found, finding(MANIFEST, ""), unknown=[unknown("TST201", "keys.k", "names no bot")], waived=[WAIVED]
    )
    assert f"\n{render('concise', report, Style(quiet=True, show_waived=True))}" == looks_like(r"""
        keylint.toml:4:9: TST101 is bad\x0ain two lines
        keylint.toml: TST101 keys.k is bad
        keylint.toml: TST201 unknown for keys.k: names no bot
        keylint.toml:4:9: TST101 keys.k is bad [waived until 2026-12-31]
        """)
    assert render("concise", report, Style()).splitlines()[-1] == summary(report)


# What a runner of GitHub would obey in its log.


@pytest.mark.parametrize("name", ["text", "concise"])
@pytest.mark.parametrize("command", ["::error::smuggled", "::add-mask::a", "##[error]smuggled", "::ERROR file=x::y"])
def test_no_line_is_a_command_to_a_runner(name: str, command: str) -> None:
    text = f'[keys.k]\nlabel = "{command}"\n'
    found = finding(text, f'"{command}"', f"{'m' * 60} {command}", help=f"{'h' * 70} {command}", file=command)
    waived = Waived(found, Waiver(0, "TST101", "keys.k", f"{'w' * 60} {command}", command, date(2026, 12, 31)))
    lost = Unknown(command, "TST102", command, Side.DECLARED, "rule-crashed", f"{'u' * 60} {command}")
    sources = (load(command, text.encode()),)
    report = hand_made(text, found, unknown=[lost], waived=[waived], sources=sources)
    for width in (40, 80, 120):
        out = render(name, report, Style(width=width, show_waived=True, statistics=True))
        assert runner_commands(out) == []
        assert "smuggled" in out or "smuggled" not in command


def test_addresses_of_ipv6_are_shown_as_they_are() -> None:
    found = finding(MANIFEST, "", f"{'m' * 60} ::1 ::ffff:192.0.2.1 ::/0 and 2001:db8::7")
    out = shown(MANIFEST, found)
    assert "::1 ::ffff:192.0.2.1 ::/0 and 2001:db8::7" in " ".join(out.split())
