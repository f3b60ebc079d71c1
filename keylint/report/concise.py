"""Report → one line for each finding and each thing unknown: `file:line:col: CODE message`."""

from keylint.engine import Report, Reported

from . import Style
from .escape import clean, inert
from .summary import statistics, summary, undecided


def render(report: Report, style: Style) -> str:
    """The findings, then what could not be decided, then one summary line."""
    lines = [line(finding) for finding in report.findings]
    lines += [
        f"{clean(it.file)}: {it.rules} unknown for {clean(it.subject)}: {clean(it.message)}" for it in undecided(report)
    ]
    if style.show_waived:
        lines += [f"{line(waived.finding)} [waived until {waived.waiver.until}]" for waived in report.waived]
    if style.statistics:
        lines += statistics(report)
    if not style.quiet:
        lines.append(summary(report))
    return inert("".join(f"{text}\n" for text in lines))


def line(finding: Reported) -> str:
    """One finding."""
    where = clean(finding.file)
    if finding.extent is not None:
        where = f"{where}:{finding.extent.line}:{finding.extent.column}"
    return f"{where}: {finding.code} {clean(finding.message)}"
