"""keylint asks a generic mock server, Prism, that serves Binance's own OpenAPI file: a third reading beside our two.

Prism answers a request only if the file allows it, with the file's own examples. The file is of 2024: what is newer is
missing in its answers, and what it does not have is a 404.
"""

import json
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple, TypeVar
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from live.keys import API_KEY, ED25519, SECRET, credentials, rsa_pem
from live.stand_in import manifest
from strategies import keylint

from keylint.evidence.file import dump
from keylint.evidence.model import (
    ADDRESSES,
    FEATURES,
    FUTURES_ORDERS,
    LISTED_KEYS,
    MALFORMED,
    OBSERVED,
    POSITIONS,
    SPOT_ORDERS,
    STATUS,
    SUB_ACCOUNTS,
    TRADING,
    WITHDRAWALS,
    AccountLook,
    Evidence,
    Status,
    SubAccount,
    SubAccounts,
    Trading,
    WithdrawalAddresses,
    Withdrawals,
    email_hash,
    when,
)
from keylint.live.account_answers import account_hash
from keylint.live.asking import NO_VALUES
from keylint.live.credentials import Credentials
from keylint.live.endpoints import SUB_ACCOUNT_KEY_IPS, Endpoint
from keylint.live.failure import Failure
from keylint.live.key_answers import restriction
from keylint.live.observe import observe
from keylint.live.pace import SystemClock
from keylint.live.secret import Secret
from keylint.live.transport import Transport

T = TypeVar("T")

pytestmark = pytest.mark.slow

OPENAPI = Path(__file__).parent.parent / "sandbox" / "openapi.yaml"
SECONDS = 60.0
HOW = "`npm install -g @stoplight/prism-cli@5` puts it on the PATH; or name its executable in the variable PRISM"
KINDS = ("hmac", "rsa", "ed25519")
LISTED_KEY = "k5V49ldtn4tszj6W3hystegdfvmGbqDzjmkCtpTvC0G74WhK7yd4rfCTo4lShf"
"""The API key in the file's example of `ipRestriction`; documented, and nobody's."""
DESK = """
[accounts.main]
[accounts.sub]
master = "main"
email = "testsub@gmail.com"
[accounts.other]
master = "main"
email = "other@example.com"
""" + "".join(
    f'[keys.{kind}]\naccount = "main"\ntype = "{kind}"\npermissions = ["read"]\ncreated = 2021-06-16\n'
    + 'role = "inventory"\n' * (kind == "hmac")
    for kind in KINDS
)


def program() -> str:
    """The Prism of this machine; skips where there is none."""
    named = os.environ.get("PRISM")
    found = named or shutil.which("prism")
    if found is None:
        pytest.skip(f"Prism is not installed: {HOW}")
    version = subprocess.run(
        [found, "--version"], capture_output=True, encoding="utf-8", check=False, timeout=SECONDS
    ).stdout
    if not re.match(r"5\.\d", version):
        said = f"{found} is not Prism 5: {HOW}"
        if named:
            pytest.fail(said)
        pytest.skip(said)
    return found


@pytest.fixture(scope="module")
def prism() -> Iterator[str]:
    """Where Prism serves the file."""
    command = [program(), "mock", "--host", "127.0.0.1", "--port", "0", str(OPENAPI)]
    lines: SimpleQueue[str] = SimpleQueue()
    said = []
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8"
    ) as process:

        def read() -> None:
            for line in process.stdout or ():  # to its end, or Prism would wait for somebody to read on
                lines.put(line)
            lines.put("")

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        try:
            url = None
            while url is None:
                with suppress(Empty):
                    said.append(lines.get(timeout=SECONDS))
                if not said or not said[-1]:
                    pytest.fail(f"Prism did not start: {''.join(said)}")
                url = re.search(r"listening on (http://127\.0\.0\.1:\d+)", said[-1])
            yield url[1]
        finally:
            process.terminate()
            process.wait(SECONDS)
            reader.join(SECONDS)


@pytest.fixture
def transport(prism: str) -> Iterator[Transport]:
    one = Transport(endpoint=prism, clock=SystemClock())
    yield one
    one.close()


