"""The JSON report, which is a contract: `keylint schema report`."""

import json
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from strategies import HOSTILE, finding, hand_made, raw_controls, runner_commands, valid_report

from keylint import __version__
from keylint.api import Severity, Side, Waiver
from keylint.baseline import Entry
from keylint.engine import Baselined, Summary, Waived
from keylint.report import Style, render
from keylint.tally import Unknown

MANIFEST = """\
version = 1

[keys.k]
label = "bot"
"""
WAIVER = Waiver(0, "made-up", "keys.k", "the payout bot", "risk", date(2026, 12, 31))
NOTHING_LIVE: dict[str, object] = {"live": False, "asked": None, "evidence": [], "keys_answered": None, "remarks": []}
LOST = Unknown("keylint.toml", "TST102", "keys.k", Side.DECLARED, "unknown-reference", "names no bot")

FINDING = {
    "code": "TST101",
    "name": "made-up",
    "severity": "error",
    "subject": "keys.k",
    "path": "keys.k.label",
    "side": "declared",
    "message": "keys.k is bad",
    "help": "mend it",
    "file": "keylint.toml",
    "start": {"line": 4, "column": 9},
    "end": {"line": 4, "column": 14},
    "observed_at": None,
    "live": None,
    "fingerprint": "TST101/keys.k/label",
}


def test_a_report_says_all_there_is() -> None:
    found = finding(MANIFEST, '"bot"')
    report = hand_made(MANIFEST, found, unknown=[LOST], waived=[Waived(found, WAIVER)])
    assert valid_report(render("json", report, Style())) == {
        "version": 1,
        "tool": {"name": "keylint", "version": __version__},
        "as_of": "2026-11-20T00:00:00Z",
        "looked_at": {"manifests": ["keylint.toml"], **NOTHING_LIVE},
        "summary": {
            "planned": 10,
            "passed": 4,
            "findings": 1,
            "unknown": 1,
            "waived": 1,
            "not_applicable": 3,
            "baseline": 0,
        },
        "findings": [FINDING],
        "unknown": [
            {
                "code": "TST102",
                "subject": "keys.k",
                "side": "declared",
                "reason": "unknown-reference",
                "message": "names no bot",
                "file": "keylint.toml",
            }
        ],
        "waived": [
            {
                "finding": FINDING,
                "waiver": {
                    "subject": "waivers[0]",
                    "rule": "made-up",
                    "on": "keys.k",
                    "reason": "the payout bot",
                    "by": "risk",
                    "until": "2026-12-31",
                },
            }
        ],
        "baseline": [],
    }


def test_what_stands_in_the_baseline_stands_apart_with_its_entry() -> None:
    entry = Entry("TST101/keys.k/label", "TST101", "keys.k", (Side.DECLARED, Side.LIVE), date(2026, 9, 1))
    held = Baselined(finding(MANIFEST, '"bot"'), entry)
    counts = Summary(8, 4, 0, 0, 0, 3, 1)
    document = valid_report(render("json", hand_made(MANIFEST, baseline=(held,), summary=counts), Style()))
    assert document["findings"] == document["waived"] == []
    assert document["summary"]["baseline"] == 1
    assert document["baseline"] == [
        {
            "finding": FINDING,
            "entry": {
                "fingerprint": "TST101/keys.k/label",
                "code": "TST101",
                "subject": "keys.k",
                "sides": ["declared", "live"],
                "since": "2026-09-01",
            },
        }
    ]


def test_what_has_no_place_has_null_and_no_made_up_line() -> None:
    [found] = valid_report(render("json", hand_made(MANIFEST, finding(MANIFEST, "", path=None)), Style()))["findings"]
    assert (found["start"], found["end"], found["path"]) == (None, None, None)


def test_the_style_of_reports_for_people_changes_nothing() -> None:
    report = hand_made(MANIFEST, finding(MANIFEST, '"bot"'), waived=[Waived(finding(MANIFEST, ""), WAIVER)])
    style = Style(color=True, width=40, show_waived=True, statistics=True, quiet=True)
    assert render("json", report, style) == render("json", report, Style())


def test_moments_are_said_in_utc_and_to_the_second() -> None:
    looked = datetime(2026, 11, 20, 9, 30, 1, 999_999, UTC)
    report = hand_made(MANIFEST, finding(MANIFEST, "", observed_at=looked), as_of=looked)
    document = valid_report(render("json", report, Style()))
    assert document["as_of"] == document["findings"][0]["observed_at"] == "2026-11-20T09:30:01Z"
    elsewhere = report._replace(as_of=looked.astimezone(timezone(timedelta(hours=-5))))
    assert valid_report(render("json", elsewhere, Style()))["as_of"] == "2026-11-20T04:30:01-05:00"


@pytest.mark.parametrize("severity", Severity)
@pytest.mark.parametrize("side", Side)
def test_severities_and_sides_are_words(severity: Severity, side: Side) -> None:
    report = hand_made(MANIFEST, finding(MANIFEST, "", severity=severity, side=side))
    [found] = valid_report(render("json", report, Style()))["findings"]
    assert (found["severity"], found["side"]) == (severity.value, side.value)


@pytest.mark.parametrize("text", [*HOSTILE, "\ud800", '"\\'], ids=ascii)
def test_hostile_text_is_text_and_nothing_else(text: str) -> None:
    found = finding(MANIFEST, "", text, help=text, file=text, subject=text, path=text, fingerprint=text)
    lost = Unknown(text, "TST102", text, Side.DECLARED, "rule-crashed", text)
    waiver = Waiver(0, text, text, text, text, date(2026, 12, 31))
    report = hand_made(MANIFEST, found, unknown=[lost], waived=[Waived(found, waiver)])
    out = render("json", report._replace(sources=(report.sources[0]._replace(name=text),)), Style())
    assert out.isascii()
    assert raw_controls(out) == []
    assert runner_commands(out) == []
    document = valid_report(out)
    assert [len(document[part]) for part in ("findings", "unknown", "waived")] == [1, 1, 1]
    assert raw_controls(document["findings"][0]["message"]) == []
    if text.isascii() and text.isprintable():
        assert document["findings"][0]["message"] == text


def test_a_report_is_one_document_that_ends_with_a_line_end() -> None:
    out = render("json", hand_made(MANIFEST), Style())
    assert out.endswith("}\n")
    assert json.JSONDecoder().raw_decode(out)[1] == len(out) - 1
