"""A whole run: who is asked what with which key, what stands in the evidence, and that nothing is lost or made up."""

import signal
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from live.stand_in import NOW, Clock, StandIn, credentials, manifest

from keylint.evidence.file import dump, load
from keylint.evidence.model import (
    ANSWERS,
    QUESTIONS,
    AccountLook,
    Evidence,
    Features,
    KeyLook,
    Order,
    Orders,
    Positions,
    Status,
    email_hash,
)
from keylint.live.account_answers import account_hash
from keylint.live.asking import Stop, understood
from keylint.live.failure import Failure
from keylint.live.observe import Interrupted, observe
from keylint.manifest.model import Manifest

KEY = """type = "ed25519"
permissions = ["read"]
created = 2026-11-01
"""
DESK = f"""
[accounts.main]
[accounts.grid]
master = "main"
email = "grid@example.com"
[accounts.empty]
master = "main"
email = "empty@example.com"
[accounts.nameless]
master = "main"

[keys.own]
account = "main"
{KEY}
[keys.inventory]
account = "main"
role = "inventory"
{KEY}
[keys.grid]
account = "grid"
{KEY}
[keys.grid-old]
account = "grid"
status = "disabled"
disabled = 2026-11-02
{KEY}
"""
STATE = """
[accounts.main]
uid = 354937868
status = "Normal"
features = ["margin"]
withdrawal_addresses = [{ coin = "BTC", address = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa" }]
withdrawals = [{ on = 2026-11-12, coin = "BTC", amount = "0.5", order_id = "x" }]
orders = [{ market = "spot", symbol = "BTCUSDT", client_id = "x-1" }]
[accounts.grid]
master = "main"
email = "grid@example.com"
features = ["futures"]
positions = [{ symbol = "BTCUSDT", amount = "1" }]
orders = [{ market = "futures", symbol = "BTCUSDT", client_id = "x-2" }]
[accounts.empty]
master = "main"
email = "empty@example.com"
frozen = true
[keys.own]
created = 2026-11-01
[keys.inventory]
created = 2026-11-01
flags = { enablePredictionTrading = true, somethingElse = true }
permissions = ["read", "fix-read", "futures"]
[keys.grid]
account = "grid"
permissions = ["read", "spot", "futures"]
ip_list = ["203.0.113.20", "203.0.113.21"]
created = 2026-11-01
[keys.grid-old]
account = "grid"
created = 2026-08-01
[keys.stray]
account = "grid"
created = 2026-08-01
"""