class Unclocked(NamedTuple):
    """A transport that does not measure the server's clock: the file's example of it stands in 2017."""

    transport: Transport

    def get(
        self, endpoint: Endpoint, credentials: Credentials | None = None, values: Mapping[str, str | Secret] = NO_VALUES
    ) -> object:
        return self.transport.get(endpoint, credentials, values)

    def run(self, jobs: Sequence[Callable[[], T]]) -> list[T | Failure]:
        return self.transport.run(jobs)


def api_key(kind: str) -> str:
    """Another one for each kind."""
    at = KINDS.index(kind)
    return API_KEY[at:] + API_KEY[:at]


def found() -> Mapping[str, Credentials]:
    return {kind: credentials(kind, kind, api_key(kind)) for kind in KINDS}


def without_ports(text: str) -> str:
    return re.sub(r"127\.0\.0\.1:\d+", "prism", text)


@pytest.fixture(scope="module")
def evidence(prism: str) -> Evidence:
    transport, clock = Transport(endpoint=prism, clock=SystemClock()), SystemClock()
    asked = observe(manifest(DESK), found(), Unclocked(transport), clock, source="sandbox", activity=True)
    transport.close()
    return asked


def about(evidence: Evidence, account: str, question: str) -> AccountLook:
    [one] = [look for look in evidence.accounts if (look.account, look.question) == (account, question)]
    return one


