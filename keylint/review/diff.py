"""Two manifests and what the rules say of each → what changed, which way, and which findings came and went."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, TypeVar

from keylint import engine, gate
from keylint.api import Rule
from keylint.engine import Report
from keylint.manifest.source import Source
from keylint.tally import Reported, Unknown

from . import entries
from .changes import Entry, order
from .directions import Direction
from .key_entries import keys
from .pairs import Names, pair

T = TypeVar("T")


class Version(NamedTuple):
    """One of the two manifests, as a report calls it."""

    name: str
    """The file, `<stdin>`, or a revision and a path, such as `main:keylint.toml`."""
    commit: str | None = None
    """The commit that the revision names; None for what is no revision."""
    held: bool = True
    """False for a revision in which there is no such file, which counts as an empty manifest."""


class Judged(NamedTuple):
    """One of the two manifests, with what the rules say of it."""

    version: Version
    source: Source
    report: Report


class Found(NamedTuple):
    """A finding that came or went."""

    finding: Reported
    waived: bool
    """Whether it is on the other side too, and a waiver accepts it there."""


class Diff(NamedTuple):
    """What is different between two manifests. Everything is in one order, which depends on nothing else."""

    base: Version
    head: Version
    as_of: datetime
    entries: tuple[Entry, ...]
    new: tuple[Found, ...]
    cleared: tuple[Found, ...]
    new_unknown: tuple[Unknown, ...]
    cleared_unknown: tuple[Unknown, ...]
    remarks: tuple[str, ...]

    def count(self, direction: Direction) -> int:
        """How many changes go one way."""
        return sum(change.direction is direction for entry in self.entries for change in entry.changes)


class BrokenManifest(Exception):  # noqa: N818 - it is said to the user as it is
    """One of the two is not a manifest: nothing can be compared. Says which, where, and why."""


def judged(version: Version, source: Source, rules: Sequence[Rule], as_of: datetime, names: Names) -> Judged:
    """A manifest with what `rules` say of it, offline, as of the instant `as_of`. Raises BrokenManifest.

    `names` holds the code of every loaded rule by its code and by its name.
    """
    report = gate.apply([engine.run(source, rules, as_of, names)], rules)
    if source.manifest is None:
        first = min(report.findings, key=lambda it: (it.code not in gate.ALWAYS, it.extent or (0, 0)))
        where = f":{first.extent.line}:{first.extent.column}" if first.extent else ""
        msg = f"{version.name}{where}: {first.code} {first.message}; {first.help}"
        raise BrokenManifest(msg)
    return Judged(version, source, report)


def diff(base: Judged, head: Judged, codes: Names) -> Diff:
    """What is different in `head`; `codes` holds the code of every loaded rule by its code and by its name."""
    before, after = base.source.manifest, head.source.manifest
    if before is None or after is None:
        msg = "only two valid manifests can be compared"
        raise BrokenManifest(msg)
    pairs = pair(before, after, codes)
    changed = [
        *entries.policy(before.policy, after.policy),
        *entries.accounts(before, after, pairs),
        *entries.providers(before, after, pairs),
        *entries.bots(before, after, pairs),
        *keys(before, after, pairs),
        *entries.events(before, after, pairs),
        *entries.waivers(before, after, pairs, codes),
    ]
    subjects = pairs.places
    old = [(_identity(it, subjects), it) for it in base.report.findings]
    new = [(_identity(it, {}), it) for it in head.report.findings]
    waived_before = {_identity(it.finding, subjects) for it in base.report.waived}
    waived_after = {_identity(it.finding, {}) for it in head.report.waived}
    doubts_before = [(_doubt(it, subjects), it) for it in base.report.unknown]
    doubts_after = [(_doubt(it, {}), it) for it in head.report.unknown]
    return Diff(
        base.version,
        head.version,
        head.report.as_of,
        tuple(sorted(changed, key=order)),
        tuple(Found(it, _identity(it, {}) in waived_before) for it in _beyond(new, old)),
        tuple(Found(it, _identity(it, subjects) in waived_after) for it in _beyond(old, new)),
        tuple(_beyond(doubts_after, doubts_before)),
        tuple(_beyond(doubts_before, doubts_after)),
        tuple(
            f"{version.name} does not exist: everything counts as {what}"
            for version, what in ((base.version, "added"), (head.version, "removed"))
            if not version.held
        ),
    )


def _beyond(these: Sequence[tuple[object, T]], those: Sequence[tuple[object, T]]) -> list[T]:
    """What is in `these` more often than in `those`, in its order; what is the same has the same identity."""
    left: dict[object, int] = {}
    for identity, _ in those:
        left[identity] = left.get(identity, 0) + 1
    found = []
    for identity, each in these:
        if left.get(identity, 0):
            left[identity] -= 1
        else:
            found.append(each)
    return found


def _identity(finding: Reported, subjects: Mapping[str, str]) -> object:
    """What makes two findings one: rule, subject and field, and how much it matters; lines and numbers may differ."""
    subject = subjects.get(finding.subject)
    fingerprint = finding.fingerprint
    if subject is not None:
        fingerprint = fingerprint.replace(f"/{finding.subject}/", f"/{subject}/", 1)
    return fingerprint, finding.severity


def _doubt(unknown: Unknown, subjects: Mapping[str, str]) -> object:
    return unknown.code, subjects.get(unknown.subject, unknown.subject), unknown.side, unknown.reason
