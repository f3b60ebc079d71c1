"""A manifest and what is known of its live state → the plan that makes the manifest true at Binance."""

from datetime import UTC, datetime

from keylint.evidence.keys import LiveKey
from keylint.evidence.known import Known
from keylint.manifest.model import Manifest

from .differences import compare
from .planned import Change, Entry, Plan, Rotation, Unknown
from .rotation import rotations
from .undeclared import undeclared


def plan(manifest: Manifest, known: Known, as_of: datetime, name: str = "") -> Plan:
    """What differs between `manifest`, called `name`, and Binance at the instant `as_of`, and the step for each.

    Keys that are as they are declared are left out, as far as Binance shows them; what it does not tell is unknown.
    """
    today = as_of.astimezone(UTC).date()
    strangers = undeclared(manifest, known)
    entries: list[Entry] = []
    unknown: list[Unknown] = []
    under_way: list[Rotation] = []
    for id_, live in known.keys.items():
        changes: list[Change] = []
        for each in compare(live, today, manifest.policy.rotation.delete_after_days, strangers.elsewhere.get(id_)):
            if isinstance(each, Change):
                changes.append(each)
            else:
                unknown.append(each)
        if changes:
            entries.append(_entry(live, tuple(changes)))
    for found in rotations(manifest, known, today):
        if isinstance(found, Rotation):
            under_way.append(found)
        else:
            unknown.append(found)
    return Plan(
        name,
        as_of,
        known.looked_at,
        len(manifest.keys),
        known.answered,
        (*entries, *strangers.entries),
        tuple(under_way),
        (*unknown, *strangers.unknown),
        known.remarks,
    )


def _entry(live: LiveKey, changes: tuple[Change, ...]) -> Entry:
    key = live.declared
    account = "" if key.account_found is None else str(key.account_found)
    return Entry(str(key), "", key.label or "", account, live.seen_at, changes)
