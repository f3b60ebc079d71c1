"""KL905 on lists that no sandbox gives: keys that cannot be told apart, permissions and labels in doubt."""

from importlib import import_module

from live_rules import DESK, NOW, answered, reported

from keylint.api import Rule
from keylint.engine import Report
from keylint.evidence.model import LISTED_KEYS, NOT_FOUND, KeyFacts, KeyLook, ListedKey, ListedKeys

RULE: Rule = import_module("keylint.rules.key_undeclared").RULE
HOMELESS = """\
[keys.lost]
bot = "ghost"
"""


def listed(digit: str, label: str | None, *true: str, doubts: tuple[str, ...] = ()) -> ListedKey:
    flags = dict.fromkeys(true, True)
    return ListedKey(f"sha256:{digit * 16}", KeyFacts(flags, label=label, doubts=dict.fromkeys(doubts, "is missing")))


def judged(*held: ListedKey, keys: tuple[KeyLook, ...] = (), text: str = DESK) -> Report:
    return reported(RULE, text, answered("grid", LISTED_KEYS, ListedKeys(held)), keys=keys)


def said(report: Report) -> list[str]:
    return [it.message.removeprefix("accounts.grid holds ") for it in report.findings]


def test_a_key_is_known_by_a_label_that_one_of_them_bears() -> None:
    report = judged(listed("1", "grid-spot"))

    assert report.summary.passed == 1
    assert report.summary.planned == 2  # the master has no list


def test_keys_that_cannot_be_told_apart_are_unknown() -> None:
    report = judged(listed("1", "other"))

    assert [it.reason for it in report.unknown] == ["not-identified"]
    assert report.findings == ()


def test_a_list_that_is_longer_than_the_manifest_holds_something_that_is_not_in_it() -> None:
    report = judged(listed("1", "grid-spot"), listed("2", "grid-spot"), listed("3", "grid-spot"))

    assert said(report) == ["3 keys, of which the manifest can have 1: at least 2 are not in it"]
    assert [it.reason for it in report.unknown] == ["not-identified"]
    assert report.findings[0].observed_at == NOW


def test_a_key_that_binance_does_not_know_is_not_in_the_list() -> None:
    gone = KeyLook("grid", NOW, NOT_FOUND, "", "sha256:" + "9" * 16)
    report = judged(listed("1", "other"), keys=(gone,))

    assert said(report) == ['a key that is not in the manifest: "other"; the list shows no permission of it']
    assert report.unknown == ()


def test_what_was_not_told_of_a_key_is_said() -> None:
    held = listed("1", None, "enableFutures", doubts=("enableSpotAndMarginTrading", "apiName"))
    report = judged(listed("2", "grid-spot"), held)

    assert said(report) == [
        "a key that is not in the manifest: without a label that can be read; it has futures, and perhaps spot"
    ]


def test_each_finding_can_be_told_from_the_others_in_a_baseline() -> None:
    report = judged(listed("1", "grid-spot"), listed("2", "twin"), listed("3", "twin"))

    assert len({it.fingerprint for it in report.findings}) == 2
    assert report.findings[0].help == (
        'delete it in API Management; if it is needed, declare it with fingerprint = "sha256:2222222222222222"'
    )


def test_the_key_of_a_bot_that_is_not_there_may_be_the_one() -> None:
    report = judged(listed("1", "grid-spot"), listed("2", "x"), text=DESK + HOMELESS)

    assert [it.message for it in report.unknown] == [
        "accounts.grid holds a key that may or may not be keys.lost, of which the account is not known"
    ]
    assert report.findings == ()


def test_it_may_be_one_of_them_and_no_more() -> None:
    report = judged(listed("1", "grid-spot"), listed("2", "x"), listed("3", "x"), text=DESK + HOMELESS)

    assert said(report) == ["3 keys, of which the manifest can have 2: at least 1 are not in it"]
    assert len(report.unknown) == 1


def test_it_is_the_one_where_the_fingerprint_is_the_same() -> None:
    text = f'{DESK}{HOMELESS}fingerprint = "sha256:{"2" * 16}"\n'
    report = judged(listed("1", "grid-spot"), listed("2", "x"), text=text)

    assert report.findings == ()
    assert report.unknown == ()
    assert report.summary.passed == 1


def test_an_empty_list_holds_nothing_that_is_undeclared() -> None:
    assert judged().summary.passed == 1
