"""Binance's own Python connector calls the sandbox with each kind of key, is accepted, and understands the answers."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
from sandbox.client import EMAIL, desk

from keylint.sandbox.credentials import api_key, made
from keylint.sandbox.server import Sandbox

common = import_module("binance_common.configuration")
wallet = import_module("binance_sdk_wallet.wallet")
sub_account = import_module("binance_sdk_sub_account.sub_account")

KINDS = ("inventory", "trader", "rsa")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    more = '[keys.odd]\ncreated = 2026-10-20\nlabel = "a b+c/é"\naccount = "plus"\n'
    more += '[accounts.plus]\nmaster = "main"\nemail = "a.b+c@example.com"\n'
    with Sandbox(desk(more)) as one:
        yield one
    assert one.crashes == []


def configured(sandbox: Sandbox, key: str, **instead: object) -> Any:
    one = made(sandbox.state)[key]
    secret = {"api_secret" if one.type == "hmac" else "private_key": one.private}
    options = {"api_key": one.api_key, "base_path": sandbox.url, "timeout": 20_000, "retries": 0, **secret, **instead}
    return common.ConfigurationRestAPI(**options)


def client(module: Any, name: str, sandbox: Sandbox, key: str, **instead: object) -> Any:
    return getattr(module, name)(config_rest_api=configured(sandbox, key, **instead)).rest_api


def whole(model: Any) -> Any:
    """The model of an answer, which knows all that came, in every depth; else the test fails."""
    for name, value in model:
        if name == "additional_properties":
            assert value == {}
        for each in value if isinstance(value, list) else [value]:
            if hasattr(each, "additional_properties"):
                whole(each)
    return model


@pytest.mark.parametrize("key", KINDS)
def test_the_wallet(sandbox: Sandbox, key: str) -> None:
    rest = client(wallet, "Wallet", sandbox, key)

    permission = rest.get_api_key_permission().data()
    assert (permission.enable_reading, permission.enable_withdrawals) == (True, False)
    assert permission.enable_futures is (key == "trader")
    expected = {"enablePredictionTrading", "tradingAuthorityExpirationTime"} if key == "trader" else set()
    assert set(permission.additional_properties) == expected
    assert None not in [value for _, value in permission]
    assert whole(rest.account_status().data()).data == "Normal"
    assert whole(rest.account_api_trading_status().data()).data.is_locked is True
    info = whole(rest.account_info().data())
    assert (info.is_margin_enabled, info.is_options_enabled) == (True, False)
    assert None not in [value for _, value in info]
    addresses = rest.fetch_withdraw_address_list().data()
    assert [whole(each).white_status for each in addresses] == [True, False]
    assert rest.account_status(recv_window=60_000).data().data == "Normal"


def test_withdrawals(sandbox: Sandbox) -> None:
    found = client(wallet, "Wallet", sandbox, "trader").withdraw_history().data()

    assert {whole(each).withdraw_order_id for each in found} <= {"WITHDRAWtest123", None}


@pytest.mark.parametrize("key", KINDS)
@pytest.mark.parametrize("email", [EMAIL, "a.b+c@example.com"])
def test_sub_accounts(sandbox: Sandbox, key: str, email: str) -> None:
    rest = client(sub_account, "SubAccount", sandbox, key)

    listed = whole(rest.query_sub_account_list(limit=200).data()).sub_accounts
    assert email in [each.email for each in listed]
    [first, *_] = whole(rest.query_sub_account_api_key(email=email, size=100, page=1).data()).rows
    assert None not in [value for _, value in first]
    assert first.api_name in {"grid-spot", "a b+c/é"}
    one = whole(rest.get_ip_restriction_for_a_sub_account_api_key(email, first.apikey).data())
    assert (one.ip_restrict, one.api_key) == ("true" if email == EMAIL else "false", first.apikey)


@pytest.mark.parametrize(
    ("key", "instead", "code"),
    [
        ("trader", {"api_secret": "x" * 64}, -1022),
        ("inventory", {"api_key": api_key("rsa")}, -1022),
        ("gone", {}, -2008),
        ("blind", {}, -2015),
        ("inventory", {"api_key": "short"}, -2014),
    ],
)
def test_it_is_refused_as_by_binance(sandbox: Sandbox, key: str, instead: dict[str, object], code: int) -> None:
    errors = import_module("binance_common.errors")

    with pytest.raises((errors.BadRequestError, errors.UnauthorizedError)) as caught:
        client(wallet, "Wallet", sandbox, key, **instead).account_status()

    assert caught.value.status_code == code


def test_it_is_limited_as_by_binance() -> None:
    errors = import_module("binance_common.errors")
    fault = (
        '[[misbehaviour]]\nstatus = 418\nheaders = { Retry-After = "120" }\njson = { code = -1003, msg = "banned" }\n'
    )

    with Sandbox(desk(fault)) as sandbox, pytest.raises(errors.RateLimitBanError) as caught:
        client(wallet, "Wallet", sandbox, "trader").account_status()

    assert caught.value.retry_after == 120


def test_spot(sandbox: Sandbox) -> None:
    spot = pytest.importorskip("binance_sdk_spot.spot", reason="binance-sdk-spot is not installed")
    rest = client(spot, "Spot", sandbox, "inventory")

    account = whole(rest.get_account(omit_zero_balances=True).data())
    assert (account.uid, account.balances) == (354_937_868, [])
    assert [whole(each).client_order_id for each in rest.get_open_orders().data()] == ["x-spot", ""]
    assert rest.time().data().server_time > 0


def test_futures(sandbox: Sandbox) -> None:
    name = "binance_sdk_derivatives_trading_usds_futures.derivatives_trading_usds_futures"
    futures = pytest.importorskip(name, reason="binance-sdk-derivatives-trading-usds-futures is not installed")
    rest = client(futures, "DerivativesTradingUsdsFutures", sandbox, "trader")

    account = rest.account_information_v3().data()
    assert account.additional_properties == {}
    [position] = account.positions
    assert (position.position_amt, position.additional_properties) == ("-0.010", {})
    assert [each.client_order_id for each in rest.current_all_open_orders().data()] == ["x-futures"]
    assert rest.check_server_time().data().server_time > 0