class Result:
    """The evidence of one run, by subject."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self.keys: Mapping[str, KeyLook] = {look.key: look for look in evidence.keys}
        self.accounts = {(look.account, look.question): look for look in evidence.accounts}
        # What no run may do: leave a look without a reason, or write a file that it cannot read.
        text = dump(evidence, "1")
        assert load("", text.encode()) == evidence

    def account(self, account: str, question: str) -> AccountLook:
        return self.accounts[account, question]

    def outcomes(self) -> dict[str, str]:
        return {key: look.outcome for key, look in self.keys.items()}


def run(declared: Manifest, stand_in: StandIn, other: Mapping[str, str] | None = None, **options: Any) -> Result:
    found = credentials(declared, stand_in, **(other or {}))
    return Result(observe(declared, found, stand_in, Clock(), source="sandbox", **options))


def desk(more: str = "", state: str = STATE, **options: Any) -> tuple[Result, StandIn]:
    stand_in = StandIn(state + more)
    return run(manifest(DESK), stand_in, **options), stand_in


def test_a_whole_desk() -> None:
    result, stand_in = desk()
    evidence = result.evidence
    assert [look.key for look in evidence.keys] == ["own", "inventory", "grid", "grid-old"]
    assert {look.outcome for look in evidence.keys} == {"observed"}
    assert all(look.at == NOW and look.facts is not None and not look.facts.doubts for look in evidence.keys)
    assert [result.keys[key].account for key in result.keys] == [
        *[account_hash(354937868)] * 2,
        *[account_hash(stand_in.state.accounts["grid"].uid)] * 2,
    ]
    assert {look.outcome for look in evidence.accounts} == {"observed"}
    assert [(look.account, look.question, look.asked_with) for look in evidence.accounts] == [
        ("main", "status", "inventory"),
        ("main", "api-trading", "inventory"),
        ("main", "features", "inventory"),
        ("main", "withdrawal-addresses", "inventory"),
        ("main", "sub-accounts", "inventory"),
        ("grid", "status", "grid"),
        ("grid", "api-trading", "grid"),
        ("grid", "features", "grid"),
        ("grid", "withdrawal-addresses", "grid"),
        ("grid", "keys", "inventory"),
        ("empty", "keys", "inventory"),
    ]
    assert result.account("main", "status").told == Status("Normal")
    assert result.account("main", "withdrawal-addresses").told == (1, ("BTC on BTC 1A1z…vfNa",))
    assert result.account("main", "sub-accounts").told == (
        (
            (email_hash("grid@example.com"), "gr…@example.com", False),
            (email_hash("empty@example.com"), "em…@example.com", True),
        ),
    )
    assert result.account("empty", "keys").told == ((),)
    assert evidence.remarks == (
        (
            "keys.inventory, keylint's own key, can do more than read (enableFutures, enablePredictionTrading): untick "
            "it in API Management"
        ),
    )
    assert stand_in.paths["withdraw/history"] == stand_in.paths["openOrders"] == 0


@pytest.mark.parametrize("shape", ['sub_account_field = "list"', 'sub_account_ip_restrict = "boolean"', ""])
def test_the_keys_of_a_sub_account(shape: str) -> None:
    result, stand_in = desk(state=f"{shape}\n{STATE}")
    told: Any = result.account("grid", "keys").told
    by_fingerprint = {each.fingerprint: each.facts for each in told.found}
    assert set(by_fingerprint) == {stand_in.memory.made[key].fingerprint for key in ("grid", "grid-old", "stray")}
    facts = by_fingerprint[stand_in.memory.made["grid"].fingerprint]
    assert facts.flags == {
        "enableFutures": True,
        "enableMargin": False,
        "enableSpotAndMarginTrading": True,
        "enableVanillaOptions": False,
        "permitsUniversalTransfer": False,
    }
    assert (facts.ip_restricted, facts.ip_list, facts.label) == (True, ("203.0.113.20", "203.0.113.21"), "grid")
    assert by_fingerprint[stand_in.memory.made["stray"].fingerprint].ip_list == ()


def test_with_activity() -> None:
    result, stand_in = desk(activity=True)
    assert result.account("main", "withdrawals").told == ((NOW.replace(day=12, hour=0, minute=0),), True)
    assert result.account("main", "spot-orders").told == Orders((Order("spot", "BTCUSDT", "x-1"),))
    assert result.account("grid", "futures-positions").told == Positions(("BTCUSDT",))
    assert result.account("grid", "futures-orders").told == Orders((Order("futures", "BTCUSDT", "x-2"),))
    assert set(stand_in.keys_that_asked("/fapi/v3/account")) == {"inventory", "grid"}


def test_where_futures_are_not_open_nobody_asks_for_them() -> None:
    state = STATE.replace('"read", "fix-read", "futures"', '"read"')
    result, stand_in = desk(state=state, activity=True)
    look = result.account("main", "futures-positions")
    assert (look.outcome, look.told, look.asked_with) == ("observed", Positions(()), "inventory")
    assert result.account("main", "futures-orders").told == Orders(())
    assert set(stand_in.keys_that_asked("/fapi/v3/account")) == {"grid"}


@pytest.mark.parametrize(
    "fault", ["status = 500", 'replace = { isFutureEnabled = "false" }', 'remove = ["isFutureEnabled"]']
)
def test_where_it_is_not_known_whether_futures_are_open_they_are_asked_for(fault: str) -> None:
    state = STATE.replace('"read", "fix-read", "futures"', '"read"')
    more = f'[[misbehaviour]]\npath = "/sapi/v1/account/info"\n{fault}\n'
    result, stand_in = desk(more, state=state, activity=True)
    assert result.account("main", "features").outcome in {"unreachable", "malformed"}
    assert result.account("main", "futures-positions").outcome == "rejected"  # no key of it may trade futures
    assert stand_in.keys_that_asked("/fapi/v3/account").count("inventory") == 1
    assert stand_in.keys_that_asked("/fapi/v3/account").count("own") == 1


def test_keys_only() -> None:
    result, stand_in = desk(keys_only=True, activity=True)
    assert set(stand_in.paths) == {"apiRestrictions"}
    assert result.evidence.accounts == ()
    assert {(look.account, look.account_reason) for look in result.evidence.keys} == {(None, "")}


# -- Keys that cannot ask ----------------------------------------------------------------------------------------------


def test_keys_without_credentials() -> None:
    missing = dict.fromkeys(("own", "inventory", "grid_old"), "missing") | {"grid": "unusable"}
    result, stand_in = desk(other=missing)
    assert result.outcomes() == {"own": "no-credentials", "inventory": "no-credentials", "grid": "unusable-credentials"}
    assert result.keys["own"].reason == "no credentials: set KEYLINT_X_API_KEY"
    assert stand_in.asked == []
    assert {(look.account, look.question): look.outcome for look in result.evidence.accounts} == {
        **{("main", name): "no-credentials" for name in list(QUESTIONS)[:5]},
        **{("grid", name): "unusable-credentials" for name in list(QUESTIONS)[:4]},
        ("grid", "keys"): "no-credentials",
        ("empty", "keys"): "no-credentials",
    }
    reason = "no key could ask: keys.own: no credentials: set KEYLINT_X_API_KEY (and 1 more)"
    assert result.account("main", "status").reason == reason
    assert result.account("main", "sub-accounts").reason == reason.replace("own", "inventory").replace(
        " (and 1 more)", ""
    )
    assert all(look.asked_with is None and look.told is None for look in result.evidence.accounts)


def test_credentials_that_nobody_looked_for_are_missing() -> None:
    stand_in = StandIn(STATE)
    result = Result(observe(manifest(DESK), {}, stand_in, Clock(), source="binance"))
    assert result.outcomes() == dict.fromkeys(("own", "inventory", "grid"), "no-credentials")


def test_a_dead_key_is_an_answer_and_says_nothing_of_its_account() -> None:
    result, _ = desk(state=STATE.replace("[keys.grid]", "[keys.grid]\ndeleted = true"))
    look = result.keys["grid"]
    assert (look.outcome, look.reason, look.facts, look.account) == ("not-found", "", None, None)
    # The disabled key of the same account is alive, and can be asked with.
    assert result.account("grid", "status").asked_with == "grid-old"
    both = STATE.replace("[keys.grid-old]", "[keys.grid-old]\ndeleted = true")
    result, _ = desk(state=both.replace("[keys.grid]", "[keys.grid]\ndeleted = true"))
    assert result.outcomes()["grid-old"] == "not-found"
    look_ = result.account("grid", "status")
    assert (look_.outcome, look_.reason) == ("rejected", "no key could ask: keys.grid: Binance does not know it")


def test_a_key_that_dies_in_mid_run_is_no_answer_about_its_account() -> None:
    gone = '[[misbehaviour]]\nkey = "grid"\nafter = 1\nstatus = 400\njson = { code = -2008, msg = "x" }\n'
    gone += gone.replace('"grid"', '"grid-old"')
    result, _ = desk(gone)
    assert result.keys["grid"].outcome == "observed"
    assert result.account("grid", "status").outcome == "rejected"
    assert result.keys["grid"].account_reason.startswith("it does not say which account it belongs to: ")


def test_a_key_that_cannot_read_is_not_asked_with() -> None:
    fault = (
        '[[misbehaviour]]\nkey = "grid"\npath = "/sapi/v1/account/apiRestrictions"\nreplace = {enableReading = %s}\n'
    )
    for value, told in (("false", False), ('"true"', None)):
        result, stand_in = desk(fault % value)
        look = result.keys["grid"]
        assert look.facts is not None
        assert look.facts.flags.get("enableReading") is told
        assert look.account_reason == "it does not say which account it belongs to, because it cannot read"
        assert {key for _, key in stand_in.asked if key == "grid"} == {"grid"}
        assert stand_in.keys_that_asked("/account/status") == ["inventory", "grid-old"]


def test_a_key_with_the_credentials_of_another_is_not_asked_with_about_its_account() -> None:
    stand_in = StandIn(STATE)
    fingerprint = stand_in.memory.made["grid"].fingerprint
    declared = manifest(DESK.replace("[keys.grid]\n", f'[keys.grid]\nfingerprint = "{fingerprint}"\n'))
    result = run(declared, stand_in, {"grid": "own", "grid_old": "missing"})
    assert result.keys["grid"].fingerprint == stand_in.memory.made["own"].fingerprint
    look = result.account("grid", "status")
    assert (look.outcome, look.reason) == (
        "unusable-credentials",
        "no key could ask: keys.grid: its credentials are those of another key than the manifest means",
    )


# -- The account of a key ----------------------------------------------------------------------------------------------


def test_one_key_alone_is_not_asked_for_its_account() -> None:
    stand_in = StandIn("[keys.own]\ncreated = 2026-11-01\n[keys.old]\ncreated = 2026-11-01\n")
    result = run(manifest(f'[keys.own]\n{KEY}[keys.old]\nstatus = "disabled"\ndisabled = 2026-11-02\n{KEY}'), stand_in)
    assert stand_in.paths["account"] == 0
    assert (result.keys["own"].account, result.keys["own"].account_reason) == (None, "")
    assert {look.outcome for look in result.evidence.accounts} == {"observed"}


def test_every_account_has_a_key_asked_before_any_has_a_second() -> None:
    names = [f"k{index}" for index in range(150)]
    text = "".join(f"[accounts.a{index}]\n" for index in range(75))
    declared = manifest(
        text + "".join(f'[keys.{name}]\naccount = "a{index // 2}"\n{KEY}' for index, name in enumerate(names))
    )
    state = "".join(
        f'[keys.{name}]\naccount = "a{index // 2}"\ncreated = 2026-11-01\n' for index, name in enumerate(names)
    )
    stand_in = StandIn(state)
    result = run(declared, stand_in)
    asked = stand_in.keys_that_asked("/api/v3/account")
    assert asked == [*names[::2], *names[1:50:2]]
    assert {result.keys[name].account for name in asked} == {
        account_hash(stand_in.state.accounts[f"a{index}"].uid) for index in range(75)
    }
    left_out = set(names) - set(asked)
    assert {result.keys[name].account_reason for name in left_out} == {
        "it was not asked which account it belongs to: at most 100 keys of one run are"
    }


def test_an_account_number_in_another_form_is_said() -> None:
    result, _ = desk('[[misbehaviour]]\nkey = "own"\npath = "/api/v3/account"\nreplace = { uid = "354937868" }\n')
    assert result.keys["own"].account is None
    assert "uid is a string, where a number was due" in result.keys["own"].account_reason


# -- Faults ------------------------------------------------------------------------------------------------------------

STATUS_PATH = "/sapi/v1/account/status"


def test_another_key_is_asked_where_one_is_refused() -> None:
    refused = f'[[misbehaviour]]\nkey = "inventory"\npath = "{STATUS_PATH}"\nstatus = 401\njson = {{ code = -2015, msg = "x" }}\n'  # fmt: skip # noqa: E501
    result, stand_in = desk(refused)
    assert stand_in.keys_that_asked(STATUS_PATH) == ["inventory", "grid", "own"]
    look = result.account("main", "status")
    assert (look.outcome, look.asked_with, look.reason) == ("observed", "own", "")


def test_three_keys_are_asked_and_the_first_one_says_why() -> None:
    names = ("one", "two", "three", "four")
    declared = manifest("".join(f"[keys.{name}]\n{KEY}" for name in names))
    state = "".join(f"[keys.{name}]\ncreated = 2026-11-01\n" for name in names)
    fault = f'[[misbehaviour]]\npath = "{STATUS_PATH}"\n'
    stand_in = StandIn(f"{state}{fault}times = 1\nstatus = 500\n{fault}replace = {{ data = 1 }}\n")
    look = run(declared, stand_in).account("main", "status")
    assert stand_in.keys_that_asked(STATUS_PATH) == ["one", "two", "three"]
    assert (look.outcome, look.asked_with) == ("unreachable", "one")


def test_nothing_is_asked_after_a_limit() -> None:
    result, stand_in = desk(
        f'[[misbehaviour]]\npath = "{STATUS_PATH}"\nstatus = 429\njson = {{ code = -1003, msg = "x" }}\n'
    )
    assert stand_in.asked[-1] == (STATUS_PATH, "inventory")
    assert {look.outcome for look in result.evidence.accounts} == {"limited"}
    assert {look.outcome for look in result.evidence.keys} == {"observed"}


def test_each_failure_is_the_look_and_nothing_else() -> None:
    path = "/sapi/v1/account/apiRestrictions"
    result, _ = desk(
        f"""
