"""The live side of rules: what is certain, what is unknown, and what both sides say of one field."""

from collections.abc import Iterator, Sequence

import pytest
from live_rules import NOW, answered, evidence, key_look

from keylint import engine, gate
from keylint.api import (
    BOTH_SIDES,
    NOT_APPLICABLE,
    Account,
    AccountRule,
    Context,
    Finding,
    Key,
    KeyRule,
    LiveAccount,
    LiveAccountRule,
    LiveKey,
    LiveKeyRule,
    NotApplicable,
    Outcome,
    Rule,
    Severity,
    Side,
)
from keylint.engine import Judgement
from keylint.evidence.model import BINANCE, NO_CREDENTIALS, NOT_FOUND, STATUS, AccountLook, KeyLook, Status
from keylint.manifest.load import load
from keylint.tally import Unknown

TEXT = """\
version = 1
[bots.dca]
kind = "spot"
[keys.dca]
bot = "dca"
type = "ed25519"
permissions = ["read", "spot", "withdraw"]
created = 2026-11-01
"""
SILENT = key_look(outcome=NO_CREDENTIALS, reason="set KEYLINT_DCA")


def judged(rule: Rule, *looks: KeyLook, text: str = TEXT, accounts: Sequence[AccountLook] = ()) -> Judgement:
    return engine.run(load("keylint.toml", text.encode()), (rule,), NOW, {}, [evidence(*looks, accounts=accounts)])


def each(key: Key, _ctx: Context) -> list[Finding]:
    return [Finding(key.at("permissions", token), f"can {token}", "") for token in sorted(key.permissions)]


def lacks_futures(key: Key, _ctx: Context) -> Finding | None:
    return None if "futures" in key.permissions else Finding(key.at("permissions"), "lacks futures", "")


def never_looks(_key: Key, _ctx: Context) -> None:
    return None


def looks_at_what_is_declared(key: Key, _ctx: Context) -> Finding:
    return Finding(key.at("type"), f"is {key.type}", "")


def does_not_arise(_key: Key, _ctx: Context) -> NotApplicable:
    return NOT_APPLICABLE


def labelled(key: Key, _ctx: Context) -> Finding | None:
    return None if key.label else Finding(key.at("label"), "has no label", "")


def ml(check: object) -> KeyRule:
    return KeyRule("TST101", "some", "Some", Severity.WARNING, check, sides=BOTH_SIDES)  # type: ignore[arg-type]


def said(judgement: Judgement) -> list[str]:
    return [f"{it.message} | {it.live} | {it.side}" for it in judgement.findings]


def test_both_sides_that_say_the_same_of_one_field_are_one_finding() -> None:
    judgement = judged(ml(each), key_look("read", "withdraw", "futures"))

    assert said(judgement) == [
        "keys.dca can read (declared and live) | enableReading = true | declared",
        "keys.dca can spot (declared) | None | declared",
        "keys.dca can withdraw (declared and live) | enableWithdrawals = true | declared",
        "keys.dca can futures (live) | enableFutures = true | live",
    ]
    assert [it.observed_at for it in judgement.findings] == [NOW, None, NOW, NOW]
    assert judgement.passed == 0


def test_the_graver_of_two_severities_stands() -> None:
    def graver(key: Key, _ctx: Context) -> Finding:
        return Finding(
            key.at("type"), f"{sorted(key.permissions)}", "", Severity.ERROR if key.side is Side.LIVE else None
        )

    (finding,) = judged(ml(graver), key_look("read")).findings

    assert finding.severity is Severity.ERROR


def test_without_evidence_no_live_side_is_planned() -> None:
    def check(_declared: Key, _live: LiveKey, _ctx: Context) -> None:
        raise AssertionError

    source = load("keylint.toml", TEXT.encode())
    rules = (ml(each), LiveKeyRule("TST102", "other", "Other", Severity.ERROR, check))
    judgement = engine.run(source, rules, NOW, {})

    assert len(judgement.findings) == 3
    assert (judgement.passed, judgement.not_applicable, judgement.unknown) == (0, 0, ())