def test_prism_answers_only_what_the_file_allows(prism: str) -> None:
    path = "/sapi/v1/account/apiRestrictions"
    for url in (path, f"{path}?timestamp=1", f"{path}?timestamp=now&signature=x", f"{path}?timestamp=1&signature=x"):
        with pytest.raises(HTTPError) as refused:
            urlopen(f"{prism}{url}", timeout=SECONDS)  # noqa: S310 - a loopback address
        with refused.value as answer:
            assert answer.code == 401
            assert {*json.loads(answer.read())} == {"code", "msg"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_is_understood_and_what_is_missing_is_in_doubt(evidence: Evidence, kind: str) -> None:
    [look] = [look for look in evidence.keys if look.key == kind]
    assert (look.outcome, look.reason, look.type) == (OBSERVED, "", kind)
    facts = look.facts
    assert facts is not None
    assert facts.doubts == {"enableFixApiTrade": "is missing", "enableFixReadOnly": "is missing"}
    invented = {"enableInternalTransfer", "permitsUniversalTransfer"}  # the file has no example of these two
    assert {name: value for name, value in facts.flags.items() if name not in invented} == {
        "enableFutures": False,
        "enableMargin": False,
        "enablePortfolioMarginTrading": False,
        "enableReading": True,
        "enableSpotAndMarginTrading": False,
        "enableVanillaOptions": False,
        "enableWithdrawals": False,
    }
    assert facts.flags.keys() >= invented
    assert (facts.ip_restricted, facts.ip_list, facts.label) == (False, None, None)
    assert facts.created is not None
    assert facts.trading_expires is not None
    assert when(facts.created) == "2021-06-16 10:44 UTC"
    assert when(facts.trading_expires) == "2021-08-15 00:00 UTC"


def test_all_keys_are_of_the_one_account(evidence: Evidence) -> None:
    assert {look.account for look in evidence.keys} == {account_hash(354_937_868)}


TOLD = {
    STATUS: Status("Normal"),
    TRADING: Trading(locked=False),
    ADDRESSES: WithdrawalAddresses(1, ()),
    SUB_ACCOUNTS: SubAccounts((SubAccount(email_hash("testsub@gmail.com"), "te…@gmail.com", frozen=False),)),
}


@pytest.mark.parametrize("question", TOLD)
def test_what_is_in_the_file_is_understood(evidence: Evidence, question: str) -> None:
    look = about(evidence, "main", question)
    assert (look.outcome, look.reason, look.asked_with) == (OBSERVED, "", "hmac")
    assert look.told == TOLD[question]


def test_a_withdrawal_of_the_file_is_understood(evidence: Evidence) -> None:
    told = about(evidence, "main", WITHDRAWALS).told
    assert isinstance(told, Withdrawals)
    assert [when(each) for each in told.by_api] == ["2019-10-12 11:12 UTC"]


def test_an_answer_without_a_newer_field_is_none(evidence: Evidence) -> None:
    look = about(evidence, "main", FEATURES)
    assert (look.outcome, look.told) == (MALFORMED, None)
    assert "isOptionsEnabled is missing" in look.reason


@pytest.mark.parametrize(
    ("account", "question"),
    [
        ("main", POSITIONS),
        ("main", SPOT_ORDERS),
        ("main", FUTURES_ORDERS),
        ("sub", LISTED_KEYS),
        ("other", LISTED_KEYS),
    ],
)
def test_what_is_not_in_the_file_is_not_told(evidence: Evidence, account: str, question: str) -> None:
    look = about(evidence, account, question)
    assert (look.outcome, look.told) == (MALFORMED, None)
    assert without_ports(look.reason) == "prism answered HTTP 404 without one of Binance's codes"


def test_the_addresses_of_a_listed_key_are_understood(transport: Transport) -> None:
    values: dict[str, str | Secret] = {"email": "testsub@gmail.com", "subAccountApiKey": Secret(LISTED_KEY, "test")}
    answer = transport.get(SUB_ACCOUNT_KEY_IPS, credentials(), values)
    told = restriction(answer, Secret(LISTED_KEY, "test"))
    assert (told.ip_restricted, told.ip_list, told.doubts) == (True, ("69.210.67.14", "8.34.21.10"), {})
    with pytest.raises(Failure, match="apiKey is not the key which was asked about"):
        restriction(answer, Secret(API_KEY, "test"))


# -- Judged ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with the manifest and its secrets, and no surroundings in which keylint asks nobody."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith(("KEYLINT_", "GITHUB_", "CI")) or name in {"CREDENTIALS_DIRECTORY", "SSLKEYLOGFILE"}:
            monkeypatch.delenv(name)
    Path("keylint.toml").write_text(f"version = 1\n{DESK}", encoding="utf-8")
    Path("secrets").mkdir(mode=0o700)
    private = {"hmac": ("secret", SECRET), "rsa": ("pem", rsa_pem()), "ed25519": ("pem", ED25519)}
    for kind in KINDS:
        for end, text in (("api-key", api_key(kind)), private[kind]):
            path = Path("secrets", f"{kind}.{end}")
            path.touch(mode=0o600)
            path.write_text(text, encoding="utf-8")


def report(*arguments: str) -> tuple[int, Any]:
    ran = keylint("check", *arguments, "--format", "json")
    assert "Traceback" not in ran.everything
    return ran.code, json.loads(ran.out)


@pytest.mark.usefixtures("desk")
def test_what_prism_did_not_tell_is_unknown(evidence: Evidence) -> None:
    Path("prism.json").write_text(dump(evidence, "0"), encoding="utf-8")
    code, judged = report("--evidence", "prism.json")
    assert code == 1  # what Prism does tell breaks rules
    live = {(it["code"], it["subject"]) for it in judged["findings"] if it["live"] is not None}
    assert live >= {("KL301", f"keys.{kind}") for kind in KINDS}
    unknown = {(it["code"], it["subject"]): it["message"] for it in judged["unknown"]}
    for kind in KINDS:
        assert "enableFix" in unknown["KL901", f"keys.{kind}"]
    for subject in ("accounts.sub", "accounts.other"):
        assert "HTTP 404" in unknown["KL905", subject]
    assert "not in the list of its master's sub-accounts" in unknown["KL505", "accounts.other"]
    assert "HTTP 404" in unknown["KL802", "accounts.main"]


@pytest.mark.usefixtures("desk")
def test_a_clock_of_2017_is_not_believed_and_nothing_is_signed_for_it(transport: Transport) -> None:
    asked = observe(manifest(DESK), found(), transport, SystemClock(), source="sandbox", activity=True)
    assert {look.outcome for look in asked.keys} == {MALFORMED}
    assert {look.outcome for look in asked.accounts} == {MALFORMED}
    assert all("hours ahead of that of 127.0.0.1" in look.reason for look in asked.keys)
    assert transport.requests_sent == 1


@pytest.mark.usefixtures("desk")
def test_of_keys_that_were_not_asked_nothing_passes(prism: str) -> None:
    _, declared = report()
    code, judged = report("--live", "--endpoint", prism, "--secrets-dir", "secrets", "--activity")
    assert judged["summary"]["passed"] == declared["summary"]["passed"]
    assert judged["summary"]["findings"] == declared["summary"]["findings"]
    assert judged["summary"]["unknown"] > len(KINDS)
    assert {it["reason"] for it in judged["unknown"] if it["side"] != "declared"} == {MALFORMED}
    assert judged["looked_at"]["keys_answered"] == 0
    assert code == 1
