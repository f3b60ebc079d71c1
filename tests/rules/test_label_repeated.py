"""KL206 on a master's list in which a label was not told."""

from importlib import import_module

import pytest
from live_rules import ACCOUNTS, answered, reported

from keylint.api import Rule
from keylint.engine import Report
from keylint.evidence.model import LISTED_KEYS, KeyFacts, ListedKey, ListedKeys

RULE: Rule = import_module("keylint.rules.label_repeated").RULE
OWN = f"""{ACCOUNTS}
[keys.a]
account = "grid"
label = "a"
fingerprint = "sha256:1111111111111111"
"""


def judged(*labels: str | None) -> Report:
    """What KL206 says where keys.a is the first in a list of keys with these labels."""
    held = tuple(
        ListedKey(
            f"sha256:{str(number) * 16}", KeyFacts({}, label=label, doubts={} if label else {"apiName": "is missing"})
        )
        for number, label in enumerate(labels, 1)
    )
    return reported(RULE, OWN, answered("grid", LISTED_KEYS, ListedKeys(held)))


def test_a_label_that_was_not_told_could_be_the_same() -> None:
    report = judged("same", None, "other")

    assert [it.message for it in report.unknown] == [
        'keys.a has the label "same", and of 1 other keys of accounts.grid the label was not told'
    ]
    assert report.findings == ()


def test_a_label_that_was_not_told_matters_not_where_another_is_the_same() -> None:
    report = judged("same", None, "same")

    assert [it.message for it in report.findings] == [
        'keys.a has the label "same", and so has a key not in the manifest (live)'
    ]
    assert report.unknown == ()


@pytest.mark.parametrize("own", ["same", "a"])
def test_of_the_key_itself_the_list_speaks_once(own: str) -> None:
    report = judged(own, "other")

    assert (report.findings, report.unknown) == ((), ())
    assert report.summary.passed == 2  # on both sides
    assert report.summary.planned == 2


def test_a_key_of_which_the_label_was_not_told_is_unknown() -> None:
    assert [it.subject for it in judged(None, "other").unknown] == ["keys.a"]