def test_what_is_in_doubt_is_unknown_and_what_is_certain_is_found() -> None:
    judgement = judged(ml(each), key_look("read", "futures", doubts=["withdraw"]))

    assert [it.message for it in judgement.findings if it.side is Side.LIVE] == ["keys.dca can futures (live)"]
    (unknown,) = judgement.unknown
    assert unknown == Unknown(
        "keylint.toml",
        "TST101",
        "keys.dca",
        Side.LIVE,
        "malformed",
        "keys.dca: enableWithdrawals is missing in what Binance answered",
    )


@pytest.mark.parametrize(
    ("true", "doubts", "ends"),
    [
        (["futures"], ["withdraw"], "passed"),
        ([], ["withdraw"], "found"),
        ([], ["futures"], "unknown"),
        (["futures"], ["spot", "read", "options"], "passed"),
    ],
)
def test_a_doubt_that_changes_nothing_is_none(true: list[str], doubts: list[str], ends: str) -> None:
    judgement = judged(ml(lacks_futures), key_look(*true, doubts=doubts))
    live = [it for it in judgement.findings if it.message.endswith("live)")]

    assert (judgement.passed, len(live), len(judgement.unknown)) == {
        "passed": (1, 0, 0),
        "found": (0, 1, 0),
        "unknown": (0, 0, 1),
    }[ends]


@pytest.mark.parametrize("check", [never_looks, looks_at_what_is_declared, each, lacks_futures])
def test_a_key_that_was_not_answered_never_passes(check: object) -> None:
    judgement = judged(ml(check), SILENT)

    (unknown,) = judgement.unknown
    assert (unknown.reason, unknown.side) == (NO_CREDENTIALS, Side.LIVE)
    assert unknown.message == "keys.dca: set KEYLINT_DCA"
    assert all(it.side is Side.DECLARED and it.observed_at is None for it in judgement.findings)


def test_a_question_that_does_not_arise_needs_no_answer() -> None:
    judgement = judged(ml(does_not_arise), SILENT)

    assert (judgement.not_applicable, judgement.unknown) == (2, ())


def test_of_a_key_that_binance_does_not_know_nothing_live_is_judged() -> None:
    judgement = judged(ml(each), key_look(outcome=NOT_FOUND))

    assert judgement.not_applicable == 1
    assert judgement.unknown == ()
    assert all(it.side is Side.DECLARED for it in judgement.findings)


def test_what_binance_never_shows_is_not_applicable() -> None:
    judgement = judged(ml(labelled), key_look("read"))

    assert judgement.not_applicable == 1
    assert [it.side for it in judgement.findings] == [Side.DECLARED]


def test_a_rule_that_crashes_on_the_live_side_is_unknown_there() -> None:
    def crashes(key: Key, _ctx: Context) -> None:
        if key.side is Side.LIVE:
            raise ValueError(key.label)

    judgement = judged(ml(crashes), key_look("read"))

    assert judgement.passed == 1
    assert judgement.not_applicable == 1  # the label is not shown, and that comes first


def test_a_rule_that_crashes_of_itself_is_unknown() -> None:
    def crashes(key: Key, _ctx: Context) -> None:
        if key.side is Side.LIVE:
            raise ValueError

    (unknown,) = judged(ml(crashes), key_look("read", doubts=["spot"])).unknown

    assert (unknown.reason, unknown.side) == ("rule-crashed", Side.LIVE)


def test_statuses_hold_on_the_live_side_too() -> None:
    rule = ml(each)._replace(statuses=frozenset({"staged"}))
    judgement = judged(rule, key_look("read"))

    assert (judgement.not_applicable, judgement.findings) == (2, ())


def beyond(declared: Key, live: LiveKey, _ctx: Context) -> Iterator[Finding]:
    for token in sorted(live.permissions - declared.permissions):
        yield Finding(declared.at("permissions", token), f"has {token}, which is not declared", "")


