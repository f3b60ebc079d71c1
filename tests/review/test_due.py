"""What is due on which day, held to the rules that judge it; and the calendar, held to two readers of RFC 5545."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import icalendar
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import TODAY, Table, manifests, registry, report_on, toml

from keylint import engine
from keylint.manifest.load import load
from keylint.manifest.model import Manifest
from keylint.review import due_text, icalendar_text
from keylint.review.due import KINDS, Due, Dues, dues

NOON = datetime(2026, 11, 20, 12, 30, 5, tzinfo=UTC)
DESK = """\
version = 1
[accounts.main]
two_factor = { methods = ["passkey"], attested = 2026-05-01, by = "alice" }
withdrawal_allowlist = { enabled = true, attested = 2026-11-01, by = "bob" }
[providers.fastbot]
reviewed = 2026-09-20
[bots.dca]
kind = "spot"
provider = "fastbot"
[keys.old]
bot = "dca"
type = "hmac"
permissions = ["read", "spot"]
created = 2026-09-01
reviewed = 2026-11-16
replaced_by = "new"
[keys.new]
bot = "dca"
type = "ed25519"
permissions = ["read", "spot"]
created = 2026-11-17
[keys.gone]
bot = "dca"
type = "hmac"
permissions = ["read", "spot"]
created = 2026-05-01
status = "disabled"
disabled = 2026-11-02
[keys.next]
bot = "dca"
type = "ed25519"
permissions = ["read", "spot"]
created = 2026-11-19
status = "staged"
[[waivers]]
rule = "KL304"
on = "keys.old"
reason = "its addresses, three of them; \\\\ see the wiki"
by = "risk"
until = 2026-11-20
"""


def manifest(text: str) -> Manifest:
    found = load("keylint.toml", text.encode()).manifest
    assert found is not None
    return found


def listed(text: str, today: date = TODAY) -> list[str]:
    return [f"{it.day} {it.left(today):+} {it.kind}: {it.what}" for it in dues(manifest(text), today).dated]


def test_everything_with_a_day_is_listed_by_day() -> None:
    assert listed(DESK) == [
        "2026-10-28 -23 two-factor: attest the second factor of accounts.main",
        "2026-11-09 -11 deletion: delete keys.gone",
        "2026-11-20 +0 waiver: mend KL304 on keys.old",
        "2026-11-24 +4 overlap: disable keys.old",
        "2026-12-17 +27 review: review keys.old",
        "2026-12-18 +28 review: review keys.new",
        "2027-02-15 +87 rotation: rotate keys.new",
        "2027-03-19 +119 provider: vet providers.fastbot",
        "2027-04-30 +161 withdrawal-allowlist: attest the withdrawal allowlist of accounts.main",
    ]
    assert dues(manifest(DESK), TODAY).undated == ()


def test_a_replaced_key_is_disabled_when_it_is_too_old_even_if_both_may_still_work() -> None:
    assert "2026-11-21 +1 overlap: disable keys.old" in listed(DESK.replace("2026-09-01", "2026-08-23"))


def test_a_staged_successor_ends_nothing() -> None:
    assert "2026-11-30 +10 rotation: rotate keys.old" in listed(DESK.replace('"new"', '"next"'))


def test_the_stricter_of_both_ages_counts() -> None:
    text = DESK + "[policy]\nrotation = { max_age_days = 90, limit_days = 30 }\n"
    assert "2026-12-17 +27 rotation: rotate keys.new" in listed(text)


def test_a_review_of_a_day_to_come_does_not_count() -> None:
    text = DESK.replace("reviewed = 2026-11-16", "reviewed = 2036-11-16")
    (due,) = [it for it in dues(manifest(text), TODAY).dated if it.kind == "review" and it.subject == "keys.old"]
    assert due.day == date(2026, 10, 2)
    assert due.why == (
        "created 2026-09-01, and not reviewed since; the policy allows 31 days (reviewed = 2036-11-16 is yet to come, "
        "and does not count)"
    )


def test_a_review_before_the_creation_does_not_count() -> None:
    assert "2026-12-18 +28 review: review keys.new" in listed(
        DESK.replace("created = 2026-11-17", "created = 2026-11-17\nreviewed = 2026-11-01")
    )


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (
            'two_factor = { methods = ["passkey"], attested = 2026-05-01, by = "alice" }\n',
            "",
            "nobody has vouched for the second factor of accounts.main",
        ),
        (
            "attested = 2026-11-01",
            "attested = 2026-12-01",
            "the withdrawal allowlist of accounts.main is attested for 2026-12-01, which is yet to come",
        ),
        ("reviewed = 2026-09-20\n", "", "providers.fastbot was never vetted"),
        ("= 2026-09-20", "= 2027-09-20", "providers.fastbot is vetted for 2027-09-20, which is yet to come"),
    ],
)
def test_what_nobody_has_said_yet_is_listed_without_a_day(old: str, new: str, why: str) -> None:
    assert old in DESK
    (undated,) = dues(manifest(DESK.replace(old, new)), TODAY).undated
    assert (undated.why, undated.undecided) == (why, False)


def test_a_reference_that_leads_nowhere_is_undecided() -> None:
    found = dues(manifest(DESK.replace('"new"', '"nwe"')), TODAY)
    assert [(it.kind, it.why, it.undecided) for it in found.undated] == [
        ("overlap", "keys.old names keys that are not in the manifest: nwe", True)
    ]
    assert "2026-11-30 +10 rotation: rotate keys.old" in listed(DESK.replace('"new"', '"nwe"'))


def test_a_sub_account_leaves_its_word_to_its_master() -> None:
    text = DESK.replace('kind = "spot"', 'kind = "spot"\naccount = "main"')
    sub = '[accounts.grid]\nmaster = "main"\n'
    assert dues(manifest(text + sub), TODAY) == dues(manifest(text), TODAY)
    lost = dues(manifest(text + sub.replace('"main"', '"mian"')), TODAY).undated
    assert [(it.kind, it.undecided) for it in lost] == [("two-factor", True), ("withdrawal-allowlist", True)]


def test_the_last_day_there_is_has_no_day_after() -> None:
    found = listed(DESK.replace("created = 2026-11-17", "created = 9999-12-31"))
    assert found[-1].startswith("9999-12-31")


# Held to the rules.

JUDGES = {
    "KL401": {"rotation", "overlap"},
    "KL408": {"overlap"},
    "KL406": {"deletion"},
    "KL801": {"review"},
    "KL703": {"provider"},
    "KL503": {"two-factor", "withdrawal-allowlist"},
}


@given(manifests())
def test_what_is_overdue_is_what_the_rules_find(values: Table) -> None:
    rules = [rule for rule in registry().rules if rule.code in JUDGES]
    text = toml(values)
    found = dues(manifest(text), TODAY)
    judged = {(it.code, it.subject) for it in report_on(text, rules=rules).findings}
    late = {(it.kind, it.subject) for it in found.dated if it.left(TODAY) < 0}
    missing = {(it.kind, it.subject) for it in found.undated if not it.undecided}
    for subject in {subject for _, subject in judged} | {it.subject for it in found.dated}:
        codes = {code for code, it in judged if it == subject}
        kinds = {kind for kind, it in late | missing if it == subject}
        expected = {code for code, kind in JUDGES.items() if kinds & kind}
        if "KL401" in codes or "KL408" in codes:
            assert kinds & {"rotation", "overlap"}, subject
        else:
            assert not kinds & {"rotation", "overlap"}, subject
        assert codes - {"KL401", "KL408"} - ahead(values, subject) == expected - {"KL401", "KL408"}, subject


@pytest.mark.parametrize("due", [it for it in dues(manifest(DESK), TODAY).dated if it.kind != "waiver"], ids=str)
def test_the_day_is_the_last_on_which_no_rule_finds_it_late(due: Due) -> None:
    rules = [rule for rule in registry().rules if due.kind in JUDGES.get(rule.code, ())]

    def found_on(day: date) -> bool:
        moment = datetime(day.year, day.month, day.day, 23, 59, tzinfo=UTC)
        judged = engine.run(load("keylint.toml", DESK.encode()), rules, moment, registry().names)
        return any(
            it.subject == due.subject and str(it.message).count(ABOUT.get(due.kind, "")) for it in judged.findings
        )

    assert not found_on(due.day)
    assert found_on(due.day + timedelta(days=1))


ABOUT = {"two-factor": "two_factor", "withdrawal-allowlist": "withdrawal_allowlist"}


def ahead(values: Table, subject: str) -> set[str]:
    """The rules that also find a review of a day to come, which here only does not count."""
    section, name = subject.split(".", 1)
    table = values.get(section, {}).get(name, {})
    reviewed = table.get("reviewed")
    created = table.get("created", TODAY)
    late = {"KL801"} if section == "keys" and reviewed is not None and reviewed > TODAY + timedelta(1) else set()
    return late if created + timedelta(31) >= TODAY else set()


# The calendar.


class Event(NamedTuple):
    properties: dict[str, str]


def parsed(text: str) -> tuple[dict[str, str], list[dict[str, str]]]:
    """A reader of RFC 5545 of its own: unfolds, splits names from values, and undoes the escapes of TEXT."""
    data = text.encode()
    assert data.endswith(b"\r\n")
    assert b"\n" not in data.replace(b"\r\n", b"")
    assert all(len(line) <= 75 for line in data.split(b"\r\n"))
    lines = data.replace(b"\r\n ", b"").decode().split("\r\n")[:-1]
    assert (lines[0], lines[-1]) == ("BEGIN:VCALENDAR", "END:VCALENDAR")
    calendar: dict[str, str] = {}
    events: list[dict[str, str]] = []
    within = calendar
    for line in lines[1:-1]:
        name, _, value = line.partition(":")
        assert re.fullmatch("[A-Z-]+(;[A-Z]+=[A-Z]+)?", name), line
        if line == "BEGIN:VEVENT":
            assert within is calendar
            within = {}
        elif line == "END:VEVENT":
            events.append(within)
            within = calendar
        else:
            assert name not in within, line
            within[name] = re.sub(r"\\([\\;,nN])", lambda it: {"n": "\n", "N": "\n"}.get(it[1], it[1]), value)
    assert within is calendar
    return calendar, events


def test_the_calendar_reads_as_it_was_meant() -> None:
    found = dues(manifest(DESK), TODAY)
    calendar, events = parsed(icalendar_text.render(found.dated, NOON))

    assert (calendar["VERSION"], calendar["CALSCALE"]) == ("2.0", "GREGORIAN")
    assert calendar["PRODID"].startswith("-//keylint//")
    assert len(events) == len(found.dated) == 9
    late, waiver = events[0], events[2]
    assert late == {
        "UID": late["UID"],
        "DTSTAMP": "20261120T123005Z",
        "DTSTART;VALUE=DATE": "20261028",
        "SUMMARY": "OVERDUE: attest the second factor of accounts.main",
        "DESCRIPTION": (
            "overdue since 2026-10-28\nattested 2026-05-01 by alice; the policy allows 180 days\n"
            "look in Binance under Security, then set attested to that day, and by to your name"
        ),
        "CATEGORIES": "keylint,overdue,two-factor",
        "TRANSP": "TRANSPARENT",
    }
    assert waiver["SUMMARY"] == "mend KL304 on keys.old"
    assert waiver["DESCRIPTION"].startswith(
        "accepted by risk until 2026-11-20: its addresses, three of them; \\ see the wiki\nmend the cause"
    )


def test_the_calendar_is_what_another_library_reads() -> None:
    found = dues(manifest(DESK), TODAY)
    calendar = icalendar.Calendar.from_ical(icalendar_text.render(found.dated, NOON))
    events = calendar.walk("VEVENT")

    assert [(it.decoded("dtstart"), str(it["summary"]).removeprefix("OVERDUE: ")) for it in events] == [
        (it.day, it.what) for it in found.dated
    ]
    assert all(it.errors == [] for it in events)
    assert str(events[2]["description"]).split("\n")[0] == found.dated[2].why


def test_a_uid_stays_when_the_day_moves_and_when_another_waiver_goes() -> None:
    def uids(text: str) -> dict[tuple[str, str], str]:
        return {(it.kind, it.subject): icalendar_text.uid(it) for it in dues(manifest(text), TODAY).dated}

    other = '[[waivers]]\nrule = "KL101"\non = "keys.new"\nreason = "r"\nby = "b"\nuntil = 2026-12-01\n'
    before = uids(DESK.replace("[[waivers]]", f"{other}[[waivers]]"))
    after = uids(
        DESK.replace("created = 2026-11-17", "created = 2026-11-18").replace("until = 2026-11-20", "until = 2026-11-30")
    )

    assert after == {what: uid for what, uid in before.items() if what != ("waiver", "KL101 on keys.new")}
    assert len(set(before.values())) == len(before)
    assert all(re.fullmatch("[0-9a-f]{32}@keylint", it) for it in before.values())
    assert icalendar_text.uid(dues(manifest(DESK), TODAY).dated[0], "other desk") not in before.values()


def test_two_waivers_of_one_finding_have_two_uids() -> None:
    waiver = DESK[DESK.index("[[waivers]]") :]
    found = [it for it in dues(manifest(DESK + waiver), TODAY).dated if it.kind == "waiver"]
    assert [it.subject for it in found] == ["KL304 on keys.old", "KL304 on keys.old (2)"]


@given(st.text(), st.text(), st.dates(), st.sampled_from(KINDS), st.datetimes(timezones=st.just(UTC)))
def test_any_text_comes_through(what: str, why: str, day: date, kind: str, moment: datetime) -> None:
    due = Due(day, kind, "keys.x", what, why, "how")
    text = icalendar_text.render((due, due), moment, what)
    _, events = parsed(text)

    assert len(events) == 2
    assert events[0]["DTSTART;VALUE=DATE"] == f"{day.year:04}{day.month:02}{day.day:02}"
    for letters in (what, why):
        plain = "".join(it for it in letters if it.isalnum() and it.isascii())
        if plain and letters == plain and len(plain) < 60:
            assert plain in f"{events[0]['SUMMARY']} {events[0]['DESCRIPTION']}"
    assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202e]", text)


# What people read.


def test_the_text_is_read_by_day() -> None:
    text = DESK.replace("reviewed = 2026-09-20\n", "")
    assert (
        due_text.render("keylint.toml", dues(manifest(text), TODAY), TODAY)
        == """\