[[misbehaviour]]
path = "{path}"
key = "own"
replace = {{ enableWithdrawals = "false", createTime = 1 }}
[[misbehaviour]]
path = "{path}"
key = "inventory"
json = []
[[misbehaviour]]
path = "{path}"
key = "grid"
status = 401
json = {{ code = -2015, msg = "Invalid API-key, IP, or permissions for action, request ip: 203.0.113.9" }}
[[misbehaviour]]
path = "{path}"
key = "grid-old"
status = 503
"""
    )
    assert result.outcomes() == {
        "own": "observed",
        "inventory": "malformed",
        "grid": "rejected",
        "grid-old": "unreachable",
    }
    facts = result.keys["own"].facts
    assert facts is not None
    assert facts.doubts == {
        "createTime": "is no time in milliseconds between 2017 and 2100",
        "enableWithdrawals": "is a string, where true or false was due",
    }
    assert "is this host's address on the" in result.keys["grid"].reason
    assert "203.0.113.9" not in result.keys["grid"].reason
    assert result.account("main", "sub-accounts").outcome == "malformed"
    assert result.account("grid", "keys").reason.startswith("no key could ask: keys.inventory: the answer to ")


@pytest.mark.parametrize("error", [ValueError, KeyError, RecursionError, MemoryError, OSError])
def test_what_nobody_foresaw_is_unknown_and_says_its_kind_alone(error: type[Exception]) -> None:
    stand_in = StandIn(STATE)

    def fail(path: str, key: str) -> None:
        if key == "own":
            message = "https://api.binance.com/?signature=abc"
            raise error(message)

    stand_in.before = fail
    result = run(manifest(DESK), stand_in)
    assert result.keys["own"].outcome == "unreachable"
    assert result.keys["own"].reason == f"it could not be asked ({error.__name__}); report this to keylint"
    assert {look.outcome for key, look in result.keys.items() if key != "own"} == {"observed"}


def test_a_crew_that_breaks_is_unknown() -> None:
    class Broken(StandIn):
        def run(self, jobs: Any) -> Any:
            raise OSError(24, "Too many open files")

    result = run(manifest(DESK), Broken(STATE))
    assert {look.outcome for look in result.evidence.keys} == {"unreachable"}


def test_a_job_that_was_given_up_is_unknown_even_if_it_ends_later() -> None:
    class Late(StandIn):
        def run(self, jobs: Any) -> Any:
            return [*super().run(jobs)[:-1], Failure("unreachable", "given up")]

    result = run(manifest(DESK), Late(STATE), keys_only=True)
    assert result.outcomes()["grid-old"] == "unreachable"
    assert result.keys["grid-old"].facts is None


LIST = "/sapi/v1/sub-account/list"
KEYS = "/sapi/v1/sub-account/subAccountApi"


@pytest.mark.parametrize(
    ("path", "fault", "account", "question", "outcome", "said"),
    [
        (LIST, 'remove = ["subAccounts"]', "main", "sub-accounts", "malformed", "subAccounts is missing"),
        (KEYS, "replace = { total = 4 }", "grid", "keys", "malformed", "it has 3 keys, and says that there are 4"),
        (KEYS, "replace = { total = 2 }", "grid", "keys", "malformed", "it has 3 keys, and says that there are 2"),
        (KEYS, "replace = { total = 0 }", "grid", "keys", "malformed", "it has 3 keys, and says that there are 0"),
        (KEYS, 'rename = { rows = "Rows" }', "grid", "keys", "malformed", "rows is missing"),
        (KEYS, "duplicate = { rows = [] }", "grid", "keys", "malformed", "cannot be trusted"),
        (KEYS, 'status = 403\nbody = "<html>"', "grid", "keys", "limited", "403"),
    ],
)
def test_a_list_that_is_not_whole_is_none(
    path: str, fault: str, account: str, question: str, outcome: str, said: str
) -> None:
    result, _ = desk(f'[[misbehaviour]]\npath = "{path}"\n{fault}\n')
    look = result.account(account, question)
    assert (look.outcome, look.told) == (outcome, None)
    assert said in look.reason


def test_addresses_that_were_not_told_leave_the_key_known() -> None:
    result, stand_in = desk(f'[[misbehaviour]]\npath = "{KEYS}/ipRestriction"\nstatus = 500\n')
    look: Any = result.account("grid", "keys")
    assert look.outcome == "observed"
    for each in look.told.found:
        assert (each.facts.ip_list, each.facts.ip_restricted) == (None, None)
        assert each.facts.doubts == {"ipList": "was not told (unreachable)"}
    assert stand_in.paths["ipRestriction"] == 3


def test_many_sub_accounts_are_read_page_by_page() -> None:
    subs = "".join(f'[accounts.s{index}]\nmaster = "main"\nemail = "s{index}@x.org"\n' for index in range(401))
    result, stand_in = desk(subs)
    told: Any = result.account("main", "sub-accounts").told
    assert len(told.found) == 403
    assert stand_in.keys_that_asked(LIST) == ["inventory"] * 3


def test_a_list_that_repeats_itself_does_not_go_on_for_ever() -> None:
    rows = ", ".join(f'{{ email = "s{index}@x.org", isFreeze = false }}' for index in range(200))
    result, stand_in = desk(f'[[misbehaviour]]\npath = "{LIST}"\nreplace = {{ subAccounts = [{rows}] }}\n')
    look = result.account("main", "sub-accounts")
    assert (look.outcome, "lists a sub-account twice" in look.reason) == ("malformed", True)
    assert stand_in.keys_that_asked(LIST) == ["inventory"] * 2


def test_a_list_without_an_end_ends() -> None:
    class Endless(StandIn):
        def get(self, endpoint: Any, credentials: Any = None, values: Any = None) -> object:
            answer = super().get(endpoint, credentials, values or {})
            page = int(values["page"]) if values and "page" in values else 0
            if endpoint.path == LIST:
                return {"subAccounts": [{"email": f"s{page}.{i}@x.org", "isFreeze": False} for i in range(200)]}
            if endpoint.path == KEYS:
                row = {"email": values["email"], "apiName": "x"}
                return {"total": 10**6, "rows": [{**row, "apikey": f"{page:032}{i:032}"} for i in range(100)]}
            return answer

    stand_in = Endless(STATE)
    result = run(manifest(DESK), stand_in)
    assert "does not end after 50 pages" in result.account("main", "sub-accounts").reason
    assert "it has 1000 keys, and says that there are 1000000" in result.account("grid", "keys").reason
    assert stand_in.paths["list"] - stand_in.keys_that_asked("address/list").__len__() == 50
    assert stand_in.paths["subAccountApi"] == 20


def test_a_hundred_and_one_keys_of_a_sub_account_are_read() -> None:
    keys = "".join(f'[keys.s{index}]\naccount = "grid"\ncreated = 2026-11-01\n' for index in range(98))
    result, stand_in = desk(keys)
    told: Any = result.account("grid", "keys").told
    assert len(told.found) == 101
    assert stand_in.paths["subAccountApi"] == 3  # two pages of one, one of the other


# -- The end -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("after", range(0, 27, 2))
def test_an_interrupt_loses_nothing_that_was_known(after: int) -> None:
    stand_in, stop = StandIn(STATE), Stop()
    whole, _ = desk(activity=True)

    def interrupt(path: str, key: str) -> None:
        if len(stand_in.asked) == after + 1:
            stop(signal.SIGINT, None)

    stand_in.before = interrupt
    with pytest.raises(Interrupted) as raised:
        run(manifest(DESK), stand_in, activity=True, stop=stop)
    result = Result(raised.value.evidence)
    assert len(stand_in.asked) == after + 1
    assert set(result.keys) == set(whole.keys)
    assert set(result.accounts) == set(whole.accounts)
    answered = [look for look in result.evidence.keys if look.outcome in ANSWERS]
    assert len(answered) == min(after, 4)
    for look in result.evidence.keys:
        assert look == whole.keys[look.key] or look.outcome == "unreachable" or "interrupted" in look.account_reason
    for told in result.evidence.accounts:
        if told.outcome == "observed":
            expected = whole.account(told.account, told.question)
            assert told.told == expected.told or told.question == "keys"
        else:
            assert told.outcome == "unreachable"
            assert "interrupted" in told.reason


def test_an_interrupt_before_the_start_asks_nothing() -> None:
    stop = Stop()
    stop()
    stand_in = StandIn(STATE)
    with pytest.raises(Interrupted) as raised:
        run(manifest(DESK), stand_in, stop=stop)
    assert stand_in.asked == []
    assert {look.reason for look in raised.value.evidence.keys} == {
        "interrupted before there was an answer: look again"
    }


class Skewed(StandIn):
    """Has a clock to be set."""

    measured = 0
    raises: Callable[[], BaseException] | None = None

    def measure_skew(self) -> None:
        self.measured += 1
        if self.raises is not None:
            raise self.raises()


@pytest.mark.parametrize("error", [None, lambda: Failure("unreachable", "x"), lambda: ValueError("x")])
def test_the_clock_is_set_once_and_the_keys_are_asked_all_the_same(error: Any) -> None:
    stand_in = Skewed(STATE)
    stand_in.raises = error
    assert set(run(manifest(DESK), stand_in).outcomes().values()) == {"observed"}
    assert stand_in.measured == 1


def test_an_interrupt_while_the_clock_is_set() -> None:
    stand_in = Skewed(STATE)
    stand_in.raises = KeyboardInterrupt
    with pytest.raises(Interrupted):
        run(manifest(DESK), stand_in)
    assert stand_in.asked == []


def test_nobody_sets_a_clock_where_nobody_can_ask() -> None:
    stand_in = Skewed(STATE)
    run(manifest(DESK), stand_in, {"own": "missing", "inventory": "missing", "grid": "missing", "grid_old": "missing"})
    assert stand_in.measured == 0


def test_progress_counts_every_question() -> None:
    seen: list[tuple[int, int]] = []
    _, stand_in = desk(progress=lambda done, planned: seen.append((done, planned)))
    assert [done for done, _ in seen] == list(range(1, len(stand_in.asked) + 1))
    assert seen[-1][0] == seen[-1][1]
    assert all(done <= planned for done, planned in seen)


def test_all_keys_are_asked_at_once_and_so_are_all_accounts() -> None:
    _, stand_in = desk()
    assert stand_in.waves[:3] == [4, 4, 8]


def test_features_of_an_account() -> None:
    result, _ = desk()
    assert result.account("grid", "features").told == Features(False, True, False, False)


def test_a_key_that_cannot_read_says_so_where_there_is_no_other() -> None:
    fault = '[[misbehaviour]]\nkey = "grid"\nreplace = { enableReading = false }\n'
    result, _ = desk(fault, other={"grid_old": "missing"})
    look = result.account("grid", "status")
    assert (look.outcome, look.reason) == ("rejected", "no key could ask: keys.grid: it cannot read, and so cannot ask")


def test_a_list_that_names_a_key_twice_is_none() -> None:
    class Twice(StandIn):
        def get(self, endpoint: Any, credentials: Any = None, values: Any = None) -> object:
            answer: Any = super().get(endpoint, credentials, values or {})
            return {**answer, "rows": answer["rows"] * 2} if endpoint.path == KEYS else answer

    look = run(manifest(DESK), Twice(STATE)).account("grid", "keys")
    assert (look.outcome, "it lists a key twice" in look.reason) == ("malformed", True)


def test_an_answer_that_nobody_foresaw_is_malformed_and_says_its_kind_alone() -> None:
    def read(_answer: object) -> None:
        message = "a secret"
        raise LookupError(message)

    with pytest.raises(Failure) as raised:
        understood({}, read)
    assert raised.value.outcome == "malformed"
    assert raised.value.message == "the answer could not be read (LookupError); report this to keylint"
    assert raised.value.__suppress_context__


def test_jobs_that_are_left_after_an_interrupt_ask_nothing() -> None:
    class Stubborn(StandIn):
        def run(self, jobs: Any) -> Any:
            try:
                return super().run(jobs)
            except KeyboardInterrupt:
                for job in jobs:
                    job()
                raise

    stand_in, stop = Stubborn(STATE), Stop()
    stand_in.before = lambda _path, _key: stop()
    with pytest.raises(Interrupted) as raised:
        run(manifest(DESK), stand_in, stop=stop)
    assert len(stand_in.asked) == 1
    assert {look.outcome for look in raised.value.evidence.keys} == {"unreachable"}
