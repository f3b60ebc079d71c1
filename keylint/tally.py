"""Checks → counts: each ends as pass, finding, unknown or not applicable, and a rule that fails fails alone."""

import os.path
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import NamedTuple, TypeVar

from .api import (
    NOT_APPLICABLE,
    Finding,
    NotApplicable,
    NotShown,
    Outcome,
    Place,
    Rule,
    Severity,
    Side,
    Source,
    SourceRule,
    Span,
    Undecided,
)
from .manifest.source import dotted

S = TypeVar("S")
C = TypeVar("C")

MANIFEST = "manifest"
MOST_FINDINGS = 1_000
"""How many findings one check may have; a rule that has more to say of one subject is at fault itself."""
MOST_OF_A_MANIFEST = 200_000
"""The same for a check of a whole manifest, which may honestly have one for each of its lines."""


class Extent(NamedTuple):
    """A start and an end, each a line and a column from 1; columns are characters, the end is exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


class Reported(NamedTuple):
    """A finding as a report holds it: with its rule, its subject, and where it stands."""

    file: str
    code: str
    name: str
    severity: Severity
    subject: str
    path: str | None
    side: Side
    message: str
    help: str
    extent: Extent | None
    """None where the manifest has no place for it, such as an account that nobody wrote down."""
    fingerprint: str
    """Rule, subject and field: stays the same when lines move."""
    observed_at: datetime | None = None
    """When Binance was asked; None where the live side has no part in it."""
    live: str | None = None
    """What Binance said, in its own terms; None where the live side has no part in it."""


class Unknown(NamedTuple):
    """A check that could not be decided, and why."""

    file: str
    code: str
    subject: str
    side: Side
    reason: str
    """One word for programs: manifest-broken, unknown-reference, rule-crashed; no-credentials, rejected, stale …"""
    message: str


class Tally:
    """Keeps count of how the checks of one manifest end."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.passed = 0
        self.not_applicable = 0
        self.findings: list[Reported] = []
        self.unknown: list[Unknown] = []
        self.not_shown: list[tuple[str, str]] = []
        """The code and the subject of the live checks whose question did not arise: nobody showed what it is about."""

    def judge(self, rule: Rule, check: Callable[[S, C], Outcome], subjects: Collection[S], context: C) -> None:
        """Judge each of `subjects`. A rule that fails leaves its subject undecided, and the others go on."""
        others = not_applicable = 0
        for subject in subjects:
            try:
                outcome = check(subject, context)
                if outcome is None:
                    continue
                if outcome is NOT_APPLICABLE:
                    not_applicable += 1
                elif self.breaks(rule, subject, outcome):
                    others += 1
            except NotShown:
                not_applicable += 1
            except Undecided as undecided:
                others += 1
                self.undecided(rule, subject, undecided.reason, undecided.message)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - it becomes an unknown, never a pass
                others += 1
                self.undecided(rule, subject, "rule-crashed", _crash(error))
        self.not_applicable += not_applicable
        self.passed += len(subjects) - not_applicable - others

    def breaks(self, rule: Rule, subject: object, outcome: Outcome) -> bool:
        """Keep the findings that a check returned; False where there are none after all."""
        if isinstance(outcome, Finding):
            self.findings.append(reported(self.source, rule, subject, outcome))
            return True
        if outcome is None or isinstance(outcome, NotApplicable | str | Mapping):
            raise _Nonsense(outcome)
        before = len(self.findings)
        most = MOST_OF_A_MANIFEST if rule.on == MANIFEST else MOST_FINDINGS
        for finding in outcome:
            if not isinstance(finding, Finding):
                raise _Nonsense(finding)
            if len(self.findings) - before == most:
                raise _TooMuch
            # Kept one by one: what a rule said before it failed is not lost.
            self.findings.append(reported(self.source, rule, subject, finding))
        return len(self.findings) > before

    def skip(self, checks: int) -> None:
        """Count checks whose question does not arise."""
        self.not_applicable += checks

    def undecided(self, rule: Rule, subject: object, reason: str, message: str) -> None:
        """Keep an unknown."""
        name, side = name_of(rule, subject), side_of(rule, subject)
        self.unknown.append(Unknown(self.source.name, rule.code, name, side, reason, message))


class _Nonsense(Exception):  # noqa: N818
    def __init__(self, value: object) -> None:
        super().__init__(f"returned {type(value).__name__}, where a finding was due")


class _TooMuch(Exception):  # noqa: N818
    def __init__(self) -> None:
        super().__init__("has more findings of one subject than anybody could read")


def name_of(rule: Rule, subject: object) -> str:
    """How a report calls the subject of a check: `keys.grid`; rules about a whole manifest have `manifest`."""
    return MANIFEST if rule.on == MANIFEST else str(subject)


def side_of(rule: Rule, subject: object) -> Side:
    """The side on which a rule judges `subject`: live values say so themselves."""
    found = getattr(subject, "side", None)
    return found if isinstance(found, Side) else rule.sides[0]


def reported(source: Source, rule: Rule, subject: object, finding: Finding) -> Reported:
    """A finding with its rule, its subject, its place in lines and columns, and its fingerprint."""
    at = finding.at
    extent = _extent(source, at)
    side = side_of(rule, subject)
    live, seen = finding.live, finding.seen
    if isinstance(at, Place):
        if side is Side.LIVE:
            said, moment = subject.said(at)  # type: ignore[attr-defined]
            live, seen = live or said, seen or moment
        path: str | None = dotted(source.concrete(at))
        # A rule about the whole manifest says of which part of it it speaks by the place that it points at.
        name = name_of(rule, subject) if rule.on != MANIFEST else dotted(at.path[:2])
        fingerprint = f"{rule.code}/{name or MANIFEST}/{at.field}"
    else:
        path, name = None, MANIFEST
        fingerprint = f"{rule.code}/{MANIFEST}/{finding.message}"
    message = finding.message
    if not isinstance(rule, SourceRule) and name:
        message = f"{name} {message}"
    if len(rule.sides) > 1:
        message = f"{message} ({side})"
    return Reported(
        source.name,
        rule.code,
        rule.name,
        finding.severity or rule.severity,
        name or MANIFEST,
        path or None,
        side,
        message,
        finding.help,
        extent,
        fingerprint,
        seen,
        live,
    )


def _extent(source: Source, at: Place | Span) -> Extent | None:
    span = source.locate(at)
    if span is None:
        return None
    start, end = source.position(span.start), source.position(span.end)
    return Extent(start.line, start.column, end.line, end.column)


def _crash(error: BaseException) -> str:
    """What to say of a rule that crashed: the kind of the error and its place, never its text, which may quote data."""
    if isinstance(error, _Nonsense | _TooMuch):
        return f"the rule {error}"
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = "" if trace is None else f" at {os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}"
    return f"the rule crashed: {type(error).__name__}{where}"
