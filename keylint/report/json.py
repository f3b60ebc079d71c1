"""Report → JSON, version 1: the contract is `keylint schema report`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from keylint import __version__

from .escape import clean

if TYPE_CHECKING:
    from datetime import datetime

    from keylint.engine import Baselined, LiveState, Report, Waived
    from keylint.evidence.known import Looked
    from keylint.tally import Extent, Reported, Unknown

    from . import Style

VERSION = 1


def render(report: Report, _style: Style) -> str:
    """The whole report; what has no place has null, never a made-up line 1."""
    document = {
        "version": VERSION,
        "tool": {"name": "keylint", "version": __version__},
        "as_of": _instant(report.as_of),
        "looked_at": {
            "manifests": [clean(source.name) for source in report.sources],
            **_live(report.live),
        },
        "summary": report.summary._asdict(),
        "findings": [_finding(finding) for finding in report.findings],
        "unknown": [_unknown(unknown) for unknown in report.unknown],
        "waived": [_waived(waived) for waived in report.waived],
        "baseline": [_baselined(baselined) for baselined in report.baseline],
    }
    text = json.dumps(document, indent=2, ensure_ascii=True) + "\n"
    # A runner of GitHub obeys `##[command]` wherever it stands in a log; JSON has another way to write the bracket.
    return text.replace("##[", "##\\u005b")


def _live(live: LiveState | None) -> dict[str, Any]:
    """What was looked at of the live state."""
    if live is None:
        return {"live": False, "asked": None, "evidence": [], "keys_answered": None, "remarks": []}
    asked = [looked for looked in live.looked_at if not looked.name]
    return {
        "live": bool(asked),
        "asked": _looked(asked[0]) if asked else None,
        "evidence": [{"file": clean(looked.name), **_looked(looked)} for looked in live.looked_at if looked.name],
        "keys_answered": live.answered,
        "remarks": [clean(remark) for remark in live.remarks],
    }


def _looked(looked: Looked) -> dict[str, Any]:
    return {
        "source": looked.source,
        "started": _instant(looked.started),
        "finished": _instant(looked.finished),
    }


def _instant(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def _finding(finding: Reported) -> dict[str, Any]:
    return {
        "code": finding.code,
        "name": finding.name,
        "severity": finding.severity.value,
        "subject": clean(finding.subject),
        "path": None if finding.path is None else clean(finding.path),
        "side": finding.side.value,
        "message": clean(finding.message),
        "help": clean(finding.help),
        "file": clean(finding.file),
        **_places(finding.extent),
        "observed_at": None if finding.observed_at is None else _instant(finding.observed_at),
        "live": None if finding.live is None else clean(finding.live),
        "fingerprint": clean(finding.fingerprint),
    }


def _places(extent: Extent | None) -> dict[str, Any]:
    if extent is None:
        return {"start": None, "end": None}
    return {
        "start": {"line": extent.line, "column": extent.column},
        "end": {"line": extent.end_line, "column": extent.end_column},
    }


def _unknown(unknown: Unknown) -> dict[str, Any]:
    return {
        "code": unknown.code,
        "subject": clean(unknown.subject),
        "side": unknown.side.value,
        "reason": unknown.reason,
        "message": clean(unknown.message),
        "file": clean(unknown.file),
    }


def _waived(waived: Waived) -> dict[str, Any]:
    waiver = waived.waiver
    return {
        "finding": _finding(waived.finding),
        "waiver": {
            "subject": str(waiver),
            "rule": clean(waiver.rule),
            "on": clean(waiver.on),
            "reason": clean(waiver.reason),
            "by": clean(waiver.by),
            "until": waiver.until.isoformat(),
        },
    }


def _baselined(baselined: Baselined) -> dict[str, Any]:
    entry = baselined.entry
    return {
        "finding": _finding(baselined.finding),
        "entry": {
            "fingerprint": clean(entry.fingerprint),
            "code": clean(entry.code),
            "subject": clean(entry.subject),
            "sides": [side.value for side in entry.sides],
            "since": entry.since.isoformat(),
        },
    }
