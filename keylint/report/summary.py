"""Report → the one line that says what was looked at and how it ended, and the counts by rule."""

from collections import Counter
from datetime import datetime
from typing import NamedTuple

from keylint.api import Severity
from keylint.engine import Report
from keylint.tally import Reported

from .escape import clean

LIVE_NOT_LOOKED_AT = "live state was not looked at"


def looked_at(report: Report) -> str:
    """What was looked at of the live state, as the end of a summary. An offline run never sounds like a live one."""
    live = report.live
    if live is None:
        return LIVE_NOT_LOOKED_AT
    whom = source(report)
    files = [f"{clean(it.name)}, {when(it.finished)}" for it in live.looked_at if it.name]
    asked = "; ".join(files) or ", ".join(dict.fromkeys(when(it.finished) for it in live.looked_at))
    return f"{whom} told of {live.answered} of {_count(report.census.keys, 'key')} ({asked})"


def source(report: Report) -> str:
    """Who said what is live: Binance, or the sandbox, or, in different evidence, one and the other."""
    if report.live is None:
        return ""
    sources = {looked.source for looked in report.live.looked_at}
    if len(sources) > 1:
        return "Binance and the sandbox"
    return "the sandbox" if "sandbox" in sources else "Binance"


def seen(report: Report, finding: Reported) -> str:
    """What Binance said of what a finding is about, and when; "" where the live side has no part in it."""
    if finding.observed_at is None:
        return ""
    who = f"{source(report)}, {when(finding.observed_at)}"
    return f"{clean(finding.live)} ({who})" if finding.live else who


def when(moment: datetime) -> str:
    """A moment to the minute."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def remarks(report: Report) -> list[str]:
    """What else is to be known of the live state, each a line."""
    return [] if report.live is None else [f"remark: {clean(remark)}" for remark in report.live.remarks]


def summary(report: Report) -> str:
    """The last line of a report for people. An offline run never sounds like a live one."""
    counts = report.summary
    what = clean(report.sources[0].name) if len(report.sources) == 1 else _count(len(report.sources), "manifest")
    if not report.findings and not report.unknown:
        declared = f"{_count(report.census.keys, 'key')}, {_count(report.census.bots, 'bot')}"
        waived = f", {_count(counts.waived, 'finding')} waived" if counts.waived else ""
        held = f", {_count(counts.baseline, 'finding')} in the baseline" if counts.baseline else ""
        return f"{what}: {declared}, {_count(counts.planned, 'check')}: clean{waived}{held}; {looked_at(report)}"
    by_severity = Counter(finding.severity for finding in report.findings)
    parts = [_count(by_severity[it], it.value) for it in reversed(Severity) if by_severity[it]]
    found = f"{_count(counts.findings, 'finding')} ({', '.join(parts)})" if parts else "no findings"
    ends = (
        f"{counts.passed} passed",
        f"{counts.unknown} unknown",
        f"{counts.waived} waived",
        *([f"{counts.baseline} in the baseline"] if counts.baseline else []),
        f"{counts.not_applicable} not applicable",
    )
    incomplete = "incomplete: " if report.unknown else ""
    return f"{incomplete}{what}: {found} in {_count(counts.planned, 'check')}, {', '.join(ends)}; {looked_at(report)}"


class Undecided(NamedTuple):
    """Checks of one subject that could not be decided for one reason."""

    file: str
    subject: str
    message: str
    codes: tuple[str, ...]

    @property
    def why(self) -> str:
        """The message, which comes after the subject and need not begin with it."""
        return self.message.removeprefix(f"{self.subject}: ")

    @property
    def rules(self) -> str:
        """The rule, or how many rules there are."""
        return self.codes[0] if len(self.codes) == 1 else f"{len(self.codes)} rules"


def undecided(report: Report) -> list[Undecided]:
    """What could not be decided, together where it is for one reason: a manifest that does not parse says it once."""
    groups: dict[tuple[str, str, str], list[str]] = {}
    for unknown in report.unknown:
        groups.setdefault((unknown.file, unknown.subject, unknown.message), []).append(unknown.code)
    return [Undecided(*what, tuple(codes)) for what, codes in groups.items()]


def statistics(report: Report) -> list[str]:
    """How many findings each rule has, most first."""
    counted = Counter((finding.code, finding.name) for finding in report.findings)
    ranked = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    return [f"{count:5}  {code}  {clean(name)}" for (code, name), count in ranked]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
