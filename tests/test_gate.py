"""What is judged, what somebody accepted, and what counts."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keylint import engine, gate
from keylint.api import (
    EVERY_STATUS,
    NOT_APPLICABLE,
    Account,
    AccountRule,
    Books,
    BooksRule,
    Bot,
    BotRule,
    Context,
    Finding,
    Key,
    KeyRule,
    Manifest,
    ManifestRule,
    NotApplicable,
    Place,
    Provider,
    ProviderRule,
    Rule,
    Severity,
    Source,
    SourceContext,
    SourceRule,
    WaiverUse,
)
from keylint.engine import Report, Summary
from keylint.gate import BadSelector, Selection, exit_code, select
from keylint.manifest.load import load
from keylint.tally import Unknown
from keylint.testing import MOMENT, completed

# Rules whose answers a test can count.


def text_is_plain(source: Source, _ctx: SourceContext) -> list[Finding]:
    return [Finding(Place(()), "the text is not plain", "")] if "ugly" in source.text else []


def has_bots(manifest: Manifest, _ctx: Context) -> Finding | None:
    return None if manifest.bots else Finding(Place(()), "the manifest has no bots", "")


def can_withdraw(key: Key, _ctx: Context) -> Finding | None:
    return Finding(key.at("permissions", "withdraw"), "can withdraw", "") if "withdraw" in key.permissions else None


def each_permission(key: Key, _ctx: Context) -> Iterator[Finding]:
    return (Finding(key.at("permissions", it), f"can {it}", "", Severity.NOTE) for it in sorted(key.permissions))


def bot_is_active(key: Key, _ctx: Context) -> Finding | NotApplicable | None:
    if not key.bots:
        return NOT_APPLICABLE
    return None if all(bot.status == "active" for bot in key.bots) else Finding(key.at("bot"), "is idle", "")


def crashes(bot: Bot, _ctx: Context) -> Iterator[Finding]:
    yield Finding(bot.at("kind"), "was looked at", "", Severity.WARNING)
    if bot.purpose is not None:
        raise ValueError(bot.purpose)


def passes(_account: Account, _ctx: Context) -> None:
    return None


def exits(_provider: Provider, _ctx: Context) -> None:
    raise SystemExit


SEEN: list[tuple[WaiverUse, ...]] = []


def books_are_read(books: Books, _ctx: Context) -> list[Finding]:
    SEEN.append(books.waivers)
    return [Finding(use.waiver.at("rule"), "is a waiver", "", Severity.NOTE) for use in books.waivers]


ERROR, WARNING = Severity.ERROR, Severity.WARNING
RULES: tuple[Rule, ...] = (
    SourceRule("KL001", "plain", "-", ERROR, text_is_plain),
    ManifestRule("KL003", "bots", "-", WARNING, has_bots, waivable=False),
    KeyRule("TST101", "withdraws", "-", ERROR, can_withdraw),
    KeyRule("TST102", "permissions", "-", WARNING, each_permission, statuses=EVERY_STATUS),
    KeyRule("TST103", "idle", "-", WARNING, bot_is_active, statuses=frozenset({"active"})),
    BotRule("TST201", "crashes", "-", WARNING, crashes),
    AccountRule("TST301", "passes", "-", WARNING, passes),
    ProviderRule("TST401", "exits", "-", WARNING, exits),
    BooksRule("TST900", "books", "-", WARNING, books_are_read),
)
NAMES = {word: rule.code for rule in RULES for word in (rule.code, rule.name)}
WITHDRAWS = RULES[2]


def judged(*manifests: str, rules: tuple[Rule, ...] = RULES, as_of: datetime = MOMENT) -> Report:
    return gate.apply([engine.run(completed(text, as_of), rules, as_of, NAMES) for text in manifests], rules)


def uses(manifest: str, rules: tuple[Rule, ...] = RULES) -> list[tuple[str | None, bool, bool, bool]]:
    """What the books say of each waiver: its code, whether that is waivable, was judged, and was of use."""
    judged(manifest, rules=(*rules, RULES[-1]))
    return [use[1:] for use in SEEN[-1]]


def waiver(rule: str = "withdraws", on: str = "keys.a", until: str = "2026-12-31", by: str = "risk") -> str:
    return f'[[waivers]]\nrule = "{rule}"\non = "{on}"\nreason = "agreed"\nby = "{by}"\nuntil = {until}\n'


KEY = '[keys.a]\npermissions = ["read", "withdraw"]\n'


# Waivers.


def test_a_finding_without_a_waiver_counts() -> None:
    report = judged(KEY, rules=(WITHDRAWS,))
    assert [it.message for it in report.findings] == ["keys.a can withdraw"]
    assert report.summary == Summary(1, 0, 1, 0, 0, 0)
    assert report.waived == ()


@pytest.mark.parametrize("rule", ["withdraws", "TST101"])
def test_a_waiver_in_force_accepts_it_and_it_stays_visible(rule: str) -> None:
    report = judged(KEY + waiver(rule), rules=(WITHDRAWS,))
    assert report.findings == ()
    [waived] = report.waived
    assert (waived.finding.code, waived.finding.message, waived.waiver.by) == ("TST101", "keys.a can withdraw", "risk")
    assert report.summary == Summary(1, 0, 0, 0, 1, 0)
    assert exit_code(report, Severity.NOTE) == 0


@pytest.mark.parametrize(
    ("moment", "accepted"),
    [
        ("2026-12-10T00:00:00+00:00", True),
        ("2026-12-10T23:59:59.999999+00:00", True),
        ("2026-12-11T00:00:00+00:00", False),
        ("2026-12-11T05:00:00+09:00", True),  # the day is the day in UTC
        ("2026-12-10T20:00:00-05:00", False),
    ],
)
def test_its_last_day_is_included(moment: str, accepted: bool) -> None:
    report = judged(KEY + waiver(until="2026-12-10"), rules=(WITHDRAWS,), as_of=datetime.fromisoformat(moment))
    assert len(report.waived) == accepted
    assert [it.message for it in report.findings] == (
        [] if accepted else ["keys.a can withdraw; its waiver ended on 2026-12-10"]
    )


def test_of_several_expired_ones_the_last_day_is_told() -> None:
    report = judged(KEY + waiver(until="2026-11-01") + waiver("TST101", until="2026-11-19"), rules=(WITHDRAWS,))
    assert [it.message for it in report.findings] == ["keys.a can withdraw; its waiver ended on 2026-11-19"]


def test_two_waivers_for_one_finding_accept_it_once() -> None:
    report = judged(
        KEY + waiver(until="2026-11-01", by="a") + waiver(by="b") + waiver("TST101", by="c"), rules=(WITHDRAWS,)
    )
    assert [it.waiver.by for it in report.waived] == ["b"]
    assert report.summary == Summary(1, 0, 0, 0, 1, 0)


def test_one_waiver_accepts_every_finding_of_its_rule_on_its_subject_and_no_other() -> None:
    text = KEY + '[keys.b]\npermissions = ["withdraw"]\n' + waiver("permissions")
    report = judged(text, rules=(WITHDRAWS, RULES[3]))
    assert [it.finding.message for it in report.waived] == ["keys.a can read", "keys.a can withdraw"]
    assert sorted(it.message for it in report.findings) == [
        "keys.a can withdraw",
        "keys.b can withdraw",
        "keys.b can withdraw",
    ]
    assert report.summary == Summary(5, 0, 3, 0, 2, 0)


def test_a_rule_that_cannot_be_waived_is_not() -> None:
    text = waiver("bots", on="manifest") + waiver("bots", on="manifest", until="2026-11-01")
    report = judged(text, rules=(RULES[1],))
    assert [it.message for it in report.findings] == ["the manifest has no bots"]
    assert uses(text, rules=(RULES[1],)) == [("KL003", False, True, True)] * 2


def test_an_unknown_cannot_be_waived() -> None:
    text = '[keys.a]\nbot = "gone"\n' + waiver("idle")
    report = judged(text, rules=(RULES[4],))
    assert [(it.code, it.subject, it.reason) for it in report.unknown] == [("TST103", "keys.a", "unknown-reference")]
    assert report.waived == ()
    assert report.summary == Summary(1, 0, 0, 1, 0, 0)
    assert uses(text, rules=(RULES[4],)) == [("TST103", True, False, False)]


@pytest.mark.parametrize(
    ("text", "rules", "use"),
    [
        (KEY + waiver(), RULES, ("TST101", True, True, True)),
        (KEY + waiver(until="2026-11-01"), RULES, ("TST101", True, True, True)),
        ("[keys.a]\n" + waiver(), RULES, ("TST101", True, True, False)),
        (KEY + waiver(), RULES[3:], ("TST101", False, False, False)),  # ignored: nothing is said of it
        (KEY + waiver("no-such-rule"), RULES, (None, False, False, False)),
        (KEY + waiver(on="keys.gone"), RULES, ("TST101", True, False, False)),
        (KEY + waiver("books", on="manifest"), RULES, ("TST900", False, True, False)),
        (KEY + waiver("plain", on="manifest"), RULES, ("KL001", False, True, False)),
    ],
)
def test_what_became_of_a_waiver(text: str, rules: tuple[Rule, ...], use: tuple[str | None, bool, bool, bool]) -> None:
    assert uses(text, rules) == [use]


def test_findings_about_waivers_are_judged_after_all_others_and_counted() -> None:
    report = judged(KEY + waiver(), rules=(WITHDRAWS, RULES[-1]))
    assert [it.message for it in report.findings] == ["waivers[0] is a waiver"]
    assert report.summary == Summary(2, 0, 1, 0, 1, 0)


def test_findings_stand_in_the_order_of_the_file() -> None:
    text = '[keys.b]\npermissions = ["withdraw"]\n\n' + KEY
    report = judged(text, rules=(RULES[1], RULES[3], WITHDRAWS))
    places = [(it.extent[:2] if it.extent else (0, 0), it.code) for it in report.findings]
    assert places == sorted(places)
    assert [it.subject for it in report.findings] == ["manifest", "keys.b", "keys.b", "keys.a", "keys.a", "keys.a"]


# What adds up.


def expected(keys: int, *, broken: bool) -> int:
    """How many checks are planned where each is broken in no more than one place."""
    if broken:
        return len(RULES)
    on = {"manifest": 1, "account": 1, "provider": 2, "bot": 2, "key": keys}
    return sum(on[rule.on] for rule in RULES)


key_tables = st.lists(
    st.fixed_dictionaries(
        {
            "permissions": st.lists(st.sampled_from(["read", "spot", "withdraw"]), unique=True).map(sorted),
            "status": st.sampled_from(["staged", "active", "disabled"]),
            "bot": st.sampled_from([None, "one", "two", "gone"]),
        }
    ),
    max_size=6,
)


@given(key_tables, st.lists(st.integers(0, 5), max_size=3), st.booleans())
def test_every_planned_check_ends_in_one_way(
    tables: list[dict[str, str | None]],
    waived: list[int],
    purpose: bool,
) -> None:
    text = "[providers.p]\n[providers.q]\n[bots.one]\nstatus = 'paused'\n[bots.two]\n" + "purpose = 'x'\n" * purpose
    for number, table in enumerate(tables):
        text += f"[keys.k{number}]\npermissions = {table['permissions']}\nstatus = '{table['status']}'\n"
        text += f"bot = '{table['bot']}'\n" if table["bot"] else ""
        text += "disabled = 2026-11-01\n" if table["status"] == "disabled" else ""
    text += "".join(waiver(on=f"keys.k{number}") for number in waived)
    report = judged(text)

    counts = report.summary
    assert counts.planned == counts.passed + counts.findings + counts.unknown + counts.waived + counts.not_applicable
    assert counts.findings == len(report.findings)
    assert counts.unknown == len(report.unknown)
    assert counts.waived == len(report.waived)
    # A check that is broken in n places counts n times, and one that fails after n findings once more.
    places = sum(max(len(table["permissions"] or ()), 1) - 1 for table in tables)
    places += max(len(waived), 1) - 1
    assert counts.planned == expected(len(tables), broken=False) + places + purpose
    # And each outcome, counted by hand.
    disabled = [table for table in tables if table["status"] == "disabled"]
    active = [table for table in tables if table["status"] == "active"]
    unbound = [table for table in active if not table["bot"]]
    assert counts.not_applicable == len(disabled) + (len(tables) - len(active)) + len(unbound)
    assert counts.unknown == sum(table["bot"] == "gone" for table in active) + purpose + 2
    powerful = [
        number
        for number, table in enumerate(tables)
        if table["status"] != "disabled" and "withdraw" in (table["permissions"] or ())
    ]
    assert counts.waived == len(set(powerful) & set(waived))
    assert [it.keys for it in [report.census]] == [len(tables)]


@pytest.mark.parametrize("data", [b"version = ", b"version = 2\n", b"\xff", b"version = 1\n[keys.a]\n"])
def test_a_broken_manifest_leaves_every_other_check_unknown(data: bytes) -> None:
    report = gate.apply([engine.run(load("keylint.toml", data), RULES, MOMENT, NAMES)], RULES)
    assert report.summary == Summary(expected(0, broken=True), 1, 0, len(RULES) - 1, 0, 0)
    assert {it.reason for it in report.unknown} == {"manifest-broken"}
    assert report.census == (0, 0, 0, 0)
    assert exit_code(report, Severity.NOTE) == 3


def test_several_manifests_add_up() -> None:
    one, two = judged(KEY), judged("[bots.b]\n[keys.x]\n[keys.y]\nbot = 'b'\n" + waiver(on="keys.x"))
    both = judged(KEY, "[bots.b]\n[keys.x]\n[keys.y]\nbot = 'b'\n" + waiver(on="keys.x"))
    assert both.summary == tuple(map(sum, zip(one.summary, two.summary, strict=True)))
    assert both.findings == one.findings + two.findings
    assert (both.census.keys, both.census.bots, both.census.accounts) == (3, 1, 2)
    assert len(both.sources) == 2


def test_a_rule_that_crashes_keeps_what_it_said_before_and_quotes_nothing() -> None:
    report = judged("[bots.b]\npurpose = 'a private word'\n", rules=(RULES[5],))
    assert [it.message for it in report.findings] == ["bots.b was looked at"]
    [unknown] = report.unknown
    assert (unknown.code, unknown.subject, unknown.reason) == ("TST201", "bots.b", "rule-crashed")
    assert "ValueError" in unknown.message
    assert "private" not in unknown.message
    assert report.summary == Summary(2, 0, 1, 1, 0, 0)


# What is selected.


def rule(code: str, name: str) -> Rule:
    return AccountRule(code, name, "-", WARNING, passes)


CATALOGUE = tuple(
    rule(code, name)
    for code, name in (
        ("ACME401", "no-fridays"),
        ("KL001", "syntax-error"),
        ("KL002", "schema-violation"),
        ("KL003", "unknown-reference"),
        ("KL101", "withdrawals-enabled"),
        ("KL401", "rotation-overdue"),
        ("KL402", "rotation-due"),
    )
)
FIRST = ["KL001", "KL002"]
EVERYTHING = [it.code for it in CATALOGUE]


def selected(selecting: str = "", ignoring: str = "", extending: str = "") -> list[str]:
    chosen = Selection(tuple(selecting.split()), tuple(ignoring.split()), tuple(extending.split()))
    return [it.code for it in select(CATALOGUE, chosen)]


@pytest.mark.parametrize(
    ("selecting", "ignoring", "extending", "codes"),
    [
        ("", "", "", EVERYTHING),
        ("ALL", "", "", EVERYTHING),
        ("KL", "", "", EVERYTHING[1:]),
        ("KL4", "", "", [*FIRST, "KL401", "KL402"]),
        ("KL40", "", "", [*FIRST, "KL401", "KL402"]),
        ("KL401", "", "", [*FIRST, "KL401"]),
        ("rotation-due", "", "", [*FIRST, "KL402"]),
        ("KL101 no-fridays", "", "", ["ACME401", *FIRST, "KL101"]),
        ("A", "", "", ["ACME401", *FIRST]),
        # of two that fit, the longer one wins
        ("", "KL4", "", ["ACME401", *FIRST, "KL003", "KL101"]),
        ("", "KL4", "KL401", ["ACME401", *FIRST, "KL003", "KL101", "KL401"]),
        ("", "ALL", "KL4", [*FIRST, "KL401", "KL402"]),
        ("KL4", "KL401", "", [*FIRST, "KL402"]),
        ("KL401", "KL4", "", [*FIRST, "KL401"]),
        ("rotation-due", "KL4", "", [*FIRST, "KL402"]),
        ("KL40", "KL4", "", [*FIRST, "KL401", "KL402"]),
        ("KL4", "rotation-due", "", [*FIRST, "KL401"]),
        # of two that are equally close, the one that ignores
        ("ALL", "ALL", "", FIRST),
        ("KL4", "KL4", "", FIRST),
        ("KL401", "KL401", "", FIRST),
        ("KL401", "rotation-overdue", "", FIRST),
        ("rotation-overdue", "KL401", "", FIRST),
        ("", "ALL", "ALL", FIRST),
        # what says whether a manifest can be read is always judged
        ("KL101", "KL0", "", [*FIRST, "KL101"]),
        ("KL003", "", "", [*FIRST, "KL003"]),
        ("KL101", "", "KL4", [*FIRST, "KL101", "KL401", "KL402"]),
    ],
)
def test_selection(selecting: str, ignoring: str, extending: str, codes: list[str]) -> None:
    assert selected(selecting, ignoring, extending) == codes


selectors = st.lists(
    st.sampled_from(["ALL", "A", "K", "KL", "KL0", "KL4", "KL40", *EVERYTHING[3:], *(it.name for it in CATALOGUE[3:])]),
    max_size=4,
).map(" ".join)


@given(selectors, selectors, selectors)
def test_selection_keeps_order_and_only_what_was_asked_for(selecting: str, ignoring: str, extending: str) -> None:
    codes = selected(selecting, ignoring, extending)
    assert codes == [code for code in EVERYTHING if code in codes]
    assert set(FIRST) <= set(codes)
    assert not set(selected(selecting, f"{ignoring} ALL", extending)) - set(codes)
    assert set(codes) <= set(selected(selecting, ignoring, f"{extending} ALL"))
    if not ignoring and not selecting:
        assert codes == EVERYTHING


@pytest.mark.parametrize(
    ("selector", "said"),
    [
        ("KL4O1", "no rule answers to 'KL4O1'; did you mean KL401?"),
        ("kl401", "no rule answers to 'kl401'; did you mean KL401?"),
        ("rotation-overdo", "no rule answers to 'rotation-overdo'; did you mean rotation-overdue?"),
        ("all", "no rule answers to 'all'; `keylint rules` lists them all"),
        ("zzz", "no rule answers to 'zzz'; `keylint rules` lists them all"),
        ("rotation", "no rule answers to 'rotation'; did you mean rotation-due?"),
        ("\x1b[31m", "no rule answers to '\\x1b[31m'; `keylint rules` lists them all"),
    ],
)
@pytest.mark.parametrize("where", ["select", "ignore", "extend_select"])
def test_a_selector_that_fits_nothing_stops_the_run(selector: str, said: str, where: str) -> None:
    with pytest.raises(BadSelector) as caught:
        select(CATALOGUE, Selection()._replace(**{where: (selector,)}))
    assert str(caught.value) == said


def test_an_empty_selector_stops_the_run() -> None:
    with pytest.raises(BadSelector):
        select(CATALOGUE, Selection(select=("",)))


@pytest.mark.parametrize("selector", ["KL001", "KL002", "syntax-error", "schema-violation"])
def test_what_says_whether_a_manifest_can_be_read_cannot_be_ignored(selector: str) -> None:
    with pytest.raises(BadSelector, match=f"{selector} cannot be ignored"):
        selected(ignoring=selector)


# How a run ends.


@pytest.mark.parametrize(
    ("severities", "unknown", "note", "warning", "error"),
    [
        ([], 0, 0, 0, 0),
        (["note"], 0, 1, 0, 0),
        (["warning"], 0, 1, 1, 0),
        (["error"], 0, 1, 1, 1),
        (["note", "warning"], 0, 1, 1, 0),
        (["note", "error"], 0, 1, 1, 1),
        ([], 1, 3, 3, 3),
        (["note"], 1, 1, 3, 3),
        (["warning"], 1, 1, 1, 3),
        (["error"], 2, 1, 1, 1),
    ],
)
def test_exit_code(severities: list[str], unknown: int, note: int, warning: int, error: int) -> None:
    base = judged('[bots.b]\nstatus = "paused"\n[keys.a]\npermissions = ["withdraw"]\nbot = "b"\n')
    samples = {it.severity: it for it in base.findings}
    undecided = Unknown("keylint.toml", "TST103", "keys.a", base.findings[0].side, "unknown-reference", "-")
    report = base._replace(
        findings=tuple(samples[Severity(it)] for it in severities), unknown=tuple([undecided] * unknown)
    )
    assert [exit_code(report, it) for it in Severity] == [note, warning, error]


def test_a_waived_finding_does_not_fail_a_run_and_an_expired_one_does() -> None:
    assert exit_code(judged(KEY + waiver(), rules=(WITHDRAWS,)), Severity.NOTE) == 0
    assert exit_code(judged(KEY + waiver(until="2026-11-19"), rules=(WITHDRAWS,)), Severity.ERROR) == 1


def test_the_moment_is_told_in_utc() -> None:
    moment = datetime.fromisoformat("2026-12-11T05:00:00+09:00")
    assert judged(KEY, as_of=moment).as_of == datetime(2026, 12, 10, 20, tzinfo=UTC)
