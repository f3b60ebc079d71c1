"""A baseline as a file: what is written is read back, and what was not written by keylint is refused."""

import contextlib
import json
from datetime import UTC, date, datetime
from importlib import import_module
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator
from strategies import ROOT, finding, secret

from keylint.api import Side
from keylint.baseline import (
    BadBaseline,
    Baseline,
    BaselineUse,
    Entry,
    dump,
    is_nameable,
    is_of,
    load,
    taken,
)
from keylint.evidence.json_file import MAX_BYTES
from keylint.tally import Reported
from keylint.testing import MOMENT, completed

SCHEMA = json.loads(import_module("keylint.schemas").text("baseline"))
VALIDATOR = Draft7Validator(SCHEMA)
DAY = date(2026, 11, 20)
LOOKED = datetime(2026, 11, 20, 9, tzinfo=UTC)
ENTRY = Entry("KL101/keys.k/permissions=withdraw", "KL101", "keys.k", (Side.DECLARED,), DAY)

TEXT = """\
{
  "version": 1,
  "entries": [
    {"fingerprint": "KL101/keys.k/permissions=withdraw", "code": "KL101", "subject": "keys.k", "sides": ["declared"], \
"since": "2026-11-20"},
    {"fingerprint": "KL301/keys.k/ip_allowlist", "code": "KL301", "subject": "keys.k", "sides": ["declared", "live"], \
"since": "2026-11-20"}
  ]
}
"""


def found(field: str, code: str = "KL101", subject: str = "keys.k", **changes: object) -> Reported:
    made = finding("", "", code=code, subject=subject, fingerprint=f"{code}/{subject}/{field}")
    return made._replace(**changes)  # type: ignore[arg-type]


def refused(data: bytes | str) -> str:
    with pytest.raises(BadBaseline) as caught:
        load("b.json", data.encode() if isinstance(data, str) else data)
    return str(caught.value)


# What is taken in.


def test_several_findings_of_one_fingerprint_are_one_entry_on_each_side_they_were_found_on() -> None:
    made = taken(
        "b.json",
        [
            found("ip_allowlist", "KL301", side=Side.LIVE, observed_at=LOOKED),
            found("ip_allowlist", "KL301"),
            found("permissions=withdraw"),
            found("permissions=withdraw", message="in other words", extent=None),
        ],
        DAY,
    )
    assert dump(made) == TEXT
    assert load("b.json", TEXT.encode()) == made


def test_a_finding_of_both_sides_is_one_of_both() -> None:
    [entry] = taken("b.json", [found("created", "KL401", observed_at=LOOKED)], DAY).entries.values()
    assert entry.sides == (Side.DECLARED, Side.LIVE)


def test_what_was_there_before_keeps_its_day() -> None:
    before = Baseline("b.json", {ENTRY.fingerprint: ENTRY._replace(since=date(2026, 9, 1))})
    made = taken("b.json", [found("permissions=withdraw"), found("created")], DAY, before)
    assert [str(entry.since) for entry in made.entries.values()] == ["2026-11-20", "2026-09-01"]


def test_a_finding_whose_fingerprint_holds_a_secret_cannot_be_named() -> None:
    key = secret(Random(3), "alnum").text
    assert is_nameable(found("permissions=withdraw"))
    assert is_nameable(found("x" * 200))
    assert not is_nameable(found(f"holders={key}"))


def test_without_an_entry_the_file_says_so() -> None:
    empty = taken("b.json", [], DAY)
    assert dump(empty) == '{\n  "version": 1,\n  "entries": []\n}\n'
    assert load("b.json", dump(empty).encode()) == empty


def test_only_some_are_left() -> None:
    both = load("b.json", TEXT.encode())
    assert list(both.only([ENTRY]).entries) == [ENTRY.fingerprint]


texts = st.text(st.characters(codec="utf-8"), max_size=20)
entries = st.builds(
    lambda number, subject, field, sides, since: Entry(
        f"KL{number}/{subject}/{field}", f"KL{number}", subject, sides, since
    ),
    st.integers(100, 999),
    texts.filter(bool),
    texts,
    st.sampled_from([(Side.DECLARED,), (Side.LIVE,), (Side.DECLARED, Side.LIVE)]),
    st.dates(),
)


@given(st.lists(entries, max_size=4))
def test_what_is_written_is_read_back_and_fits_the_schema(made: list[Entry]) -> None:
    baseline = Baseline("b.json", {}).only(made)
    text = dump(baseline)
    assert text.isascii()
    assert load("b.json", text.encode()) == baseline
    assert list(VALIDATOR.iter_errors(json.loads(text))) == []
    assert list(baseline.entries) == sorted(baseline.entries)


@pytest.mark.parametrize("acceptable", [True, False])
@pytest.mark.parametrize("judged", [True, False])
@pytest.mark.parametrize("was_found", [True, False])
def test_stale_is_what_was_judged_and_accepts_nothing(acceptable: bool, judged: bool, was_found: bool) -> None:
    use = BaselineUse(ENTRY, acceptable, judged, was_found)
    assert use.stale == (judged and not (acceptable and was_found))


# Whose it is.


