"""Rules over what Binance said → findings and unknowns of the live side, beside those of the declared one."""

from collections.abc import Callable, Sequence

from .api import Account, Context, Key, KeyRule, LiveAccountRule, LiveKeyRule, Outcome, Rule, Severity, Side, Undecided
from .evidence.accounts import LiveAccount
from .evidence.keys import LiveKey
from .evidence.known import Known
from .tally import Reported, Tally, name_of


def judge(tally: Tally, rule: Rule, known: Known, context: Context) -> None:
    """Judge the live side of every subject of one rule."""
    match rule:
        case KeyRule() | LiveKeyRule():
            for live in known.keys.values():
                if live.status in rule.statuses:
                    _judge_key(tally, rule, live, context)
                else:
                    tally.skip(1)
        case LiveAccountRule():
            for account in known.accounts.values():
                _keep(tally, _tried(tally, rule, _of_account(rule), account, context))
        case _:
            pass  # what is declared alone has no live side


def merged(findings: Sequence[Reported]) -> tuple[Reported, ...]:
    """The findings, with those made one that say the same of one field on both sides."""
    live: dict[tuple[str, str], list[Reported]] = {}
    for finding in findings:
        if finding.side is Side.LIVE:
            live.setdefault((finding.subject, finding.fingerprint), []).append(finding)
    kept, taken = [], set[int]()
    for finding in findings:
        if finding.side is Side.DECLARED and (others := live.get((finding.subject, finding.fingerprint))):
            other = others.pop(0)
            taken.add(id(other))
            kept.append(_both(finding, other))
        else:
            kept.append(finding)
    return tuple(finding for finding in kept if id(finding) not in taken)


def _both(declared: Reported, live: Reported) -> Reported:
    """One finding that says both; where Binance says it otherwise, its words stand with what it said."""
    said, truth = declared.message.removesuffix(f" ({Side.DECLARED})"), live.message.removesuffix(f" ({Side.LIVE})")
    if said == truth:
        declared = declared._replace(message=f"{said} ({Side.DECLARED} and {Side.LIVE})")
    else:
        live = live._replace(live=f"{truth.removeprefix(declared.subject).lstrip()}; {live.live or ''}".rstrip("; "))
    severity: Severity = max(declared.severity, live.severity, key=lambda it: it.rank)
    return declared._replace(severity=severity, observed_at=live.observed_at, live=live.live)


def _judge_key(tally: Tally, rule: KeyRule | LiveKeyRule, live: LiveKey, context: Context) -> None:
    """Judge one key, of which Binance may have told everything, a part, or nothing."""
    check: Callable[[LiveKey, Context], Outcome] = rule.check if isinstance(rule, KeyRule) else _of_key(rule)
    bounds = live.bounds()
    if bounds is not None:
        _judge_between(tally, rule, check, live, bounds, context)
        return
    tried = _tried(tally, rule, check, live, context)
    none = live.facts.none
    if isinstance(rule, KeyRule) and isinstance(none, Undecided) and (tried.passed or tried.findings):
        # A check that did not ask for anything live has judged the declared key once more: that is no look at Binance.
        tally.undecided(rule, live, none.reason, none.message)
        return
    _keep(tally, tried)


def _judge_between(  # noqa: PLR0913, PLR0917 - what one judgement needs
    tally: Tally,
    rule: KeyRule | LiveKeyRule,
    check: Callable[[LiveKey, Context], Outcome],
    live: LiveKey,
    bounds: tuple[LiveKey, LiveKey],
    context: Context,
) -> None:
    """Judge a key of whose permissions some are not known: what holds with the fewest and with the most is certain."""
    least, most = (_tried(tally, rule, check, bound, context) for bound in bounds)
    # That there is a finding can be certain where its words are not: then the milder ones are said.
    said = {finding.fingerprint: finding for finding in most.findings}
    certain = [
        min(finding, said[finding.fingerprint], key=lambda it: it.severity.rank)
        for finding in least.findings
        if finding.fingerprint in said
    ]
    if least.findings == most.findings and least.unknown == most.unknown:
        _keep(tally, least)
        return
    tally.findings += certain
    tally.unknown += least.unknown
    if not least.unknown:
        doubt = live.doubt()
        tally.undecided(rule, live, doubt.reason, doubt.message)


def _tried(
    tally: Tally,
    rule: Rule,
    check: Callable[..., Outcome],
    subject: LiveKey | LiveAccount,
    context: Context,
) -> Tally:
    """What one check of one subject comes to, counted apart."""
    tried = Tally(tally.source)
    tried.judge(rule, check, (subject,), context)
    if tried.not_applicable:
        tried.not_shown.append((rule.code, name_of(rule, subject)))
    return tried


def _keep(tally: Tally, tried: Tally) -> None:
    tally.passed += tried.passed
    tally.not_applicable += tried.not_applicable
    tally.findings += tried.findings
    tally.unknown += tried.unknown
    tally.not_shown += tried.not_shown


def _of_key(rule: LiveKeyRule) -> Callable[[LiveKey, Context], Outcome]:
    def check(live: LiveKey, context: Context) -> Outcome:
        declared: Key = live.declared
        return rule.check(declared, live, context)

    return check


def _of_account(rule: LiveAccountRule) -> Callable[[LiveAccount, Context], Outcome]:
    def check(live: LiveAccount, context: Context) -> Outcome:
        declared: Account = live.declared
        return rule.check(declared, live, context)

    return check
