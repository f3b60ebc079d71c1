"""Which of two thresholds is the stricter one: one table, and what the rules make of it."""

import json
import re
from datetime import timedelta
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keylint import gate, plugins
from keylint.engine import run
from keylint.manifest.policy import DEFAULT
from keylint.manifest.strictness import STRICTER, Leaf, Value, is_looser, leaves, over
from keylint.rehearsal import rehearse
from keylint.testing import MOMENT, completed

RULES = plugins.load().packs[0].rules
ROOT = Path(__file__).parent.parent.parent
METHODS = ("passkey", "security-key", "authenticator", "sms", "email")

numbers = st.integers(1, 400)
lists = st.lists(st.sampled_from(METHODS), min_size=1, max_size=5).map(tuple)
NUMBERED = sorted(leaf for leaf, way in STRICTER.items() if way != "subset")


def one_of(leaf: Leaf) -> st.SearchStrategy[Value]:
    return lists if STRICTER[leaf] == "subset" else numbers


policies = st.fixed_dictionaries({}, optional={leaf: one_of(leaf) for leaf in STRICTER})


def test_every_threshold_has_a_direction() -> None:
    assert list(STRICTER) == [(table, field) for table, fields in DEFAULT._asdict().items() for field in fields._fields]
    schema = json.loads(import_module("keylint.schemas").text("manifest"))["definitions"]["policy"]["properties"]
    assert set(STRICTER) == {(table, field) for table, fields in schema.items() for field in fields["properties"]}


def test_the_page_shows_the_same_table() -> None:
    page = (ROOT / "rules" / "policy_loosened.md").read_text(encoding="utf-8")
    shown = re.findall(r"^\| `(\w+)\.(\w+)` \| (.+) \|$", page, re.MULTILINE)
    words = {"a part of the list": "subset"}
    assert {(table, field): words.get(way, way) for table, field, way in shown} == dict(STRICTER)


def test_what_a_review_calls_widening_is_looser() -> None:
    directions = import_module("keylint.review.directions")
    rows = {tuple(row.field.split(".")): row for row in directions.TABLE if row.section == "policy" and row.field}
    assert set(rows) == set(STRICTER)
    for leaf, way in STRICTER.items():
        assert rows[leaf].more == ("narrowing" if way == "higher" else "widening"), leaf


# What each direction means to the rules: a key or an account that the looser value lets through.

DAY = MOMENT.date()


def ago(days: int) -> str:
    return str(DAY - timedelta(days))


def key(**fields: object) -> str:
    given = {"created": ago(0), **fields}
    return "[keys.k]\n" + "".join(f"{name} = {value}\n" for name, value in given.items())


ROTATING = (
    f'[bots.b]\n[keys.old]\nbot = "b"\ncreated = {ago(60)}\nreplaced_by = "new"\n'
    f'[keys.new]\nbot = "b"\ncreated = {ago(5)}\n'
)
WAIVED = (
    '[keys.k]\npermissions = ["withdraw"]\n[[waivers]]\nrule = "KL101"\non = "keys.k"\nreason = "agreed"\nby = "risk"\n'
    f"until = {DAY + timedelta(40)}\n"
)
TWO_FACTOR = (
    f'[accounts.main]\ntwo_factor = {{ methods = ["authenticator"], attested = {ago(0)}, by = "a" }}\n'
    f'withdrawal_allowlist = {{ enabled = true, attested = {ago(0)}, by = "a" }}\n'
)
SHOWS: dict[Leaf, tuple[str, Value, Value, str]] = {
    ("rotation", "max_age_days"): (key(created=ago(60)), 90, 30, "KL401"),
    ("rotation", "limit_days"): (key(created=ago(60)), 90, 30, "KL401"),
    ("rotation", "warn_days"): (key(created=ago(80)), 5, 14, "KL402"),
    ("rotation", "overlap_days"): (ROTATING, 7, 3, "KL408"),
    ("rotation", "delete_after_days"): (key(status='"disabled"', disabled=ago(5)), 7, 3, "KL406"),
    ("review", "max_age_days"): (key(created=ago(20)), 31, 10, "KL801"),
    ("attestation", "max_age_days"): (TWO_FACTOR.replace(ago(0), ago(60)), 90, 30, "KL503"),
    ("network", "max_addresses"): (key(ip_allowlist='["203.0.113.0/28"]'), 30, 8, "KL303"),
    ("waiver", "max_days"): (WAIVED, 90, 30, "KL952"),
    ("two_factor", "accept"): (TWO_FACTOR, METHODS[:3], METHODS[:1], "KL502"),
}