@pytest.mark.parametrize(
    ("subjects", "its"),
    [
        ([], True),
        (["keys.k"], True),
        (["keys.gone", "bots.b"], True),
        (["accounts.main"], True),
        (["manifest"], True),
        (["policy.rotation"], True),
        (["keys.gone"], False),
        (["keys.gone", "accounts.other"], False),
        (["bots.k"], False),
    ],
)
def test_a_baseline_belongs_to_the_manifest_that_has_one_of_its_subjects(subjects: list[str], its: bool) -> None:
    manifest = completed("[bots.b]\n[keys.k]\n", MOMENT).manifest
    assert manifest is not None
    made = Baseline("b.json", {}).only(Entry(f"KL101/{it}/x", "KL101", it, (Side.DECLARED,), DAY) for it in subjects)
    assert is_of(made, manifest) is its


# What is no baseline.

AGAIN = "`keylint baseline create` writes one anew"
ONE = '{"fingerprint": "KL1/k/x", "code": "KL1", "subject": "k", "sides": ["live"], "since": "2026-11-20"}'


def one(old: str = "", new: str = "") -> str:
    return f'{{"version": 1, "entries": [{ONE.replace(old, new)}]}}'


def test_the_least_one_is_read() -> None:
    assert list(load("b.json", b"\xef\xbb\xbf" + one().encode()).entries) == ["KL1/k/x"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", f"b.json: is not JSON (line 1, column 1); {AGAIN}"),
        (b'{"version": 1,\n]', f"b.json: is not JSON (line 2, column 1); {AGAIN}"),
        (b"\xff\xfe{", f"b.json: is not UTF-8; {AGAIN}"),
        (b"[" * 100_000, f"b.json: nests deeper than any baseline; {AGAIN}"),
        (b" " * (MAX_BYTES + 1), f"b.json: is larger than 16 MiB; {AGAIN}"),
        (b'{"version": NaN}', f"b.json: holds what is no number in JSON; {AGAIN}"),
        (b'{"version": 1' + b"0" * 5000 + b"}", f"b.json: holds a number that is out of range; {AGAIN}"),
        (b'{"version": 1, "version": 1}', f"b.json: names one field twice; {AGAIN}"),
        (b"[]", f"b.json: is no object; {AGAIN}"),
        (b"{}", f"b.json: version is missing; {AGAIN}"),
        (b'{"version": true}', f"b.json: version is no whole number; {AGAIN}"),
        (
            b'{"version": 2, "findings": []}',
            f"b.json: is a baseline of another version than 1: judge it with the keylint that wrote it, or {AGAIN}",
        ),
        (b'{"version": 1}', f"b.json: entries is missing; {AGAIN}"),
        (b'{"version": 1, "entries": {}}', f"b.json: entries is no list; {AGAIN}"),
        (b'{"version": 1, "entries": [], "x": 1}', f"b.json: has a field that keylint does not write; {AGAIN}"),
        (b'{"version": 1, "entries": [3]}', f"b.json: entries[0] is no object; {AGAIN}"),
        (one('"k"', "3"), f"b.json: entries[0].subject is no string; {AGAIN}"),
        (
            one('"KL1/', '"KL2/'),
            f"b.json: entries[0].fingerprint does not begin with its code and its subject; {AGAIN}",
        ),
        (
            one('["live"]', "[]"),
            f"b.json: entries[0].sides is no list of declared and live, or of one of them; {AGAIN}",
        ),
        (
            one('"live"', '"live", "live"'),
            f"b.json: entries[0].sides is no list of declared and live, or of one of them; {AGAIN}",
        ),
        (one("live", "both"), f"b.json: entries[0].sides[0] is none of declared, live; {AGAIN}"),
        (one("2026-11-20", "2026-11-31"), f"b.json: entries[0].since is no day such as 2026-11-20; {AGAIN}"),
        (one("2026-11-20", "20261120"), f"b.json: entries[0].since is no day such as 2026-11-20; {AGAIN}"),
        (one('"since"', '"until": 1, "since"'), f"b.json: entries[0] has a field that keylint does not write; {AGAIN}"),
        (
            f'{{"version": 1, "entries": [{ONE}, {ONE}]}}',
            "b.json: entries[1] has a fingerprint that stands further up: remove one of the two",
        ),
    ],
    ids=range(25),
)
def test_what_is_no_baseline_is_refused_with_what_to_do(data: bytes | str, said: str) -> None:
    assert refused(data) == said


@given(
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), texts),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.dictionaries(
                st.sampled_from(["version", "entries", "fingerprint", "code", "subject", "sides", "since", "x"]), inner
            ),
        ),
    )
)
def test_whatever_json_is_given_it_is_a_baseline_that_fits_the_schema_or_refused(document: object) -> None:
    data = json.dumps(document).encode()
    if VALIDATOR.is_valid(document):
        # What the schema cannot say: a day that there is, a fingerprint of its code and subject, each once.
        with contextlib.suppress(BadBaseline):
            load("b.json", data)
    else:
        assert "`keylint baseline create`" in refused(data)


def test_the_schema_is_one_and_the_example_fits_it() -> None:
    Draft7Validator.check_schema(SCHEMA)
    example = (ROOT / "examples" / "museum" / "accepted.baseline.json").read_text(encoding="utf-8")
    assert list(VALIDATOR.iter_errors(json.loads(example))) == []
    assert dump(load("b.json", example.encode())) == example
