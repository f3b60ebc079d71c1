"""Rules over subjects → Report: every planned check ends as pass, finding, unknown or not applicable."""

import os.path
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple, TypeVar

from .api import (
    NOT_APPLICABLE,
    AccountRule,
    BooksRule,
    BotRule,
    Context,
    Finding,
    Key,
    KeyRule,
    ManifestRule,
    NotApplicable,
    Outcome,
    Place,
    ProviderRule,
    Rule,
    Severity,
    Side,
    Source,
    SourceContext,
    SourceRule,
    Span,
    Undecided,
    Waiver,
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
    """When Binance was asked; None on the declared side."""


class Unknown(NamedTuple):
    """A check that could not be decided, and why."""

    file: str
    code: str
    subject: str
    side: Side
    reason: str
    """One word for programs: manifest-broken, unknown-reference, rule-crashed."""
    message: str


class Waived(NamedTuple):
    """A finding that somebody accepted."""

    finding: Reported
    waiver: Waiver


class Summary(NamedTuple):
    """How the planned checks ended: `planned` is the sum of the others. A check broken in n places counts n times."""

    planned: int
    passed: int
    findings: int
    unknown: int
    waived: int
    not_applicable: int


class Census(NamedTuple):
    """How many of each were declared."""

    accounts: int = 0
    providers: int = 0
    bots: int = 0
    keys: int = 0


class Report(NamedTuple):
    """What a run found over all its manifests, in one order."""

    as_of: datetime
    sources: tuple[Source, ...]
    summary: Summary
    findings: tuple[Reported, ...]
    unknown: tuple[Unknown, ...]
    waived: tuple[Waived, ...]
    census: Census


class Judgement(NamedTuple):
    """What the rules said of one manifest, before waivers are applied."""

    source: Source
    context: Context | None
    """None where the manifest is broken."""
    as_of: datetime
    passed: int
    not_applicable: int
    findings: tuple[Reported, ...]
    unknown: tuple[Unknown, ...]


def run(source: Source, rules: Sequence[Rule], as_of: datetime, names: Mapping[str, str]) -> Judgement:
    """Judge one manifest by `rules` as of the instant `as_of`.

    `names` holds the code of every loaded rule by its code and by its name, whether it is judged here or not.
    Books rules are left to the gate, which knows what became of the waivers.
    """
    as_of = as_of.astimezone(UTC)
    today = as_of.date()
    tally = Tally(source)
    source_context = SourceContext(as_of, today)
    if source.manifest is None:
        for rule in rules:
            if isinstance(rule, SourceRule):
                tally.judge(rule, rule.check, (source,), source_context)
            else:
                tally.undecided(rule, MANIFEST, "manifest-broken", "not judged until the manifest is valid")
        return tally.judgement(None, as_of)
    manifest = source.manifest
    context = Context(as_of, today, manifest.policy, manifest, names)
    keys = _Keys(manifest.keys.values())
    for rule in rules:
        _judge(tally, rule, keys, context, source_context)
    return tally.judgement(context, as_of)


def _judge(tally: "Tally", rule: Rule, keys: "_Keys", context: Context, source_context: SourceContext) -> None:
    """Judge every subject of one rule."""
    manifest = context.manifest
    match rule:
        case KeyRule():
            subjects = keys.whose_status_is(rule.statuses)
            tally.skip(len(manifest.keys) - len(subjects))
            tally.judge(rule, rule.check, subjects, context)
        case BotRule():
            tally.judge(rule, rule.check, manifest.bots.values(), context)
        case AccountRule():
            tally.judge(rule, rule.check, manifest.accounts.values(), context)
        case ProviderRule():
            tally.judge(rule, rule.check, manifest.providers.values(), context)
        case ManifestRule():
            tally.judge(rule, rule.check, (manifest,), context)
        case SourceRule():
            tally.judge(rule, rule.check, (tally.source,), source_context)
        case BooksRule():
            pass  # the gate judges it, which knows what became of the waivers


class _Keys:
    """The keys of a manifest by status, sorted out once for all rules."""

    def __init__(self, keys: Collection[Key]) -> None:
        self.keys = keys
        self.found: dict[frozenset[str], Collection[Key]] = {}

    def whose_status_is(self, statuses: frozenset[str]) -> Collection[Key]:
        """The keys whose status is one of `statuses`."""
        if statuses not in self.found:
            self.found[statuses] = [key for key in self.keys if key.status in statuses]
        return self.found[statuses]


class Tally:
    """Keeps count of how the checks of one manifest end."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.passed = 0
        self.not_applicable = 0
        self.findings: list[Reported] = []
        self.unknown: list[Unknown] = []

    def judgement(self, context: Context | None, as_of: datetime) -> Judgement:
        """What was counted."""
        findings, unknown = tuple(self.findings), tuple(self.unknown)
        return Judgement(self.source, context, as_of, self.passed, self.not_applicable, findings, unknown)

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
            except Undecided as undecided:
                others += 1
                self.undecided(rule, name_of(rule, subject), undecided.reason, undecided.message)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - it becomes an unknown, never a pass
                others += 1
                self.undecided(rule, name_of(rule, subject), "rule-crashed", _crash(error))
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

    def undecided(self, rule: Rule, subject: str, reason: str, message: str) -> None:
        """Keep an unknown."""
        self.unknown.append(Unknown(self.source.name, rule.code, subject, Side.DECLARED, reason, message))


class _Nonsense(Exception):  # noqa: N818
    def __init__(self, value: object) -> None:
        super().__init__(f"returned {type(value).__name__}, where a finding was due")


class _TooMuch(Exception):  # noqa: N818
    def __init__(self) -> None:
        super().__init__("has more findings of one subject than anybody could read")


def name_of(rule: Rule, subject: object) -> str:
    """How a report calls the subject of a check: `keys.grid`; rules about a whole manifest have `manifest`."""
    return MANIFEST if rule.on == MANIFEST else str(subject)


def reported(source: Source, rule: Rule, subject: object, finding: Finding) -> Reported:
    """A finding with its rule, its subject, its place in lines and columns, and its fingerprint."""
    at = finding.at
    extent = _extent(source, at)
    side = subject.side if isinstance(subject, Key) else Side.DECLARED
    if isinstance(at, Place):
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
