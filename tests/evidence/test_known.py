"""Which look counts: the newest fresh one that answered; and what a rule may read of it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from live_rules import DESK, NOW, declared, flags

from keylint.api import NotShown, Undecided
from keylint.evidence.keys import LiveKey
from keylint.evidence.known import Known, known
from keylint.evidence.model import (
    ADDRESSES,
    BINANCE,
    FEATURES,
    LISTED_KEYS,
    MALFORMED,
    NO_CREDENTIALS,
    NOT_FOUND,
    OBSERVED,
    REJECTED,
    SPOT_ORDERS,
    STATUS,
    SUB_ACCOUNTS,
    UNREACHABLE,
    AccountLook,
    Evidence,
    Features,
    KeyFacts,
    KeyLook,
    ListedKey,
    ListedKeys,
    Orders,
    Status,
    SubAccount,
    SubAccounts,
    Told,
    email_hash,
)

HOUR = timedelta(hours=1)
CREATED = datetime(2026, 11, 1, 9, 30, tzinfo=UTC)
ONE = """
[keys.dca]
permissions = ["read", "spot"]
"""
CASED = DESK.replace("grid@", "Grid@")


def facts(*tokens: str, doubts: Mapping[str, str] | None = None, restricted: bool = True) -> KeyFacts:
    doubts = doubts or {}
    told = {name: value for name, value in flags(*tokens).items() if name not in doubts}
    return KeyFacts(told, restricted, None, CREATED, doubts=doubts)


def look(at: datetime = NOW, outcome: str = OBSERVED, reason: str = "", **more: object) -> KeyLook:
    told = facts("read", "spot") if outcome == OBSERVED else None
    return KeyLook("dca", at, outcome, reason, "sha256:0000000000000001", "ed25519", told)._replace(**more)  # type: ignore[arg-type]


def evidence(*keys: KeyLook, name: str = "host.json", accounts: Sequence[AccountLook] = ()) -> Evidence:
    return Evidence(name, BINANCE, NOW, NOW, keys, tuple(accounts))


def one(*looks: KeyLook, text: str = ONE, as_of: datetime = NOW) -> LiveKey:
    return known(declared(text), [evidence(*looks)], as_of).keys["dca"]


def why(key: LiveKey) -> Undecided:
    with pytest.raises(Undecided) as caught:
        _ = key.permissions
    return caught.value


def test_what_binance_said_stands_in_place_of_what_is_declared() -> None:
    key = one(look(facts=facts("read", "futures", restricted=False)))

    assert key.permissions == {"read", "futures"}
    assert key.declared.permissions == {"read", "spot"}
    assert key.created == date(2026, 11, 1)
    assert key.created_at == CREATED
    assert not key.restricted
    assert key.open
    assert key.can_trade
    assert key.answered
    assert str(key) == "keys.dca"


@pytest.mark.parametrize("name", ["label", "ip_allowlist", "trading_expires"])
def test_what_nobody_can_show_of_an_ordinary_key_is_not_shown(name: str) -> None:
    with pytest.raises(NotShown):
        getattr(one(look()), name)


def test_the_networks_of_an_ordinary_key_are_not_shown_but_that_it_is_restricted_is() -> None:
    key = one(look())

    assert key.restricted
    assert not key.open
    with pytest.raises(NotShown):
        _ = key.networks


def test_without_a_look_it_says_where_it_was_not_looked_at() -> None:
    error = why(one())

    assert error.reason == "not-looked-at"
    assert error.message == "keys.dca was not looked at in host.json"


def test_the_newest_fresh_answer_wins_over_newer_silence() -> None:
    key = one(look(NOW - 2 * HOUR, facts=facts("read")), look(NOW - 3 * HOUR), look(NOW, REJECTED, "−2015"))

    assert key.permissions == {"read"}


def test_silence_counts_where_nobody_answered() -> None:
    error = why(one(look(NOW - HOUR, UNREACHABLE, "cannot be reached"), look(NOW, NO_CREDENTIALS, "set KEYLINT_DCA")))

    assert (error.reason, error.message) == (NO_CREDENTIALS, "keys.dca: set KEYLINT_DCA (host.json)")


@pytest.mark.parametrize(("hours", "fresh"), [(23, True), (24, False), (25, False)])
def test_a_look_is_fresh_while_it_is_younger_than_the_policy_allows(hours: int, fresh: bool) -> None:
    key = one(look(NOW - hours * HOUR))

    assert key.answered is fresh
    if not fresh:
        error = why(key)
        assert error.reason == "stale"
        assert f"{hours} hours ago; the policy allows 24" in error.message


def test_the_policy_says_how_long_a_look_holds() -> None:
    text = f"policy.evidence.max_age_hours = 2\n{ONE}"

    assert why(one(look(NOW - 2 * HOUR), text=text)).reason == "stale"


def test_a_stale_answer_is_not_saved_by_a_fresh_silence() -> None:
    assert why(one(look(NOW - 30 * HOUR), look(NOW, REJECTED, "−2015"))).reason == REJECTED


@pytest.mark.parametrize(("minutes", "judged"), [(4, True), (5, True), (6, False)])
def test_a_look_after_the_moment_of_judgement_is_no_look(minutes: int, judged: bool) -> None:
    key = one(look(NOW + timedelta(minutes=minutes)))

    assert key.answered is judged
    if not judged:
        assert why(key).reason == "later"


def test_a_key_that_binance_does_not_know_shows_nothing() -> None:
    key = one(look(outcome=NOT_FOUND))

    assert key.not_there
    assert key.answered
    for name in ("permissions", "created", "restricted", "label", "ip_allowlist"):
        with pytest.raises(NotShown):
            getattr(key, name)


def test_what_another_key_answered_is_not_of_this_one() -> None:
    text = ONE + 'fingerprint = "sha256:0123456789abcdef"\n'
    key = one(look(), text=text)

    assert why(key).reason == "another-key"
    assert key.fingerprint_used == "sha256:0000000000000001"
    assert not key.answered


def test_the_fingerprint_that_is_declared_is_this_key() -> None:
    assert one(look(), text=ONE + 'fingerprint = "sha256:0000000000000001"\n').answered


def test_a_field_in_doubt_leaves_the_others_known() -> None:
    key = one(look(facts=facts("read", "spot", doubts={"enableWithdrawals": "is a string"})))

    assert key.undecided_permissions == ("withdraw",)
    assert key.created == date(2026, 11, 1)
    bounds = key.bounds()
    assert bounds is not None
    least, most = bounds
    assert least.permissions == {"read", "spot"}
    assert most.permissions == {"read", "spot", "withdraw"}
    assert key.doubt().message == "keys.dca: enableWithdrawals is a string in what Binance answered"
    assert key.doubt().reason == MALFORMED


def test_a_key_of_which_all_permissions_are_known_has_no_bounds() -> None:
    assert one(look()).bounds() is None
    assert one().bounds() is None


@pytest.mark.parametrize(("name", "field"), [("ipRestrict", "restricted"), ("createTime", "created")])
def test_a_doubt_about_another_field_is_a_doubt_about_it_alone(name: str, field: str) -> None:
    told = KeyFacts(flags("read"), True, None, CREATED, doubts={name: "is missing"})
    key = one(look(facts=told))

    assert key.permissions == {"read"}
    with pytest.raises(Undecided, match=f"{name} is missing"):
        getattr(key, field)


def test_flags_that_keylint_has_no_word_for() -> None:
    told = KeyFacts(flags("read") | {"enableMoon": True, "enableSun": False}, True, None, CREATED)
    key = one(look(facts=told._replace(doubts={"permitsStars": "is a number"})))

    assert key.unknown_flags == ("enableMoon",)
    unread = key.unread_flags
    assert unread is not None
    assert "permitsStars is a number" in unread.message
    assert key.bounds() is None


def test_nobody_may_change_what_binance_said() -> None:
    with pytest.raises(AttributeError, match="frozen"):
        one(look()).least = frozenset()


def test_two_fresh_answers_that_disagree_are_said() -> None:
    early = evidence(look(NOW - 2 * HOUR, facts=facts("read", "withdraw")), name="a.json")
    late = evidence(look(NOW), name="b.json")
    told = known(declared(ONE), [late, early], NOW)

    assert told.keys["dca"].permissions == {"read", "spot"}
    assert told.remarks == (
        (
            "keys.dca: two looks within 24 hours disagree on enableSpotAndMarginTrading, enableWithdrawals: "
            "2026-11-20 10:00 UTC (a.json) and 2026-11-20 12:00 UTC (b.json); the later one is judged"
        ),
    )


def test_two_answers_that_agree_and_one_that_is_stale_are_not_worth_a_word() -> None:
    stale = look(NOW - 30 * HOUR, facts=facts("withdraw"))

    assert known(declared(ONE), [evidence(stale, look(NOW - HOUR), look(NOW))], NOW).remarks == ()


def test_one_says_that_there_is_no_such_key_and_the_other_that_there_is() -> None:
    told = known(declared(ONE), [evidence(look(NOW - HOUR), look(NOW, NOT_FOUND))], NOW)

    assert told.keys["dca"].not_there
    assert "disagree on whether there is such a key" in told.remarks[0]


def account(question: str, told: Told | None = None, **more: object) -> AccountLook:
    outcome = OBSERVED if told is not None else UNREACHABLE
    reason = "" if told is not None else "cannot be reached"
    found = AccountLook("grid", question, NOW, outcome, reason, "grid", told)
    return found._replace(**more)  # type: ignore[arg-type]


def desk(*accounts: AccountLook, keys: Sequence[KeyLook] = (), text: str = CASED) -> Known:
    return known(declared(text), [evidence(*keys, accounts=accounts)], NOW)


PRINT = "sha256:00000000000000aa"
OTHER = "sha256:00000000000000bb"


def listed(fingerprint: str = PRINT, label: str | None = "grid-spot", **more: object) -> ListedKey:
    can = (
        "enableSpotAndMarginTrading",
        "enableMargin",
        "enableFutures",
        "enableVanillaOptions",
        "permitsUniversalTransfer",
    )
    told = dict.fromkeys(can, False) | {"enableSpotAndMarginTrading": True}
    found = KeyFacts(told, True, ("203.0.113.20",), label=label)
    return ListedKey(fingerprint, found._replace(**more))  # type: ignore[arg-type]


def listing(*found: ListedKey) -> AccountLook:
    return account(LISTED_KEYS, ListedKeys(found), asked_with="inventory")


def test_a_key_in_its_masters_list_is_known_in_part() -> None:
    key = desk(listing(listed())).keys["grid"]

    assert key.label == "grid-spot"
    assert key.ip_allowlist == ("203.0.113.20",)
    assert key.restricted
    assert key.least == {"spot"}
    assert set(key.undecided_permissions) == {
        *("read", "fix-read", "portfolio-margin", "fix-trade", "internal-transfer", "withdraw"),
    }
    with pytest.raises(
        Undecided,
        match=r"the list of its account.s keys does not say when it was created; keys\.grid was not looked at",
    ):
        _ = key.created
    with pytest.raises(Undecided, match="when its trading ends"):
        _ = key.trading_expires
    assert "does not say whether it has read" in key.doubt().message


def test_its_own_answer_and_the_list_add_up() -> None:
    own = look()._replace(key="grid", fingerprint=PRINT)
    key = desk(listing(listed(label="another")), keys=[own]).keys["grid"]

    assert key.permissions == {"read", "spot"}
    assert key.bounds() is None
    assert key.created == date(2026, 11, 1)
    assert key.label == "another"
    assert key.ip_allowlist == ("203.0.113.20",)


def test_of_what_both_tell_the_later_counts() -> None:
    own = look(NOW - HOUR, facts=facts("read", "futures"))._replace(key="grid", fingerprint=PRINT)
    key = desk(listing(listed()), keys=[own]).keys["grid"]

    assert key.permissions == {"read", "spot"}


@pytest.mark.parametrize(
    ("declared", "found", "matched"),
    [
        ('label = "grid-spot"', listed(), True),
        ('label = "grid-spot"', listed(label="other"), False),
        (f'label = "x"\nfingerprint = "{PRINT}"', listed(), True),
        (f'label = "grid-spot"\nfingerprint = "{OTHER}"', listed(), False),
        ("", listed(label=None), False),
    ],
)
def test_a_listed_key_is_found_by_fingerprint_or_else_by_label(declared: str, found: ListedKey, matched: bool) -> None:
    told = desk(listing(found), text=CASED.replace('label = "grid-spot"', declared))

    assert (told.keys["grid"].listed is not None) is matched


def test_a_label_that_two_bear_identifies_neither() -> None:
    told = desk(listing(listed(), listed(OTHER)))

    assert told.keys["grid"].listed is None
    with pytest.raises(Undecided, match=r"2 keys that may or may not be keys\.grid: give each key its fingerprint"):
        _ = told.accounts["grid"].undeclared_keys


def test_keys_that_are_in_the_list_and_not_in_the_manifest() -> None:
    told = desk(listing(listed(), listed(OTHER, "stranger")))

    assert [each.facts.label for each in told.accounts["grid"].undeclared_keys] == ["stranger"]


def test_a_key_that_the_list_does_not_hold_is_not_there() -> None:
    text = CASED.replace('label = "grid-spot"', f'fingerprint = "{OTHER}"')
    key = desk(listing(listed()), text=text).keys["grid"]

    assert key.not_there
    with pytest.raises(NotShown):
        _ = key.permissions


def test_what_an_account_is_asked_and_not_answered_is_undecided() -> None:
    told = desk(account(STATUS), account(FEATURES, Features(False, True, False, False))).accounts["grid"]

    with pytest.raises(Undecided, match=r"accounts.grid: cannot be reached \(host.json\)"):
        _ = told.status
    with pytest.raises(Undecided, match=r"accounts\.grid was not looked at"):
        _ = told.trading
    assert told.features.futures
    assert told.look(FEATURES).asked_with == "grid"


def test_what_is_asked_on_request_alone_is_not_shown_without_it() -> None:
    with pytest.raises(NotShown):
        _ = desk().accounts["grid"].spot_orders
    assert desk(account(SPOT_ORDERS, Orders(()))).accounts["grid"].spot_orders == ()


def test_an_account_without_a_key_can_be_asked_by_nobody() -> None:
    told = known(declared("[accounts.main]"), [evidence()], NOW).accounts["main"]

    for question in (STATUS, ADDRESSES, SUB_ACCOUNTS, LISTED_KEYS):
        with pytest.raises(NotShown):
            told.look(question)


def test_a_master_without_an_inventory_key_lists_nothing() -> None:
    text = CASED.replace('role = "inventory"', "")
    told = desk(text=text)

    with pytest.raises(NotShown):
        _ = told.accounts["main"].sub_accounts
    with pytest.raises(NotShown):
        _ = told.accounts["grid"].listed_keys


def test_a_sub_account_without_an_email_cannot_be_listed() -> None:
    told = desk(text=CASED.replace('email = "Grid@example.com"', "")).accounts["grid"]

    with pytest.raises(Undecided, match="has no email"):
        _ = told.listed_keys
    with pytest.raises(Undecided, match="has no email"):
        _ = told.frozen


@pytest.mark.parametrize("frozen", [True, False])
def test_whether_a_sub_account_is_frozen_stands_in_its_masters_list(frozen: bool) -> None:
    found = SubAccounts((SubAccount(email_hash("grid@EXAMPLE.com "), "gr…@example.com", frozen),))
    told = desk(account(SUB_ACCOUNTS, found)._replace(account="main"))

    assert told.accounts["grid"].frozen is frozen
    with pytest.raises(NotShown):
        _ = told.accounts["main"].frozen


def test_a_sub_account_that_its_master_does_not_list() -> None:
    told = desk(account(SUB_ACCOUNTS, SubAccounts(()))._replace(account="main"))

    with pytest.raises(Undecided, match="is not in the list of its master's sub-accounts"):
        _ = told.accounts["grid"].frozen


def test_an_answer_to_another_question_is_no_answer() -> None:
    told = desk(account(STATUS, Orders(()))).accounts["grid"]

    with pytest.raises(Undecided, match="not told in the form that is due"):
        _ = told.status


def test_what_those_who_looked_had_to_say_is_passed_on_once() -> None:
    said = evidence()._replace(remarks=("keys.inventory can do more than read",))

    assert known(declared(ONE), [said, said], NOW).remarks == ("keys.inventory can do more than read",)


def test_the_normal_state_of_an_account() -> None:
    assert desk(account(STATUS, Status("Normal"))).accounts["grid"].status.text == "Normal"