def test_a_rule_over_both_sides_says_what_binance_said() -> None:
    rule = LiveKeyRule("TST102", "other", "Other", Severity.ERROR, beyond)
    (finding,) = judged(rule, key_look("read", "futures")).findings

    assert finding.message == "keys.dca has futures, which is not declared"
    assert (finding.side, finding.live, finding.observed_at) == (Side.LIVE, "enableFutures = true", NOW)
    assert finding.extent is not None
    assert finding.extent.line == 7


def test_a_rule_over_both_sides_is_judged_between_the_least_and_the_most() -> None:
    rule = LiveKeyRule("TST102", "other", "Other", Severity.ERROR, beyond)
    judgement = judged(rule, key_look("read", "futures", doubts=["options"]))

    assert [it.message for it in judgement.findings] == ["keys.dca has futures, which is not declared"]
    assert [it.reason for it in judgement.unknown] == ["malformed"]


def test_a_rule_over_an_account_says_when_it_was_asked() -> None:
    def restricted(account: Account, live: LiveAccount, _ctx: Context) -> Finding | None:
        text = live.status.text
        return None if text == "Normal" else Finding(account.at("owner"), f'is "{text}"', "", live=f"data = {text}")

    rule = LiveAccountRule("TST103", "third", "Third", Severity.WARNING, restricted)
    asked = answered("main", STATUS, Status("Abuse"))
    judgement = judged(rule, key_look("read"), accounts=[asked])

    assert said(judgement) == ['accounts.main is "Abuse" | data = Abuse | live']
    assert judgement.findings[0].observed_at == NOW
    assert judged(rule, key_look("read")).unknown[0].subject == "accounts.main"


def test_a_rule_over_the_declared_account_has_no_live_side() -> None:
    def fine(_account: Account, _ctx: Context) -> Outcome:
        return None

    rule = AccountRule("TST104", "fourth", "Fourth", Severity.WARNING, fine)

    assert judged(rule, key_look("read")).passed == 1
    assert judged(rule._replace(sides=BOTH_SIDES), key_look("read")).passed == 1


def test_the_counts_add_up_and_the_report_says_who_was_asked() -> None:
    rules = (ml(each), LiveKeyRule("TST102", "other", "Other", Severity.ERROR, beyond))
    source = load("keylint.toml", TEXT.encode())
    judgement = engine.run(source, rules, NOW, {}, [evidence(key_look("read", "futures", doubts=["options"]))])
    report = gate.apply([judgement], rules)

    assert report.summary.planned == len(report.findings) + len(report.unknown) + report.summary.passed
    assert report.live is not None
    assert report.live.answered == 1
    assert report.live.looked_at[0].source == BINANCE


def test_a_broken_manifest_leaves_the_live_rules_unknown_too() -> None:
    rule = LiveKeyRule("TST102", "other", "Other", Severity.ERROR, beyond)
    judgement = judged(rule, key_look("read"), text="version = 2\n")

    assert [it.reason for it in judgement.unknown] == ["manifest-broken"]


def test_where_binance_says_it_otherwise_its_words_stand_beside_what_it_said() -> None:
    def aged(key: Key, ctx: Context) -> Finding:
        return Finding(key.at("created"), f"is {ctx.age(key.created)} days old", "")

    (finding,) = judged(ml(aged), key_look("read")).findings

    assert finding.message == "keys.dca is 19 days old (declared)"
    assert finding.live == "is 0 days old; createTime = 2026-11-20 12:00 UTC"


def test_a_finding_that_is_certain_in_other_words_is_said_in_the_milder_ones() -> None:
    def graver(key: Key, _ctx: Context) -> Finding:
        power = "withdraw" in key.permissions
        return Finding(key.at("type"), "moves" if power else "looks", "", Severity.ERROR if power else Severity.NOTE)

    rule = ml(graver)._replace(sides=(Side.LIVE,))
    judgement = judged(rule, key_look("read", doubts=["withdraw"]))

    assert [(it.message, it.severity) for it in judgement.findings] == [("keys.dca looks", Severity.NOTE)]
    assert len(judgement.unknown) == 1
