"""Plan → the text of a file that can be shown again: `schemas/plan.schema.json`. `plan_reading` reads it."""

import json
from collections.abc import Mapping
from typing import Final

from keylint import __version__, secret_shapes
from keylint.evidence import fields
from keylint.evidence.fields import MAX_TEXT
from keylint.report import Style
from keylint.report.escape import clean

from .planned import Entry, Plan, Rotation

VERSION: Final = 1

Json = Mapping[str, object]


def render(plan: Plan, _style: Style) -> str:
    """The plan as `--format json` prints it; the same as in the file."""
    return dump(plan)


def dump(plan: Plan) -> str:
    """The text of a file that `load` reads back: ASCII, the same for the same plan, without a secret."""
    document = {
        "version": VERSION,
        "tool": {"name": "keylint", "version": __version__},
        "as_of": fields.written(plan.as_of),
        "manifest": _safe(plan.manifest),
        "looked_at": [
            {
                "file": _safe(it.name) if it.name else None,
                "source": it.source,
                "started": fields.written(it.started),
                "finished": fields.written(it.finished),
            }
            for it in plan.looked_at
        ],
        "keys": {"declared": plan.declared, "answered": plan.answered},
        "summary": plan.counts._asdict(),
        "changes": [_entry(entry) for entry in plan.entries],
        "rotations": [_rotation(rotation) for rotation in plan.rotations],
        "unknown": [{name: _safe(value) for name, value in it._asdict().items()} for it in plan.unknown],
        "remarks": [_safe(remark) for remark in plan.remarks],
    }
    text = json.dumps(document, indent=2, ensure_ascii=True) + "\n"
    # A runner of GitHub obeys `##[command]` wherever it stands in a log; JSON has another way to write the bracket.
    return text.replace("##[", "##\\u005b")


def _entry(entry: Entry) -> Json:
    return {
        "action": entry.action,
        "subject": _safe(entry.subject),
        "fingerprint": entry.fingerprint or None,
        "label": _safe(entry.label),
        "account": _safe(entry.account) or None,
        "observed_at": None if entry.seen is None else fields.written(entry.seen),
        "changes": [
            {
                "sign": change.sign,
                "field": change.field,
                "items": [_safe(item) for item in change.items],
                "live": _safe(change.live),
                "declared": _safe(change.declared),
                "risk": change.risk,
                "cause": change.cause,
                "step": _safe(change.step),
            }
            for change in entry.changes
        ],
    }


def _rotation(rotation: Rotation) -> Json:
    return {
        "old": _safe(rotation.old),
        "new": _safe(rotation.new) or None,
        "step": rotation.step,
        "by": None if rotation.by is None else rotation.by.isoformat(),
        "next": rotation.next or None,
        "on": None if rotation.on is None else rotation.on.isoformat(),
        "due": rotation.due,
        "doubtful": rotation.doubtful,
        "help": _safe(rotation.help),
    }


def _safe(text: str) -> str:
    """`text` as it may be shown and kept, no longer than a file may hold it."""
    text = clean(text)
    text = text if len(text) <= MAX_TEXT else f"{text[: MAX_TEXT - 1]}…"
    # As it is written it may be longer than it is: an escape is letters and digits too.
    return text if not secret_shapes.find(json.dumps(text)) else "left out: it has the shape of a secret"
