"""Diff → JSON, version 1: the contract is `keylint schema diff`."""

import json
from typing import Any, Final

from keylint import __version__
from keylint.report import Style
from keylint.report.escape import clean
from keylint.tally import Unknown

from .changes import Change, Entry
from .diff import Diff, Found, Version
from .directions import Direction

VERSION: Final = 1


def render(diff: Diff, _style: Style) -> str:
    """The whole of it: no list is cut."""
    document = {
        "version": VERSION,
        "tool": {"name": "keylint", "version": __version__},
        "as_of": diff.as_of.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "base": _version(diff.base),
        "head": _version(diff.head),
        "summary": {
            **{direction.value: diff.count(direction) for direction in Direction},
            "new_findings": len(diff.new),
            "cleared_findings": len(diff.cleared),
            "new_unknown": len(diff.new_unknown),
            "cleared_unknown": len(diff.cleared_unknown),
        },
        "changed": [_entry(it) for it in diff.entries],
        "new_findings": [_found(it) for it in diff.new],
        "cleared_findings": [_found(it) for it in diff.cleared],
        "new_unknown": [_unknown(it) for it in diff.new_unknown],
        "cleared_unknown": [_unknown(it) for it in diff.cleared_unknown],
        "remarks": [clean(it) for it in diff.remarks],
    }
    text = json.dumps(document, indent=2, ensure_ascii=True) + "\n"
    # A runner of GitHub obeys `##[command]` wherever it stands in a log; JSON has another way to write the bracket.
    return text.replace("##[", "##\\u005b")


def _version(version: Version) -> dict[str, Any]:
    return {"name": clean(version.name), "commit": version.commit, "exists": version.held}


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "section": entry.section,
        "subject": clean(entry.subject),
        "was": None if entry.was_called is None else clean(entry.was_called),
        "change": _WORD[entry.sign],
        "changes": [_change(it) for it in entry.changes],
    }


_WORD: Final = {"+": "added", "-": "removed", "~": "changed"}


def _change(change: Change) -> dict[str, Any]:
    return {
        "direction": change.direction.value,
        "change": _WORD[change.sign],
        "field": change.field,
        "before": [clean(it) for it in change.before],
        "after": [clean(it) for it in change.after],
        "note": change.note,
    }


def _found(found: Found) -> dict[str, Any]:
    finding = found.finding
    extent = finding.extent
    return {
        "code": finding.code,
        "name": finding.name,
        "severity": finding.severity.value,
        "subject": clean(finding.subject),
        "path": None if finding.path is None else clean(finding.path),
        "message": clean(finding.message),
        "help": clean(finding.help),
        "file": clean(finding.file),
        "line": None if extent is None else extent.line,
        "column": None if extent is None else extent.column,
        "fingerprint": clean(finding.fingerprint),
        "waived_on_the_other_side": found.waived,
    }


def _unknown(unknown: Unknown) -> dict[str, Any]:
    return {
        "code": unknown.code,
        "subject": clean(unknown.subject),
        "reason": unknown.reason,
        "message": clean(unknown.message),
        "file": clean(unknown.file),
    }