keylint.toml as of 2026-11-20: 8 due dates, 2 overdue

2026-10-28  23 days late  attest the second factor of accounts.main
                          attested 2026-05-01 by alice; the policy allows 180
                          days
2026-11-09  11 days late  delete keys.gone
                          disabled 2026-11-02; the policy allows 7 days
2026-11-20         today  mend KL304 on keys.old
                          accepted by risk until 2026-11-20: its addresses,
                          three of them; \\ see the wiki
2026-11-24     in 4 days  disable keys.old
                          keys.new, which replaces it, was created 2026-11-17;
                          the policy lets both work for 7 days, and each for 90
                          days
2026-12-17    in 27 days  review keys.old
                          last reviewed 2026-11-16; the policy allows 31 days
2026-12-18    in 28 days  review keys.new
                          created 2026-11-17, and not reviewed since; the policy
                          allows 31 days
2027-02-15    in 87 days  rotate keys.new
                          created 2026-11-17; the policy allows 90 days
2027-04-30   in 161 days  attest the withdrawal allowlist of accounts.main
                          attested 2026-11-01 by bob; the policy allows 180 days

Without a day, because nobody has written down from when to count:
  providers.fastbot was never vetted
"""
    )


def test_colours_say_what_is_late_and_what_is_soon() -> None:
    text = due_text.render("keylint.toml", dues(manifest(DESK), TODAY), TODAY, width=120, color=True)
    assert "\x1b[1;31m2026-10-28  23 days late  \x1b[0mattest" in text
    assert "\x1b[1;33m2026-11-24     in 4 days  \x1b[0mdisable" in text
    assert "\n2026-12-17    in 27 days  review" in text
    assert re.sub("\x1b\\[[0-9;]*m", "", text) == due_text.render(
        "keylint.toml", dues(manifest(DESK), TODAY), TODAY, width=120
    )


def test_nothing_due_is_said() -> None:
    assert due_text.render("k", Dues((), ()), TODAY) == "k as of 2026-11-20: 0 due dates\n"


@given(manifests(), st.sampled_from([80, 120]))
def test_no_line_is_wider_than_the_terminal(values: Table, width: int) -> None:
    text = due_text.render("keylint.toml", dues(manifest(toml(values)), TODAY), TODAY, width=width)
    assert [line for line in text.splitlines() if len(line) > width] == []
