"""Judgements → Report: what is judged, what somebody accepted, and what counts; decided once, outside the rules."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from .api import Books, BooksRule, Context, Rule, Severity, Side, Waiver, WaiverUse
from .engine import Baselined, Census, Judgement, LiveState, Report, Summary, Waived
from .tally import MANIFEST, Reported, Tally

if TYPE_CHECKING:
    from .baseline import Baseline, BaselineUse
    from .manifest.organisation import OrganisationPolicy

ALWAYS = frozenset({"KL001", "KL002"})
"""What is judged whatever is selected: of a manifest that does not parse or breaks its schema nothing else is known."""

ALL = "ALL"
_EXACT = 1000


class Selection(NamedTuple):
    """Which rules to judge by: codes, prefixes of codes, names, or ALL. Of two that fit a rule the longer one wins."""

    select: tuple[str, ...] = ()
    """Only these; () is ALL."""
    ignore: tuple[str, ...] = ()
    extend_select: tuple[str, ...] = ()
    """These as well."""


class BadSelector(Exception):  # noqa: N818 - it is the user's word that is wrong
    """A selector that fits no loaded rule, or a rule that cannot be left out. Says so, and what to write instead."""


def select(rules: Sequence[Rule], selection: Selection, *, live: bool = False) -> tuple[Rule, ...]:
    """The rules that `selection` leaves, in their order: where there is no live state, none for that alone.

    Raises BadSelector.
    """
    for selector in (*selection.select, *selection.ignore, *selection.extend_select):
        known(selector, rules)
    for selector in selection.ignore:
        for rule in rules:
            if rule.code in ALWAYS and selector in {rule.code, rule.name}:
                msg = f"{selector} cannot be ignored: nothing is known of a manifest that breaks it"
                raise BadSelector(msg)
    chosen = (*(selection.select or (ALL,)), *selection.extend_select)
    return tuple(
        rule
        for rule in rules
        if (live or Side.DECLARED in rule.sides)
        and (rule.code in ALWAYS or _fit(rule, chosen) > _fit(rule, selection.ignore))
    )


def apply(
    judgements: Sequence[Judgement],
    rules: Sequence[Rule],
    organisation: "OrganisationPolicy | None" = None,
    baseline: "Baseline | None" = None,
) -> Report:
    """The report on all `judgements`, each with its waivers applied. `rules` are those that were judged.

    A `baseline` is that of one manifest, so there is one judgement where there is one. What `organisation` lets nobody
    accept, neither a waiver nor the baseline accepts.
    """
    terms = Terms.of(rules, organisation)
    parts = [_settle(judgement, terms, baseline) for judgement in judgements]
    summary = Summary(0, 0, 0, 0, 0, 0)
    census = Census()
    for part in parts:
        summary = Summary(*map(sum, zip(summary, part.summary, strict=True)))
        census = Census(*map(sum, zip(census, part.census, strict=True)))
    return Report(
        judgements[0].as_of,
        tuple(judgement.source for judgement in judgements),
        summary,
        tuple(finding for part in parts for finding in part.findings),
        tuple(unknown for part in parts for unknown in part.unknown),
        tuple(waived for part in parts for waived in part.waived),
        census,
        _live(judgements),
        tuple(baselined for part in parts for baselined in part.baseline),
    )


class Terms(NamedTuple):
    """On which terms a finding counts, or may be accepted."""

    rules: Mapping[str, Rule]
    """The rules that were judged, by code."""
    unwaivable: frozenset[str] = frozenset()
    """The codes of those that the organisation lets nobody accept."""
    severity: Mapping[str, str] = {}
    """How much a finding matters at least, by code."""

    @staticmethod
    def of(rules: Sequence[Rule], organisation: "OrganisationPolicy | None" = None) -> "Terms":
        """The terms of a run that judged by `rules`."""
        by_code = {rule.code: rule for rule in rules}
        return (
            Terms(by_code) if organisation is None else Terms(by_code, organisation.unwaivable, organisation.severity)
        )

    def acceptable(self, code: str | None) -> bool:
        """Whether somebody may accept findings of the rule `code`."""
        rule = None if code is None else self.rules.get(code)
        return rule is not None and rule.waivable and rule.code not in self.unwaivable

    def raised(self, findings: Sequence[Reported]) -> list[Reported]:
        """The findings, each with the severity that the organisation gives it where that is the graver one."""
        if not self.severity:
            return [*findings]
        least = {code: Severity(word) for code, word in self.severity.items()}
        return [
            finding._replace(severity=max(finding.severity, least.get(finding.code, finding.severity), key=_rank))
            for finding in findings
        ]


def uses(judgement: Judgement, terms: Terms, baseline: "Baseline") -> "tuple[BaselineUse, ...]":
    """What became of each entry of the baseline of the manifest that was judged; () where that is broken.

    An entry was judged where its rule was, on its subject and on each side on which it was found: what is unknown, and
    what nobody showed this time, says nothing of it.
    """
    from .baseline import BaselineUse  # noqa: PLC0415 - needed where there is a baseline

    if judgement.context is None:
        return ()
    found = {finding.fingerprint for finding in judgement.findings}
    undecided = {(unknown.code, unknown.subject, unknown.side) for unknown in judgement.unknown}
    undecided |= {(code, subject, Side.LIVE) for code, subject in judgement.not_shown}
    made = []
    for entry in baseline.entries.values():
        judged = entry.code in terms.rules and not any(
            (side is Side.LIVE and judgement.live is None)
            or (entry.code, entry.subject, side) in undecided
            or (entry.code, MANIFEST, side) in undecided
            for side in entry.sides
        )
        made.append(BaselineUse(entry, terms.acceptable(entry.code), judged, entry.fingerprint in found))
    return tuple(made)


def exit_code(report: Report, fail_on: Severity) -> int:
    """1 where a finding is at least `fail_on`; else 3 where something could not be decided; else 0."""
    if any(finding.severity.rank >= fail_on.rank for finding in report.findings):
        return 1
    return 3 if report.unknown else 0


def _settle(judgement: Judgement, terms: Terms, baseline: "Baseline | None") -> Report:
    """The report on one manifest: waivers and the baseline applied, and the books judged after them."""
    tally = Tally(judgement.source)
    context = judgement.context
    findings, waived, baselined = terms.raised(judgement.findings), list[Waived](), list[Baselined]()
    if context is not None:
        findings, waived = _waive(findings, context, terms)
        books = Books(_uses(judgement, context, terms), loosened=judgement.loosened)
        if baseline is not None:
            findings, baselined = _set_apart(findings, terms, baseline)
            books = books._replace(baseline=uses(judgement, terms, baseline))
        for rule in terms.rules.values():
            if isinstance(rule, BooksRule):
                tally.judge(rule, rule.check, (books,), context)
    findings = sorted([*findings, *terms.raised(tally.findings)], key=_order)
    unknown = (*judgement.unknown, *tally.unknown)
    passed = judgement.passed + tally.passed
    not_applicable = judgement.not_applicable + tally.not_applicable
    planned = passed + len(findings) + len(unknown) + len(waived) + not_applicable + len(baselined)
    return Report(
        judgement.as_of,
        (judgement.source,),
        Summary(planned, passed, len(findings), len(unknown), len(waived), not_applicable, len(baselined)),
        tuple(findings),
        tuple(sorted(unknown, key=lambda it: (it.code, it.subject))),
        tuple(sorted(waived, key=lambda it: _order(it.finding))),
        _census(judgement),
        judgement.live,
        tuple(sorted(baselined, key=lambda it: _order(it.finding))),
    )


def _set_apart(
    findings: Sequence[Reported], terms: Terms, baseline: "Baseline"
) -> tuple[list[Reported], list[Baselined]]:
    """The findings that stand, and those that the baseline holds."""
    stand, baselined = [], []
    for finding in findings:
        entry = baseline.entries.get(finding.fingerprint)
        if entry is not None and terms.acceptable(finding.code):
            baselined.append(Baselined(finding, entry))
        else:
            stand.append(finding)
    return stand, baselined


def _live(judgements: Sequence[Judgement]) -> LiveState | None:
    """What was looked at of the live state for any of the manifests."""
    states = [judgement.live for judgement in judgements if judgement.live is not None]
    if not states:
        return None
    looked_at = dict.fromkeys(looked for state in states for looked in state.looked_at)
    remarks = dict.fromkeys(remark for state in states for remark in state.remarks)
    return LiveState(tuple(looked_at), sum(state.answered for state in states), tuple(remarks))


def _waive(findings: Sequence[Reported], context: Context, terms: Terms) -> tuple[list[Reported], list[Waived]]:
    """The findings that stand, and those that a waiver in force accepts. An expired waiver is named in the finding."""
    waivers: dict[tuple[str, str], list[Waiver]] = {}
    for waiver in context.manifest.waivers:
        code = context.rules.get(waiver.rule)
        if code is not None:
            waivers.setdefault((code, waiver.on), []).append(waiver)
    stand, waived = [], []
    for finding in findings:
        candidates = waivers.get((finding.code, finding.subject), ()) if terms.acceptable(finding.code) else ()
        in_force = [waiver for waiver in candidates if waiver.in_force(context.today)]
        if in_force:
            waived.append(Waived(finding, in_force[0]))
        elif candidates:
            last = max(waiver.until for waiver in candidates)
            stand.append(finding._replace(message=f"{finding.message}; its waiver ended on {last}"))
        else:
            stand.append(finding)
    return stand, waived


def _uses(judgement: Judgement, context: Context, terms: Terms) -> tuple[WaiverUse, ...]:
    """What became of each waiver."""
    found = {(finding.code, finding.subject) for finding in judgement.findings}
    undecided = {(unknown.code, unknown.subject) for unknown in judgement.unknown}
    dangling = {reference.place.path for reference in context.manifest.dangling}
    made = []
    for waiver in context.manifest.waivers:
        code = context.rules.get(waiver.rule)
        judged = code in terms.rules and (code, waiver.on) not in undecided and waiver.at("on").path not in dangling
        made.append(WaiverUse(waiver, code, terms.acceptable(code), judged, (code, waiver.on) in found))
    return tuple(made)


def _rank(severity: Severity) -> int:
    return severity.rank


def _order(finding: Reported) -> tuple[int, int, str, str, str]:
    line, column = (0, 0) if finding.extent is None else finding.extent[:2]
    return line, column, finding.code, finding.subject, finding.message


def _census(judgement: Judgement) -> Census:
    manifest = None if judgement.context is None else judgement.context.manifest
    if manifest is None:
        return Census()
    return Census(len(manifest.accounts), len(manifest.providers), len(manifest.bots), len(manifest.keys))


def _fit(rule: Rule, selectors: Sequence[str]) -> int:
    """How closely the closest of `selectors` fits `rule`; -1 where none does."""
    fits = [-1]
    for selector in selectors:
        if selector in {rule.code, rule.name}:
            fits.append(_EXACT)
        elif selector == ALL:
            fits.append(0)
        elif rule.code.startswith(selector):
            fits.append(len(selector))
    return max(fits)


def known(selector: str, rules: Sequence[Rule]) -> None:
    """Raise BadSelector where `selector` fits none of `rules`, with the nearest that does."""
    if selector and any(_fit(rule, (selector,)) >= 0 for rule in rules):
        return
    # difflib is imported where somebody mistyped, not at every start.
    from difflib import get_close_matches  # noqa: PLC0415

    words = [word for rule in rules for word in (rule.code, rule.name)]
    near = get_close_matches(selector, words, 1) or get_close_matches(selector.upper(), words, 1)
    hint = f"did you mean {near[0]}?" if near else "`keylint rules` lists them all"
    msg = f"no rule answers to {selector!r}; {hint}"
    raise BadSelector(msg)
