"""Rules over subjects → Report: every planned check ends as pass, finding, unknown or not applicable."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from .api import (
    AccountRule,
    BotRule,
    Context,
    Key,
    KeyRule,
    ManifestRule,
    ProviderRule,
    Rule,
    Side,
    Source,
    SourceContext,
    SourceRule,
    Waiver,
)
from .tally import MANIFEST, Reported, Tally, Unknown

if TYPE_CHECKING:
    from .baseline import Entry
    from .evidence.known import Looked
    from .evidence.model import Evidence
    from .manifest.organisation import OrganisationPolicy
    from .manifest.strictness import Loosened


class Waived(NamedTuple):
    """A finding that somebody accepted."""

    finding: Reported
    waiver: Waiver


class Baselined(NamedTuple):
    """A finding that was there when keylint was adopted, and the entry of the baseline that says so."""

    finding: Reported
    entry: "Entry"


class Summary(NamedTuple):
    """How the planned checks ended: `planned` is the sum of the others. A check broken in n places counts n times."""

    planned: int
    passed: int
    findings: int
    unknown: int
    waived: int
    not_applicable: int
    baseline: int = 0


class Census(NamedTuple):
    """How many of each were declared."""

    accounts: int = 0
    providers: int = 0
    bots: int = 0
    keys: int = 0


class LiveState(NamedTuple):
    """What was looked at of the live state."""

    looked_at: tuple["Looked", ...]
    answered: int
    """Of how many keys Binance told something."""
    remarks: tuple[str, ...] = ()
    """What the looks do not agree on, and what those who looked had to say."""


class Report(NamedTuple):
    """What a run found over all its manifests, in one order."""

    as_of: datetime
    sources: tuple[Source, ...]
    summary: Summary
    findings: tuple[Reported, ...]
    unknown: tuple[Unknown, ...]
    waived: tuple[Waived, ...]
    census: Census
    live: LiveState | None = None
    """None where live state was not looked at."""
    baseline: tuple[Baselined, ...] = ()


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
    live: LiveState | None = None
    loosened: "tuple[Loosened, ...] | None" = None
    """Where the manifest is looser than the organisation's policy; None where there is none."""
    not_shown: frozenset[tuple[str, str]] = frozenset()
    """The code and the subject of the live checks whose question did not arise: nobody showed what it is about."""


def run(  # noqa: PLR0913, PLR0917 - all that a judgement depends on
    source: Source,
    rules: Sequence[Rule],
    as_of: datetime,
    names: Mapping[str, str],
    evidence: "Sequence[Evidence] | None" = None,
    organisation: "OrganisationPolicy | None" = None,
) -> Judgement:
    """Judge one manifest by `rules` as of the instant `as_of`.

    `names` holds the code of every loaded rule by its code and by its name, whether it is judged here or not.
    `evidence` is what Binance said; without it no live side is planned. Where there is an `organisation`, the
    manifest's own thresholds count only as far as they are stricter. Books rules are left to the gate, which knows what
    became of the waivers.
    """
    as_of = as_of.astimezone(UTC)
    today = as_of.date()
    tally = Tally(source)
    source_context = SourceContext(as_of, today)
    if evidence is None:
        rules = [rule for rule in rules if Side.DECLARED in rule.sides]
    manifest = source.manifest
    if manifest is None:
        _judge_broken(tally, rules, source_context)
        return _judgement(tally, None, as_of)
    context, loosened = Context(as_of, today, manifest.policy, manifest, names), None
    if organisation is not None:
        context, loosened = _under(organisation, source, context)
        manifest = context.manifest
    keys = _Keys(manifest.keys.values())
    if evidence is None:
        for rule in rules:
            _judge(tally, rule, keys, context, source_context)
        return _judgement(tally, context, as_of)._replace(loosened=loosened)
    # A commit hook, which looks at no live state, does not pay for what judges it.
    from .evidence.known import known  # noqa: PLC0415
    from .live_side import judge, merged  # noqa: PLC0415

    live = known(manifest, evidence, as_of)
    context = context._replace(live=live)
    for rule in rules:
        if Side.DECLARED in rule.sides:
            _judge(tally, rule, keys, context, source_context)
        if Side.LIVE in rule.sides:
            judge(tally, rule, live, context)
    judgement = _judgement(tally, context, as_of)
    state = LiveState(live.looked_at, live.answered, live.remarks)
    return judgement._replace(
        findings=merged(judgement.findings), live=state, loosened=loosened, not_shown=frozenset(tally.not_shown)
    )


def _judge_broken(tally: Tally, rules: Sequence[Rule], source_context: SourceContext) -> None:
    """Judge the text of a manifest that breaks its schema; everything else of it is unknown."""
    for rule in rules:
        if isinstance(rule, SourceRule):
            tally.judge(rule, rule.check, (tally.source,), source_context)
        else:
            tally.undecided(rule, MANIFEST, "manifest-broken", "not judged until the manifest is valid")


def _under(
    organisation: "OrganisationPolicy", source: Source, context: Context
) -> "tuple[Context, tuple[Loosened, ...]]":
    """The context of rules under an organisation's policy, and where the manifest is looser than that."""
    policy, loosened = organisation.over(source.values.get("policy", {}))
    manifest = context.manifest._replace(policy=policy)
    return context._replace(policy=policy, manifest=manifest, unwaivable=organisation.unwaivable), loosened


def _judge(tally: Tally, rule: Rule, keys: "_Keys", context: Context, source_context: SourceContext) -> None:
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
        case _:
            pass  # books: the gate judges it, which knows what became of the waivers


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


def _judgement(tally: Tally, context: Context | None, as_of: datetime) -> Judgement:
    findings, unknown = tuple(tally.findings), tuple(tally.unknown)
    return Judgement(tally.source, context, as_of, tally.passed, tally.not_applicable, findings, unknown)
