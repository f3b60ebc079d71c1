"""Report → GitHub workflow commands, which the forge shows as annotations beside the changed lines."""

from keylint.api import Severity
from keylint.engine import Report
from keylint.tally import Reported

from . import Style
from .escape import clean, inert
from .summary import Undecided, remarks, seen, statistics, summary, undecided

# GitHub, "Workflow commands for GitHub Actions": notice, warning and error take file, line, endLine, col, endColumn and
# title. It shows ten errors and ten warnings of a step, so the worst come first and a summary says how many there are.
_COMMAND = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def render(report: Report, style: Style) -> str:
    """The findings, worst first, then what could not be decided, then a summary for the log."""
    worst_first = sorted(report.findings, key=lambda finding: -finding.severity.rank)
    lines = [_finding(finding, seen(report, finding)) for finding in worst_first]
    lines += [_unknown(unknown) for unknown in undecided(report)]
    if style.statistics:
        lines += [inert(line) for line in statistics(report)]
    if not style.quiet:
        lines += [_command("notice", {"title": "live state"}, remark) for remark in remarks(report)]
        lines.append(inert(summary(report)))
    return "".join(f"{line}\n" for line in lines)


def _finding(finding: Reported, live: str) -> str:
    extent = finding.extent
    properties = {"file": finding.file}
    if extent is not None:
        properties |= {"line": str(extent.line), "endLine": str(extent.end_line)}
        if extent.line == extent.end_line:  # GitHub refuses columns on a finding of several lines
            properties |= {"col": str(extent.column), "endColumn": str(extent.end_column)}
    properties["title"] = f"{finding.code} {finding.name}"
    said = [f"live: {live}"] if live else []
    return _command(_COMMAND[finding.severity], properties, finding.message, *said, f"help: {finding.help}")


def _unknown(unknown: Undecided) -> str:
    properties = {"file": unknown.file, "title": f"{unknown.rules} could not be decided"}
    return _command("warning", properties, f"{unknown.subject}: {unknown.why}")


def _command(name: str, properties: dict[str, str], *lines: str) -> str:
    written = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    # Each is cleaned as a whole: a private key that is taken apart at its line ends is not known for one any more.
    return f"::{name} {written}::{'%0A'.join(_data(clean(line)) for line in lines)}"


def _data(text: str) -> str:
    # `##[` is an older form of command that runners still obey anywhere in a line.
    return text.replace("%", "%25").replace("##[", "##%5B")


def _property(text: str) -> str:
    return _data(clean(text)).replace(":", "%3A").replace(",", "%2C")