def judged(fragment: str, leaf: Leaf, value: Value) -> set[tuple[str, str]]:
    table, field = leaf
    shown = json.dumps(list(value) if isinstance(value, tuple) else value)
    source = completed(f"[policy.{table}]\n{field} = {shown}\n{fragment}", MOMENT)
    rules = tuple(rule for rule in RULES if "declared" in rule.sides)
    names = {word: rule.code for rule in RULES for word in (rule.code, rule.name)}
    report = gate.apply([run(source, rules, MOMENT, names)], rules)
    assert report.unknown == ()
    return {(it.code, it.severity.value) for it in report.findings}


@pytest.mark.parametrize("leaf", SHOWS, ids=".".join)
def test_the_stricter_value_is_the_one_that_finds_more(leaf: Leaf) -> None:
    fragment, loose, strict, code = SHOWS[leaf]
    assert is_looser(leaf, loose, strict)
    assert not is_looser(leaf, strict, loose)
    more = judged(fragment, leaf, strict) - judged(fragment, leaf, loose)
    assert code in {found for found, _ in more}


def test_evidence_that_is_too_old_for_the_stricter_value_tells_nothing() -> None:
    leaf = ("evidence", "max_age_hours")
    assert set(SHOWS) | {leaf} == set(STRICTER)
    assert is_looser(leaf, 24, 2)
    unknown = {}
    for hours in (24, 2):
        source = completed(f"policy.evidence.max_age_hours = {hours}\n{key()}", MOMENT)
        assert source.manifest is not None
        seen = rehearse(source.manifest, "", MOMENT - timedelta(hours=3))
        report = gate.apply([run(source, RULES, MOMENT, {}, [seen])], RULES)
        unknown[hours] = {it.reason for it in report.unknown}
    assert "stale" not in unknown[24]
    assert "stale" in unknown[2]


# Two policies over each other.


@given(policies, policies)
def test_what_is_used_is_looser_than_neither(declared: dict[Leaf, Value], organisation: dict[Leaf, Value]) -> None:
    policy, loosened = over(declared, organisation)
    for (table, field), way in STRICTER.items():
        leaf = (table, field)
        used = getattr(getattr(policy, table), field)
        if leaf in organisation:
            assert not is_looser(leaf, used, organisation[leaf])
            if leaf in declared and (way != "subset" or set(declared[leaf]) & set(organisation[leaf])):  # type: ignore[arg-type]
                assert not is_looser(leaf, used, declared[leaf])
        else:
            assert used == declared.get(leaf, getattr(getattr(DEFAULT, table), field))
    assert [(it.table, it.field) for it in loosened] == [
        leaf for leaf, value in declared.items() if leaf in organisation and is_looser(leaf, value, organisation[leaf])
    ]


@given(policies)
def test_a_manifest_that_says_the_same_is_no_looser(stated: dict[Leaf, Value]) -> None:
    assert over(stated, stated)[1] == ()
    assert over(stated, {})[1] == over({}, stated)[1] == ()


def test_of_lists_that_share_nothing_the_organisation_s_is_used() -> None:
    policy, (loosened,) = over({("two_factor", "accept"): ("sms", "sms")}, {("two_factor", "accept"): ("passkey",)})
    assert policy.two_factor.accept == ("passkey",)
    assert (loosened.beyond, loosened.used, loosened.stated) == (("sms",), ("passkey",), "sms, sms")


def test_a_number_is_never_beside_a_list() -> None:
    with pytest.raises(TypeError, match=r"two_factor\.accept"):
        is_looser(("two_factor", "accept"), 3, ("sms",))


def test_leaves_are_those_that_are_stated() -> None:
    assert leaves({}) == {}
    assert leaves({"rotation": {"warn_days": 3}, "two_factor": {"accept": ["sms"]}}) == {
        ("rotation", "warn_days"): 3,
        ("two_factor", "accept"): ("sms",),
    }
