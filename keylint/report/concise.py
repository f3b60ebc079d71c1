"""Report → one line for each finding and each thing unknown: `file:line:col: CODE message`."""

from keylint.engine import Report
from keylint.tally import Reported

from . import Style
from .escape import clean, inert
from .summary import remarks, seen, statistics, summary, undecided


def render(report: Report, style: Style) -> str:
    """The findings, then what could not be decided, then one summary line."""
    lines = [line(finding, seen(report, finding)) for finding in report.findings]
    lines += [
        f"{clean(it.file)}: {it.rules} unknown for {clean(it.subject)}: {clean(it.why)}" for it in undecided(report)
    ]
    if style.show_waived:
        lines += [
            f"{line(it.finding, seen(report, it.finding))} [waived until {it.waiver.until}]" for it in report.waived
        ]
        lines += [
            f"{line(it.finding, seen(report, it.finding))} [in the baseline since {it.entry.since}]"
            for it in report.baseline
        ]
    if not style.quiet:
        lines += remarks(report)
    if style.statistics:
        lines += statistics(report)
    if not style.quiet:
        lines.append(summary(report))
    return inert("".join(f"{text}\n" for text in lines))


def line(finding: Reported, live: str) -> str:
    """One finding; `live` is what Binance said of it."""
    where = clean(finding.file)
    if finding.extent is not None:
        where = f"{where}:{finding.extent.line}:{finding.extent.column}"
    said = f"; live: {live}" if live else ""
    return f"{where}: {finding.code} {clean(finding.message)}{said}"
