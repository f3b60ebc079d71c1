"""What is judged, what somebody accepted, and what counts."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keylint import engine, gate, plugins
from keylint.api import (
    BOTH_SIDES,
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
    LiveKey,
    LiveKeyRule,
    Loosened,
    Manifest,
    ManifestRule,
    NotApplicable,
    Outcome,
    Place,
    Provider,
    ProviderRule,
    Rule,
    Severity,
    Side,
    Source,
    SourceContext,
    SourceRule,
    WaiverUse,
)
from keylint.baseline import Baseline, Entry
from keylint.engine import Report, Summary
from keylint.gate import BadSelector, Selection, exit_code, select
from keylint.manifest.load import load
from keylint.manifest.organisation import OrganisationPolicy
from keylint.manifest.organisation import load as load_policy
from keylint.rehearsal import rehearse
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
BOTH = KeyRule("TST101", "withdraws", "-", ERROR, can_withdraw, sides=BOTH_SIDES)


def label_differs(key: Key, live: LiveKey, _ctx: Context) -> Outcome:
    return None if live.label == key.label else Finding(key.at("label"), "differs", "")


def nothing_arises(_key: Key, _live: LiveKey, _ctx: Context) -> NotApplicable:
    return NOT_APPLICABLE


LABELLED = LiveKeyRule("TST104", "labelled", "-", WARNING, label_differs)
IDLE = LiveKeyRule("TST104", "labelled", "-", WARNING, nothing_arises)


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


# The baseline.

DAY = date(2026, 9, 1)


def entry(code: str = "TST101", on: str = "keys.a", field: str = "permissions=withdraw", *sides: Side) -> Entry:
    return Entry(f"{code}/{on}/{field}", code, on, sides or (Side.DECLARED,), DAY)


def baseline(*entries: Entry) -> Baseline:
    return Baseline("b.json", {}).only(entries)


def with_baseline(
    manifest: str,
    *entries: Entry,
    rules: tuple[Rule, ...] = RULES,
    live: str | None = None,
    organisation: OrganisationPolicy | None = None,
) -> tuple[Report, list[tuple[str, bool, bool, bool]]]:
    """The report, and of each entry whether it may accept, was judged, and was found."""
    source = completed(manifest, MOMENT)
    evidence = None
    if live is not None:
        assert source.manifest is not None
        evidence = [rehearse(source.manifest, live, MOMENT)]
    judgement = engine.run(source, rules, MOMENT, NAMES, evidence, organisation)
    held = baseline(*entries)
    uses = gate.uses(judgement, gate.Terms.of(rules, organisation), held)
    return gate.apply([judgement], rules, organisation, held), [(use.entry.code, *use[1:]) for use in uses]


def test_a_finding_in_the_baseline_does_not_count_and_stays_visible() -> None:
    report, uses = with_baseline(KEY, entry(), rules=(WITHDRAWS,))
    assert (report.findings, report.waived) == ((), ())
    [held] = report.baseline
    assert (held.finding.message, held.entry.since) == ("keys.a can withdraw", DAY)
    assert report.summary == Summary(1, 0, 0, 0, 0, 0, 1)
    assert exit_code(report, Severity.NOTE) == 0
    assert uses == [("TST101", True, True, True)]


def test_another_field_of_the_same_rule_and_subject_is_another_finding() -> None:
    report, _ = with_baseline(KEY, entry("TST102"), rules=(RULES[3],))
    assert [it.message for it in report.findings] == ["keys.a can read"]
    assert [it.finding.message for it in report.baseline] == ["keys.a can withdraw"]


def test_where_it_stands_and_how_often_does_not_matter() -> None:
    def twice(key: Key, _ctx: Context) -> list[Finding]:
        return [Finding(key.at("permissions", "withdraw"), f"can withdraw {times} times", "") for times in (1, 2)]

    rule = KeyRule("TST101", "withdraws", "-", Severity.ERROR, twice)
    report, _ = with_baseline(f"\n\n\n{KEY}", entry(), rules=(rule,))
    assert report.findings == ()
    assert len(report.baseline) == 2
    assert report.summary == Summary(2, 0, 0, 0, 0, 0, 2)


def test_a_waiver_goes_before_the_baseline_whose_entry_is_found_all_the_same() -> None:
    report, uses = with_baseline(KEY + waiver(), entry(), rules=(WITHDRAWS,))
    assert (len(report.waived), len(report.baseline)) == (1, 0)
    assert uses == [("TST101", True, True, True)]


def test_what_cannot_be_waived_no_baseline_accepts() -> None:
    report, uses = with_baseline(KEY, entry("KL003", "manifest", ""), rules=(RULES[1],))
    assert [it.message for it in report.findings] == ["the manifest has no bots"]
    assert report.baseline == ()
    assert uses == [("KL003", False, True, True)]


def test_keylint_s_own_rules_about_text_and_books_are_accepted_by_nobody() -> None:
    own = plugins.load().packs[0].rules
    terms = gate.Terms.of(own)
    never = {rule.code for rule in own if not terms.acceptable(rule.code)}
    assert never == {rule.code for rule in own if rule.code.startswith(("KL0", "KL95"))} | {"KL109"}
    assert not terms.acceptable("KL999")
    assert not terms.acceptable(None)


@pytest.mark.parametrize(
    ("manifest", "held", "rules", "live", "judged_and_found"),
    [
        ("[keys.a]\n", entry(), RULES, None, (True, False)),  # mended
        ("[keys.b]\n", entry(), RULES, None, (True, False)),  # its subject is gone
        (KEY + 'status = "disabled"\ndisabled = 2026-11-01\n', entry(), RULES, None, (True, False)),
        ("[keys.a]\n", entry(), RULES[3:], None, (False, False)),  # its rule was left out
        ("[keys.a]\n", entry("TST999"), RULES, None, (False, False)),  # there is no such rule
        ('[keys.a]\nbot = "gone"\n', entry("TST103", field="bot"), RULES, None, (False, False)),  # unknown
        ('[keys.a]\nbot = "gone"\n', entry(), RULES, None, (True, False)),  # another rule is unknown
        ("[keys.a]\n", entry(), (BOTH,), None, (True, False)),
        ("[keys.a]\n", entry("TST101", "keys.a", "permissions=withdraw", Side.LIVE), (BOTH,), None, (False, False)),
        ("[keys.a]\n", entry("TST101", "keys.a", "permissions=withdraw", *Side), (BOTH,), None, (False, False)),
        ("[keys.a]\n", entry("TST101", "keys.a", "permissions=withdraw", *Side), (BOTH,), "", (True, False)),
        (
            "[keys.a]\n",
            entry("TST101", "keys.a", "permissions=withdraw", Side.LIVE),
            (BOTH,),
            '[keys.a]\npermissions = ["read", "withdraw"]\n',
            (True, True),
        ),
        (
            "[keys.a]\n",
            entry("TST101", "keys.a", "permissions=withdraw", Side.LIVE),
            (BOTH,),
            '[[misbehaviour]]\nkey = "a"\nstatus = 500\n',
            (False, False),
        ),
        ("[keys.a]\n", entry("TST104", "keys.a", "label", Side.LIVE), (LABELLED,), "", (False, False)),  # not shown
        ("[keys.a]\n", entry("TST104", "keys.a", "label", Side.LIVE), (IDLE,), "", (False, False)),
        ("[keys.b]\n", entry("TST104", "keys.a", "label", Side.LIVE), (LABELLED,), "", (True, False)),  # gone
    ],
)
def test_an_entry_was_judged_where_its_rule_was_on_its_subject_and_its_sides(
    manifest: str, held: Entry, rules: tuple[Rule, ...], live: str | None, judged_and_found: tuple[bool, bool]
) -> None:
    _, [(_, _, *use)] = with_baseline(manifest, held, rules=rules, live=live)
    assert tuple(use) == judged_and_found


def test_a_rule_about_a_manifest_that_crashed_says_nothing_of_any_subject() -> None:
    def crash(_manifest: Manifest, _ctx: Context) -> NoReturn:
        raise ValueError

    rule = ManifestRule("TST105", "crashes", "-", WARNING, crash)
    assert with_baseline("[keys.a]\n", entry("TST105"), rules=(rule,))[1] == [("TST105", True, False, False)]


def test_of_a_broken_manifest_the_baseline_knows_nothing() -> None:
    judgement = engine.run(load("keylint.toml", b"version = 2\n"), RULES, MOMENT, NAMES)
    held = baseline(entry())
    assert gate.uses(judgement, gate.Terms.of(RULES), held) == ()
    assert gate.apply([judgement], RULES, None, held) == gate.apply([judgement], RULES)


# An organisation's policy.


def organised(text: str, rules: tuple[Rule, ...] = RULES) -> OrganisationPolicy:
    return load_policy("org.toml", f"version = 1\n{text}".encode(), rules, ())


def test_what_the_organisation_lets_nobody_waive_counts() -> None:
    organisation = organised('unwaivable = ["withdraws"]')
    source = completed(KEY + waiver() + waiver("permissions"), MOMENT)
    rules = (WITHDRAWS, RULES[3], RULES[-1])
    judgement = engine.run(source, rules, MOMENT, NAMES, organisation=organisation)
    report = gate.apply([judgement], rules, organisation, baseline(entry()))
    assert [it.code for it in report.findings] == ["TST101", "TST900", "TST900"]
    assert {it.finding.code for it in report.waived} == {"TST102"}
    assert [use[1:] for use in SEEN[-1]] == [("TST101", False, True, True), ("TST102", True, True, True)]
    assert judgement.context is not None
    assert judgement.context.waived("TST101", "keys.a") is None
    assert judgement.context.waived("TST102", "keys.a") is not None


def test_a_severity_is_raised_and_never_lowered() -> None:
    def by_type(key: Key, _ctx: Context) -> Finding:
        return Finding(key.at("type"), "is", "", Severity(key.label) if key.label else None)

    rules: tuple[Rule, ...] = (KeyRule("TST106", "by-type", "-", Severity.NOTE, by_type), WITHDRAWS, RULES[-1])
    organisation = organised('[severity]\nby-type = "warning"\nTST900 = "error"', rules)
    text = '[keys.a]\nlabel = "note"\n[keys.b]\nlabel = "error"\n[keys.c]\n' + waiver(on="keys.c")
    judgement = engine.run(completed(text, MOMENT), rules, MOMENT, NAMES, organisation=organisation)
    report = gate.apply([judgement], rules, organisation)
    severities = {(it.code, it.subject): it.severity.value for it in report.findings}
    assert severities == {
        ("TST106", "keys.a"): "warning",
        ("TST106", "keys.b"): "error",
        ("TST106", "keys.c"): "warning",
        ("TST900", "waivers[0]"): "error",
    }
    plain = gate.apply([engine.run(completed(text, MOMENT), rules, MOMENT, NAMES)], rules)
    assert [it.severity.value for it in plain.findings] == ["note", "error", "note", "note"]


def test_what_is_accepted_is_shown_with_the_raised_severity() -> None:
    organisation = organised('[severity]\npermissions = "error"')
    report, _ = with_baseline(KEY, entry("TST102"), rules=(RULES[3],), organisation=organisation)
    assert {it.finding.severity.value for it in report.baseline} == {"error"}


def test_rules_read_the_stricter_policy_and_books_what_was_looser() -> None:
    seen: list[tuple[int, int, int]] = []

    def looks(_manifest: Manifest, ctx: Context) -> None:
        policy = ctx.policy
        assert ctx.manifest.policy == policy
        seen.append((policy.rotation.max_age_days, policy.rotation.warn_days, policy.network.max_addresses))

    loosened: list[object] = []

    def keeps(books: Books, _ctx: Context) -> None:
        loosened.append(books.loosened)

    rules: tuple[Rule, ...] = (
        ManifestRule("TST107", "looks", "-", WARNING, looks),
        BooksRule("TST901", "keeps", "-", WARNING, keeps),
    )
    organisation = organised("[policy]\nrotation = { max_age_days = 90, warn_days = 14 }", rules)
    text = "[policy]\nrotation = { max_age_days = 120, warn_days = 30 }\nnetwork = { max_addresses = 99 }\n"
    for under in (organisation, None):
        judgement = engine.run(completed(text, MOMENT), rules, MOMENT, NAMES, None, under)
        gate.apply([judgement], rules, under)
    assert seen == [(90, 30, 99), (120, 30, 99)]
    assert loosened == [
        (Loosened("rotation", "max_age_days", "lower", "120", "90", ("90",)),),
        None,
    ]


def test_what_binance_said_is_as_old_as_the_organisation_lets_it_be() -> None:
    organisation = organised("policy.evidence.max_age_hours = 2")
    source = completed("[keys.a]\n", MOMENT)
    assert source.manifest is not None
    evidence = [rehearse(source.manifest, "", MOMENT - timedelta(hours=3))]
    for under, unknown in ((None, 0), (organisation, 1)):
        report = gate.apply([engine.run(source, (BOTH,), MOMENT, NAMES, evidence, under)], (BOTH,), under)
        assert report.summary.unknown == unknown


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
