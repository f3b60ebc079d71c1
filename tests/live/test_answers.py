"""Binance's answers are read to the letter: what is missing, or in another form, is in doubt and never a value."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keylint.evidence.model import (
    Features,
    KeyFacts,
    Order,
    Orders,
    Positions,
    Status,
    Trading,
    Withdrawals,
    email_hash,
)
from keylint.live import account_answers, key_answers
from keylint.live.failure import Failure
from keylint.live.key_answers import key_facts, keys_page, restriction
from keylint.live.secret import Secret, fingerprint
from keylint.manifest.permissions import PERMISSIONS

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
FIELDS = tuple(permission.field for permission in PERMISSIONS)
API_KEY = "k5V49ldtn4tszj6W3hystegdfvmGbqDzjmkCtpTvC0G74WhK7yd4rfCTo4lShf"
OTHER_KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"

# The example of Binance's official connector, 2026-08-21.
DOCUMENTED = {
    "ipRestrict": False,
    "createTime": 1623840271000,
    "enableReading": True,
    "enableWithdrawals": False,
    "enableInternalTransfer": True,
    "enableMargin": False,
    "enableFutures": False,
    "permitsUniversalTransfer": True,
    "enableVanillaOptions": False,
    "enableFixApiTrade": False,
    "enableFixReadOnly": True,
    "enableSpotAndMarginTrading": False,
    "enablePortfolioMarginTrading": True,
}
WRONG: dict[str, Any] = {
    "is null": None,
    "is a string, where true or false was due": "true",
    "is a number, where true or false was due": 1,
    "is a number, where true or false was due ": 0,
    "is a number with a fraction, where true or false was due": 1.0,
    "is a list, where true or false was due": [True],
    "is an object, where true or false was due": {},
}


def test_the_documented_answer_is_known_in_full() -> None:
    facts = key_facts(DOCUMENTED, NOW)
    assert facts.doubts == {}
    assert set(facts.flags) == set(FIELDS)
    assert {name for name, value in facts.flags.items() if value} == {
        "enableReading",
        "enableInternalTransfer",
        "permitsUniversalTransfer",
        "enableFixReadOnly",
        "enablePortfolioMarginTrading",
    }
    assert facts.ip_restricted is False
    assert facts.created == datetime(2021, 6, 16, 10, 44, 31, tzinfo=UTC)
    assert (facts.trading_expires, facts.ip_list, facts.label) == (None, None, None)


@pytest.mark.parametrize("field", [*FIELDS, "ipRestrict"])
@pytest.mark.parametrize("why", ["is missing", *WRONG])
def test_a_field_in_another_form_is_a_doubt_of_that_field_alone(field: str, why: str) -> None:
    answer = {**DOCUMENTED, field: WRONG.get(why)}
    if why == "is missing":
        del answer[field]
    facts, whole = key_facts(answer, NOW), key_facts(DOCUMENTED, NOW)
    assert facts.doubts == {field: why.strip()}
    assert field not in facts.flags
    assert dict(facts.flags) == {name: value for name, value in whole.flags.items() if name != field}
    assert facts.ip_restricted is (None if field == "ipRestrict" else False)
    assert facts.created == whole.created


@pytest.mark.parametrize(
    "name", ["enablewithdrawals", "EnableWithdrawals", "enableWithdrawals ", "еnableWithdrawals", "enableWithdrawal"]
)
@pytest.mark.parametrize("value", [True, False])
def test_a_name_that_is_nearly_right_is_another_one(name: str, value: bool) -> None:
    answer = {name if field == "enableWithdrawals" else field: each for field, each in DOCUMENTED.items()}
    answer[name] = value
    facts = key_facts(answer, NOW)
    assert facts.doubts == {"enableWithdrawals": "is missing"}
    assert facts.flags[name] is value


def test_what_nobody_has_documented_is_kept_or_in_doubt() -> None:
    more = {"enablePredictionTrading": True, "somethingElse": False, "number": 3, "PermitsAll": "true", "enableX": None}
    facts = key_facts({**DOCUMENTED, **more}, NOW)
    assert facts.flags["enablePredictionTrading"] is True
    assert facts.flags["somethingElse"] is False
    assert "number" not in {*facts.flags, *facts.doubts}
    assert facts.doubts == {"PermitsAll": "is a string, where true or false was due", "enableX": "is null"}


@given(st.dictionaries(st.text(max_size=20), st.booleans() | st.none() | st.integers() | st.text(max_size=5)))
def test_no_field_that_is_added_changes_what_is_known(more: dict[str, Any]) -> None:
    added = {name: value for name, value in more.items() if name not in {*DOCUMENTED, "tradingAuthorityExpirationTime"}}
    facts, whole = key_facts({**added, **DOCUMENTED}, NOW), key_facts(DOCUMENTED, NOW)
    assert {name: facts.flags[name] for name in FIELDS} == whole.flags
    assert (facts.ip_restricted, facts.created) == (whole.ip_restricted, whole.created)
    assert not set(facts.doubts) & {*FIELDS, "ipRestrict", "createTime"}


@given(st.dictionaries(st.sampled_from([*DOCUMENTED, "x"]), st.sampled_from([*WRONG.values(), True, False, 10**12])))
def test_nothing_is_known_that_was_not_told(answer: dict[str, Any]) -> None:
    try:
        facts = key_facts(answer, NOW)
    except Failure as failure:
        assert failure.outcome == "malformed"  # noqa: PT017 - either way is right
        return
    for name in FIELDS:
        assert facts.flags.get(name) is (answer[name] if answer.get(name) in (True, False) and isinstance(answer[name], bool) else None)  # fmt: skip # noqa: E501
        assert (name in facts.doubts) is (name not in facts.flags)


TOO_LATE = int((NOW + timedelta(days=1, seconds=1)).timestamp() * 1000)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (0, "is no time in milliseconds between 2017 and 2100"),
        (-1, "is no time in milliseconds between 2017 and 2100"),
        (1623840271, "is no time in milliseconds between 2017 and 2100"),
        (1623840271000000, "is no time in milliseconds between 2017 and 2100"),
        (10**21, "is no time in milliseconds between 2017 and 2100"),
        (1498867199999, "is no time in milliseconds between 2017 and 2100"),
        (4102444800000, "is no time in milliseconds between 2017 and 2100"),
        (True, "is true or false, where a time in milliseconds was due"),
        (1623840271000.0, "is a number with a fraction, where a time in milliseconds was due"),
        ("1623840271000", "is a string, where a time in milliseconds was due"),
        (None, "is null"),
        ([], "is a list, where a time in milliseconds was due"),
    ],
)
def test_a_time_that_is_none_is_a_doubt(value: Any, why: str) -> None:
    facts = key_facts({**DOCUMENTED, "createTime": value}, NOW)
    assert (facts.created, facts.doubts) == (None, {"createTime": why})
    facts = key_facts({**DOCUMENTED, "tradingAuthorityExpirationTime": value}, NOW)
    assert (facts.trading_expires, facts.doubts) == (None, {"tradingAuthorityExpirationTime": why})


def test_times_at_the_ends() -> None:
    without = {name: value for name, value in DOCUMENTED.items() if name != "createTime"}
    assert key_facts(without, NOW).doubts == {"createTime": "is missing"}
    assert key_facts({**DOCUMENTED, "createTime": TOO_LATE}, NOW).doubts == {"createTime": "is in the future"}
    assert key_facts({**DOCUMENTED, "createTime": TOO_LATE}, NOW).created is None
    assert key_facts({**DOCUMENTED, "createTime": TOO_LATE - 1000}, NOW).created == NOW + timedelta(days=1)
    assert key_facts({**DOCUMENTED, "createTime": 1498867200000}, NOW).created == datetime(2017, 7, 1, tzinfo=UTC)
    told = key_facts({**DOCUMENTED, "tradingAuthorityExpirationTime": 4102444799999}, NOW)
    assert told.trading_expires == datetime(2099, 12, 31, 23, 59, 59, 999000, tzinfo=UTC)
    for name in ("TradingAuthorityExpirationTime", "tradingAuthorityExpirationTime "):
        told = key_facts({**DOCUMENTED, name: 1700000000000}, NOW)
        assert told.doubts == {"tradingAuthorityExpirationTime": "is spelled otherwise"}


@pytest.mark.parametrize("answer", [None, True, 1, "x", [], [DOCUMENTED], {}, {"data": DOCUMENTED}, {"x": True}])
def test_what_is_no_answer_about_a_key_is_malformed(answer: Any) -> None:
    with pytest.raises(Failure) as raised:
        key_facts(answer, NOW)
    assert raised.value.outcome == "malformed"
    assert "/sapi/v1/account/apiRestrictions" in raised.value.message


def test_too_many_fields_are_malformed_and_long_names_are_cut() -> None:
    with pytest.raises(Failure, match="it has 213 fields"):
        key_facts({**DOCUMENTED, **{f"enable{index}": True for index in range(200)}}, NOW)
    facts = key_facts({**DOCUMENTED, "x" * 70: True, "x" * 71: False, f"y{OTHER_KEY}": True}, NOW)
    assert facts.flags["x" * 63 + "…"] is True
    assert not any(OTHER_KEY[:16] in name for name in facts.flags)


# -- A master's list of keys -------------------------------------------------------------------------------------------

EMAIL = "grid@example.com"
ROW = {
    "email": EMAIL,
    "apiName": "grid-spot",
    "apikey": API_KEY,
    "canTrade": True,
    "canMarginLoanRepay": False,
    "canFuturesTrade": False,
    "canUniversalTransfer": False,
    "canVanillaOptions": False,
    "timestamp": 1640000000000,
}


@pytest.mark.parametrize("name", ["rows", "list"])
def test_a_page_of_keys(name: str) -> None:
    page = keys_page({"total": 1, name: [ROW]}, "Grid@Example.com")
    assert page.total == 1
    (row,) = page.rows
    assert row.fingerprint == fingerprint(API_KEY)
    assert row.api_key.reveal() == API_KEY
    assert API_KEY[:16] not in repr(page)
    assert row.facts == KeyFacts(
        {
            "enableFutures": False,
            "enableMargin": False,
            "enableSpotAndMarginTrading": True,
            "enableVanillaOptions": False,
            "permitsUniversalTransfer": False,
        },
        label="grid-spot",
    )


TWINS = {
    "canTrade": "enableSpotAndMarginTrading",
    "canMarginLoanRepay": "enableMargin",
    "canFuturesTrade": "enableFutures",
    "canUniversalTransfer": "permitsUniversalTransfer",
    "canVanillaOptions": "enableVanillaOptions",
}


@pytest.mark.parametrize("field", TWINS)
@pytest.mark.parametrize("why", ["is missing", *WRONG])
def test_what_a_list_tells_otherwise_is_a_doubt(field: str, why: str) -> None:
    row = {**ROW, field: WRONG.get(why)}
    if why == "is missing":
        del row[field]
    facts = keys_page({"total": 1, "rows": [row]}, EMAIL).rows[0].facts
    assert facts.doubts == {TWINS[field]: f"({field}) {why.strip()}"}
    assert set(facts.flags) == set(TWINS.values()) - {TWINS[field]}


@pytest.mark.parametrize(("label", "why"), [(None, "is null"), (3, "is a number, where a string was due")])
def test_a_label_in_another_form_is_a_doubt(label: Any, why: str) -> None:
    facts = keys_page({"total": 1, "rows": [{**ROW, "apiName": label}]}, EMAIL).rows[0].facts
    assert (facts.label, facts.doubts) == (None, {"apiName": why})


def test_a_label_that_is_a_secret_is_covered() -> None:
    facts = keys_page({"total": 1, "rows": [{**ROW, "apiName": OTHER_KEY}]}, EMAIL).rows[0].facts
    assert facts.label == "*" * 64


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        ([ROW], "it is a list, where an object was due"),
        ({"total": 1}, "rows is missing"),
        ({"total": 1, "rows": [ROW], "list": [ROW]}, "it has both rows and list"),
        ({"total": 1, "rows": None}, "rows is null"),
        ({"total": 1, "rows": {"0": ROW}}, "rows is an object, where a list was due"),
        ({"rows": [ROW]}, "total is missing"),
        ({"total": True, "rows": [ROW]}, "total is true or false, where a number was due"),
        ({"total": "1", "rows": [ROW]}, "total is a string, where a number was due"),
        ({"total": -1, "rows": []}, "total is negative"),
        ({"total": 1, "rows": ["x"]}, "rows[0] is a string, where an object was due"),
        ({"total": 101, "rows": [ROW] * 101}, "it lists 101 keys on one page, where at most 100 were asked for"),
        ({"total": 1, "rows": [{**ROW, "apikey": None}]}, "rows[0].apikey is null"),
        ({"total": 1, "rows": [{**ROW, "apikey": ""}]}, "rows[0].apikey is empty"),
        ({"total": 1, "rows": [{**ROW, "apikey": "vmP***"}]}, "rows[0].apikey is not a whole API key"),
        ({"total": 1, "list": [{**ROW, "apikey": f"{API_KEY}\n"}]}, "list[0].apikey is not a whole API key"),
        (
            {"total": 1, "rows": [{**ROW, "email": "other@example.com"}]},
            "rows[0].email is not that of the sub-account which was asked about",
        ),
        (
            {"total": 1, "rows": [{**ROW, "email": None}]},
            "rows[0].email is not that of the sub-account which was asked about",
        ),
    ],
)
def test_a_page_of_keys_in_another_form_is_malformed(answer: Any, what: str) -> None:
    with pytest.raises(Failure) as raised:
        keys_page(answer, EMAIL)
    assert raised.value.outcome == "malformed"
    assert f"Binance documents: {what};" in raised.value.message
    assert API_KEY[:16] not in raised.value.message
    assert EMAIL not in raised.value.message


IPS: dict[str, Any] = {"ipRestrict": "true", "ipList": ["69.210.67.14", "8.34.21.0/24"], "apiKey": API_KEY}
KEY = Secret(API_KEY, "test")


@pytest.mark.parametrize("said", ["true", True])
def test_addresses_of_a_key(said: Any) -> None:
    told = restriction({**IPS, "ipRestrict": said}, KEY)
    assert told == (True, ("69.210.67.14", "8.34.21.0/24"), {})
    assert restriction({**IPS, "ipRestrict": {"true": "false", True: False}[said], "ipList": []}, KEY) == (
        False,
        (),
        {},
    )


@pytest.mark.parametrize(
    ("changes", "restricted", "entries", "doubts"),
    [
        ({"ipRestrict": "TRUE"}, None, 2, {"ipRestrict": "is another word than true and false"}),
        ({"ipRestrict": "1"}, None, 2, {"ipRestrict": "is another word than true and false"}),
        ({"ipRestrict": 1}, None, 2, {"ipRestrict": 'is a number, where "true" or "false" was due'}),
        ({"ipRestrict": None}, None, 2, {"ipRestrict": "is null"}),
        ({"ipList": None}, True, None, {"ipList": "is null"}),
        ({"ipList": "1.2.3.4"}, True, None, {"ipList": "is a string, where a list was due"}),
        ({"ipList": []}, True, 0, {"ipList": "is empty, where ipRestrict is true"}),
        ({"ipRestrict": "false"}, False, 2, {"ipList": "names addresses, where ipRestrict is false"}),
        (
            {"ipList": ["542.234.192.290", "8.34.21.10", None, "1.2.3.4/24"]},
            True,
            1,
            {"ipList": "has 3 of 4 entries that name no address or network"},
        ),
    ],
)
def test_addresses_in_another_form_are_in_doubt(
    changes: dict[str, Any], restricted: bool | None, entries: int | None, doubts: dict[str, str]
) -> None:
    told = restriction({**IPS, **changes}, KEY)
    assert (told.ip_restricted, told.doubts) == (restricted, doubts)
    assert (None if told.ip_list is None else len(told.ip_list)) == entries


@pytest.mark.parametrize("missing", ["ipRestrict", "ipList"])
def test_a_missing_field_of_addresses_is_a_doubt(missing: str) -> None:
    assert restriction({k: v for k, v in IPS.items() if k != missing}, KEY).doubts == {missing: "is missing"}


@pytest.mark.parametrize("whose", [OTHER_KEY, API_KEY.lower(), "", None, 3])
def test_addresses_of_another_key_are_malformed(whose: Any) -> None:
    with pytest.raises(Failure, match="apiKey is") as raised:
        restriction({**IPS, "apiKey": whose}, KEY)
    assert raised.value.outcome == "malformed"
    assert OTHER_KEY[:16] not in str(raised.value)


# -- Accounts ----------------------------------------------------------------------------------------------------------

ADDRESS = {"address": "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "coin": "BTC", "network": "BTC", "whiteStatus": False}
SUB = {"subUserId": 123456, "email": EMAIL, "remark": "r", "isFreeze": False, "mobile": 1570791523523}
WITHDRAWN = {"id": "b6", "applyTime": "2019-10-12 11:12:02", "withdrawOrderId": "WITHDRAWtest123"}
INFO = {
    "vipLevel": 0,
    "isMarginEnabled": True,
    "isFutureEnabled": False,
    "isOptionsEnabled": True,
    "isPortfolioMarginRetailEnabled": False,
}
MOMENT = datetime(2019, 10, 12, 11, 12, 2, tzinfo=UTC)

Read = Callable[[Any], Any]
READ: list[tuple[Read, Any, Any]] = [
    (account_answers.uid, {"uid": 354937868}, 354937868),
    (account_answers.status, {"data": "Normal"}, Status("Normal")),
    (account_answers.status, {"data": "x" * 300}, Status("x" * 199 + "…")),
    (account_answers.trading, {"data": {"isLocked": False, "plannedRecoverTime": 0}}, Trading(locked=False)),
    (account_answers.trading, {"data": {"isLocked": True, "plannedRecoverTime": 0}}, Trading(locked=True)),
    (account_answers.trading, {"data": {"isLocked": True}}, Trading(locked=True)),
    (
        account_answers.trading,
        {"data": {"isLocked": True, "plannedRecoverTime": 1570878722000}},
        Trading(locked=True, until=MOMENT),
    ),
    (account_answers.features, INFO, Features(True, False, True, False)),
    (account_answers.withdrawal_addresses, [], (0, ())),
    (account_answers.withdrawal_addresses, [{**ADDRESS, "whiteStatus": True}], (1, ())),
    (
        account_answers.withdrawal_addresses,
        [ADDRESS, {**ADDRESS, "whiteStatus": True}],
        (2, ("BTC on BTC 1A1z…vfNa",)),
    ),
    (account_answers.sub_accounts, {"subAccounts": []}, ()),
    (account_answers.sub_accounts, {"subAccounts": [SUB]}, ((email_hash(EMAIL), "gr…@example.com", False),)),
    (
        account_answers.sub_accounts,
        {"subAccounts": [{**SUB, "email": "g@x.org", "isFreeze": True}]},
        ((email_hash("g@x.org"), "…@x.org", True),),
    ),
    (account_answers.withdrawals, [], Withdrawals((), complete=True)),
    (account_answers.withdrawals, [WITHDRAWN], Withdrawals((MOMENT,), complete=True)),
    (account_answers.withdrawals, [{**WITHDRAWN, "withdrawOrderId": ""}], Withdrawals((), complete=True)),
    (account_answers.withdrawals, [{"applyTime": WITHDRAWN["applyTime"]}], Withdrawals((), complete=True)),
    (
        account_answers.withdrawals,
        [WITHDRAWN, {**WITHDRAWN, "applyTime": "2019-10-13 11:12:02"}],
        Withdrawals((MOMENT + timedelta(days=1), MOMENT), complete=True),
    ),
    (account_answers.withdrawals, [WITHDRAWN] * 200, Withdrawals((MOMENT,) * 200, complete=False)),
    (account_answers.positions, {"positions": []}, Positions(())),
    (
        account_answers.positions,
        {
            "positions": [
                {"symbol": "BTCUSDT", "positionAmt": "-0.001"},
                {"symbol": "ETHUSDT", "positionAmt": "0.000"},
                {"symbol": "XRPUSDT", "positionAmt": "-0"},
                {"symbol": "BTCUSDT", "positionAmt": "10"},
            ]
        },
        Positions(("BTCUSDT",)),
    ),
    (account_answers.orders("spot"), [], Orders(())),
    (
        account_answers.orders("futures"),
        [{"symbol": "BTCUSDT", "clientOrderId": "x-1"}],
        Orders((Order("futures", "BTCUSDT", "x-1"),)),
    ),
]


@pytest.mark.parametrize(("read", "answer", "expected"), READ)
def test_answers_about_accounts(read: Read, answer: Any, expected: Any) -> None:
    assert read(answer) == expected


BAD: list[tuple[Read, Any, str]] = [
    (account_answers.uid, {}, "uid is missing"),
    (account_answers.uid, {"uid": "1"}, "uid is a string, where a number was due"),
    (account_answers.uid, {"uid": True}, "uid is true or false, where a number was due"),
    (account_answers.uid, {"uid": 0}, "uid is out of range"),
    (account_answers.uid, {"uid": -4}, "uid is out of range"),
    (account_answers.uid, {"uid": 1 << 64}, "uid is out of range"),
    (account_answers.status, {}, "data is missing"),
    (account_answers.status, {"data": ""}, "data is empty"),
    (account_answers.status, {"data": {"status": "Normal"}}, "data is an object, where a string was due"),
    (account_answers.status, "Normal", "it is a string, where an object was due"),
    (account_answers.trading, {}, "data is missing"),
    (account_answers.trading, {"data": {}}, "data.isLocked is missing"),
    (account_answers.trading, {"data": {"islocked": True}}, "data.isLocked is missing"),
    (
        account_answers.trading,
        {"data": {"isLocked": "false"}},
        "data.isLocked is a string, where true or false was due",
    ),
    *[
        (account_answers.features, {**INFO, name: 0}, f"{name} is a number, where true or false was due")
        for name in list(INFO)[1:]
    ],
    (account_answers.features, {"vipLevel": 0}, "isMarginEnabled is missing"),
    (account_answers.withdrawal_addresses, {}, "it is an object, where a list was due"),
    (account_answers.withdrawal_addresses, [None], "it[0] is null"),
    (
        account_answers.withdrawal_addresses,
        [{**ADDRESS, "whiteStatus": "true"}],
        "it[0].whiteStatus is a string, where true or false was due",
    ),
    (account_answers.withdrawal_addresses, [{**ADDRESS, "coin": 1}], "it[0].coin is a number, where a string was due"),
    (account_answers.withdrawal_addresses, [{**ADDRESS, "address": ""}], "it[0].address is empty"),
    (account_answers.sub_accounts, [], "it is a list, where an object was due"),
    (account_answers.sub_accounts, {}, "subAccounts is missing"),
    (
        account_answers.sub_accounts,
        {"subAccounts": [{**SUB, "email": "x"}]},
        "subAccounts[0].email is no e-mail address",
    ),
    (
        account_answers.sub_accounts,
        {"subAccounts": [{**SUB, "email": "a\ud800@x.org"}]},
        "subAccounts[0].email is no e-mail address",
    ),
    (
        account_answers.sub_accounts,
        {"subAccounts": [{**SUB, "isFreeze": None}]},
        "subAccounts[0].isFreeze is null",
    ),
    (
        account_answers.sub_accounts,
        {"subAccounts": [SUB] * 201},
        "it lists 201 on one page, where at most 200 were asked for",
    ),
    (account_answers.withdrawals, {"code": 1}, "it is an object, where a list was due"),
    (account_answers.withdrawals, [{}], "it[0].applyTime is missing"),
    (account_answers.withdrawals, [{**WITHDRAWN, "withdrawOrderId": None}], "it[0].withdrawOrderId is null"),
    (
        account_answers.withdrawals,
        [{**WITHDRAWN, "withdrawOrderId": 7}],
        "it[0].withdrawOrderId is a number, where a string was due",
    ),
    (
        account_answers.withdrawals,
        [{"applyTime": "2019-10-12 11:12:02", "withdrawOrderID": "x"}],
        "it[0].withdrawOrderId is spelled otherwise",
    ),
    *[
        (account_answers.withdrawals, [{"applyTime": text}], "it[0].applyTime is no time such as 2019-10-12 11:12:02")
        for text in (
            "2019-10-12",
            "2019-10-12T11:12:02",
            "2019-02-30 11:12:02",
            "1970-01-01 00:00:00",
            "2019-1-2 1:1:1",
        )
    ],
    (account_answers.positions, [], "it is a list, where an object was due"),
    (account_answers.positions, {}, "positions is missing"),
    *[
        (
            account_answers.positions,
            {"positions": [{"symbol": "BTCUSDT", "positionAmt": text}]},
            "positions[0].positionAmt is no decimal number",
        )
        for text in ("1e5", "NaN", "x", " 0", "0x1", "١", "--1", "1.")
    ],
    (
        account_answers.positions,
        {"positions": [{"symbol": "BTCUSDT", "positionAmt": 0}]},
        "positions[0].positionAmt is a number, where a string was due",
    ),
    (account_answers.orders("spot"), {}, "it is an object, where a list was due"),
    (account_answers.orders("spot"), [{"symbol": "X"}], "it[0].clientOrderId is missing"),
]


@pytest.mark.parametrize(("read", "answer", "what"), BAD)
def test_answers_about_accounts_in_another_form_are_malformed(read: Read, answer: Any, what: str) -> None:
    with pytest.raises(Failure) as raised:
        read(answer)
    assert raised.value.outcome == "malformed"
    assert f"Binance documents: {what};" in raised.value.message


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([
        "data", "isLocked", "uid", "rows", "total", "apikey", "subAccounts", "email", "isFreeze", "positions", "symbol",
        "positionAmt", "applyTime", "withdrawOrderId", "whiteStatus", "address", "coin", "network", "enableReading",
    ]), inner, max_size=5),
)  # fmt: skip


@given(JSON)
def test_any_json_is_an_answer_or_a_failure(answer: Any) -> None:
    reads: list[Read] = [
        account_answers.uid,
        account_answers.status,
        account_answers.trading,
        account_answers.features,
        account_answers.withdrawal_addresses,
        account_answers.sub_accounts,
        account_answers.withdrawals,
        account_answers.positions,
        account_answers.orders("spot"),
        lambda it: key_facts(it, NOW),
        lambda it: keys_page(it, EMAIL),
        lambda it: restriction(it, KEY),
    ]
    for read in reads:
        try:
            read(answer)
        except Failure as failure:
            assert failure.outcome == "malformed"  # noqa: PT017 - either way is right


def test_the_hash_of_an_account_is_slow_salted_and_always_the_same() -> None:
    assert account_answers.account_hash(354937868) == "975cae964df59ece"
    assert account_answers.account_hash(354937868) != account_answers.account_hash(354937869)


def test_addresses_are_added_to_what_the_list_tells() -> None:
    facts = key_answers.with_addresses(KeyFacts({}, label="x", doubts={"z": "is null"}), restriction(IPS, KEY))
    assert (facts.ip_restricted, facts.ip_list, facts.label) == (True, ("69.210.67.14", "8.34.21.0/24"), "x")
    assert facts.doubts == {"z": "is null"}
    left_out = key_answers.without_addresses(facts._replace(ip_restricted=None, ip_list=None), "limited")
    assert left_out.doubts == {"ipList": "was not told (limited)", "z": "is null"}
