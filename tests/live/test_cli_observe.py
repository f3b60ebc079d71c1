"""`keylint observe`: what a person gets, on standard output, standard error, in the file and as exit code."""

import base64
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator
from live.stand_in import Clock, StandIn, credentials, manifest
from live.test_observe import DESK
from live.test_observe import STATE as DESK_STATE
from strategies import Ran, keylint

from keylint.evidence.file import load
from keylint.evidence.model import Evidence
from keylint.live.observe import Interrupted, observe
from keylint.manifest import discover
from keylint.manifest.discover import Unreadable
from keylint.sandbox.credentials import made
from keylint.sandbox.server import Sandbox
from keylint.sandbox.state import State
from keylint.sandbox.state import load as load_state

SCHEMA = json.loads(import_module("keylint.schemas").text("evidence"))
AS_OF = ("--as-of", "2026-11-20T09:30:00Z")
MANIFEST = """version = 1
[keys.grid]
type = "ed25519"
permissions = ["read", "spot"]
created = 2026-11-01
[keys.dca]
type = "hmac"
permissions = ["read"]
created = 2026-11-01
[keys.old-one]
type = "rsa"
permissions = ["read"]
created = 2026-11-01
"""
STATE = """version = 1
[keys.grid]
permissions = ["read", "spot"]
created = 2026-11-01
[keys.dca]
type = "hmac"
created = 2026-11-01
[keys.old-one]
type = "rsa"
created = 2026-11-01
"""
RESTRICTIONS = "/sapi/v1/account/apiRestrictions"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith(("KEYLINT_", "GITHUB_", "CI_")) or name in {"CREDENTIALS_DIRECTORY", "SSLKEYLOGFILE"}:
            monkeypatch.delenv(name)
    Path("keylint.toml").write_text(MANIFEST, encoding="utf-8")
    Path("state.toml").write_text(STATE, encoding="utf-8")


def evidence(name: str = "host1.json") -> Evidence:
    data = Path(name).read_bytes()
    Draft7Validator(SCHEMA).validate(json.loads(data))
    return load(name, data)


def observed(*options: str) -> Ran:
    return keylint("observe", "--sandbox", "state.toml", *AS_OF, *options)


# -- In the sandbox ----------------------------------------------------------------------------------------------------


def test_everything_is_answered() -> None:
    ran = observed("-o", "host1.json")
    assert (ran.code, ran.out) == (0, "")
    assert ran.err == "3 of 3 keys answered, by the sandbox and not by Binance, evidence written to host1.json\n"
    found = evidence()
    assert found.source == "sandbox"
    assert [(look.key, look.outcome, look.type) for look in found.keys] == [
        ("grid", "observed", "ed25519"),
        ("dca", "observed", "hmac"),
        ("old-one", "observed", "rsa"),
    ]
    assert {look.outcome for look in found.accounts} == {"observed"}
    assert len(found.accounts) == 4


def test_the_same_moment_gives_the_same_bytes() -> None:
    first, second = observed(), observed("--timeout", "5")
    assert first.code == second.code == 0
    assert first.out == second.out
    assert load("-", first.out.encode()).keys[0].at.isoformat() == "2026-11-20T09:30:00+00:00"
    assert first.err == "3 of 3 keys answered, by the sandbox and not by Binance\n"


def test_without_a_moment_the_sandbox_lives_now() -> None:
    ran = keylint("observe", "--sandbox", "state.toml", "--keys-only", "-q")
    assert (ran.code, ran.err) == (0, "")
    assert abs(load("-", ran.out.encode()).started.timestamp() - time.time()) < 60


def test_what_was_not_answered_is_said_and_the_rest_is_written() -> None:
    state = STATE.replace("[keys.dca]\n", "[keys.unused]\n") + (
        f'[[misbehaviour]]\nkey = "grid"\npath = "{RESTRICTIONS}"\nstatus = 401\n'
        'json = { code = -2015, msg = "Invalid API-key, IP, or permissions for action." }\n'
    )
    Path("state.toml").write_text(state, encoding="utf-8")
    ran = observed("-o", "host1.json")
    assert ran.code == 3
    grid, dca, last = ran.err.splitlines()
    assert grid.startswith("keylint: keys.grid: the sandbox says ")
    assert "and not which" in grid
    assert dca == "keylint: keys.dca: no credentials: the sandbox's state has no [keys.dca]"
    assert last == (
        "1 of 3 keys answered, by the sandbox and not by Binance; 2 questions without an answer, evidence written to "
        "host1.json"
    )
    assert [look.outcome for look in evidence().keys] == ["rejected", "no-credentials", "observed"]
    assert observed("-q", "-o", "other.json").err == ""


def test_what_no_account_answered_is_said_in_one_line() -> None:
    state = STATE + '[[misbehaviour]]\npath = "/sapi/v1/account/status"\nstatus = 500\n'
    state += '[[misbehaviour]]\npath = "/sapi/v1/account/info"\nstatus = 500\n'
    state += '[[misbehaviour]]\npath = "/api/v3/account"\nkey = "dca"\nreplace = { uid = 0 }\n'
    Path("state.toml").write_text(state, encoding="utf-8")
    ran = observed("-o", "host1.json")
    assert ran.code == 3
    dca, about, last = ran.err.splitlines()
    assert dca.startswith(
        "keylint: keys.dca: it does not say which account it belongs to: the answer to /api/v3/account"
    )
    assert about.startswith("keylint: accounts.main: status, features: the sandbox answered HTTP 500")
    assert "; 3 questions without an answer, " in last


def test_an_account_without_credentials_is_not_said_twice() -> None:
    Path("state.toml").write_text("version = 1\n", encoding="utf-8")
    ran = observed()
    assert ran.code == 3
    assert [line.split(": ")[1] for line in ran.err.splitlines()[:-1]] == ["keys.grid", "keys.dca", "keys.old-one"]
    assert ran.err.splitlines()[-1].startswith("0 of 3 keys answered")


def test_remarks_are_said() -> None:
    Path("keylint.toml").write_text(
        MANIFEST.replace("[keys.grid]", '[keys.grid]\nrole = "inventory"'), encoding="utf-8"
    )
    assert "keys.grid, keylint's own key, can do more than read (enableSpotAndMarginTrading)" in observed().err


def test_keys_only_and_activity() -> None:
    assert load("-", observed("--keys-only").out.encode()).accounts == ()
    looks = load("-", observed("--activity").out.encode()).accounts
    assert [look.question for look in looks][4:] == [
        "withdrawals",
        "futures-positions",
        "spot-orders",
        "futures-orders",
    ]


def test_the_manifest_may_come_from_standard_input() -> None:
    ran = keylint("observe", "-", "--sandbox", "state.toml", *AS_OF, data=MANIFEST.encode())
    assert ran.code == 0
    assert len(load("-", ran.out.encode()).keys) == 3


@pytest.mark.parametrize("activity", [False, True])
def test_over_a_socket_everything_is_as_without_one(activity: bool) -> None:
    Path("keylint.toml").write_text(f"version = 1\n{DESK}", encoding="utf-8")
    Path("state.toml").write_text(f"version = 1\n{DESK_STATE}", encoding="utf-8")
    ran = observed(*["--activity"] * activity)
    stand_in, declared = StandIn(DESK_STATE), manifest(DESK)
    without = observe(declared, credentials(declared, stand_in), stand_in, Clock(), source="sandbox", activity=activity)
    keys = tuple(look._replace(type="ed25519") for look in without.keys)
    assert load("", ran.out.encode()) == without._replace(keys=keys)
    assert ran.code == 0
    assert observed(*["--activity"] * activity).out == ran.out


def test_a_sandbox_that_fails_gives_the_same_bytes_too() -> None:
    Path("state.toml").write_text(f'{STATE}[[misbehaviour]]\ncut = "before"\nreset = true\n', encoding="utf-8")
    first, second = observed(), observed()
    assert first.code == 3
    assert (first.out, first.err) == (second.out, second.err)
    assert "127.0.0.1" not in first.out + first.err


def test_a_large_desk_in_the_sandbox_is_neither_paced_nor_limited() -> None:
    subs = "".join(f'[accounts.s{index}]\nmaster = "main"\nemail = "s{index}@x.org"\n' for index in range(70))
    keys = "".join(f'[keys.s{index}]\naccount = "s{index}"\ncreated = 2026-11-01\n' for index in range(70))
    declared = keys.replace("created", 'type = "ed25519"\npermissions = ["read"]\ncreated')
    Path("keylint.toml").write_text(f"version = 1\n{DESK}{subs}{declared}", encoding="utf-8")
    Path("state.toml").write_text(f"version = 1\n{DESK_STATE}{subs}{keys}", encoding="utf-8")
    began = time.monotonic()
    ran = observed("--activity")
    assert ran.code == 0, ran.err
    assert time.monotonic() - began < 30  # at Binance's pace it would take twenty minutes
    assert len(load("", ran.out.encode()).accounts) > 600


# -- What cannot be used -----------------------------------------------------------------------------------------------

UNUSABLE: dict[str, tuple[tuple[str, ...], str]] = {
    "no manifest": (("nowhere.toml",), "nowhere.toml: there is no such file\n"),
    "none here": (("empty",), "empty: no keylint.toml below empty"),
    "no manifest on standard input": (("-",), "<stdin>: has no `version`"),
    "several": (("several",), "2 manifests below several; name one: keylint observe PATH"),
    "no TOML": (("broken.toml",), "broken.toml:2:9: is not valid TOML"),
    "no manifest by its schema": (("schema.toml",), "schema.toml: keys.grid "),
    "two to ask": (
        ("--endpoint", "http://127.0.0.1:1", "--sandbox", "state.toml"),
        "--endpoint and --sandbox both say",
    ),
    "activity without accounts": (("--activity", "--keys-only"), "--activity asks about accounts"),
    "a moment of Binance": (AS_OF, "--as-of sets the clock of the sandbox"),
    "another host": (("--endpoint", "https://api.binance.com.evil.example"), "--endpoint takes"),
    "no state": (("--sandbox", "nowhere.toml"), "nowhere.toml: there is no such file\n"),
    "no state by its schema": (("--sandbox", "schema.toml"), "schema.toml:2:2: keys.grid "),
    "a state in another encoding": (("--sandbox", "utf16.toml"), "utf16.toml is not UTF-8"),
    "no folder": (("--secrets-dir", "nowhere"), "the folder of --secrets-dir"),
    "a timeout": (("--timeout", "0"), "'--timeout'"),
    "no folder to write to": (("--sandbox", "state.toml", "-o", "nowhere/x.json"), "cannot write nowhere/x.json"),
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_what_cannot_be_used_is_said(name: str) -> None:
    for folder in ("several/a", "several/b"):
        Path(folder).mkdir(parents=True)
        Path(folder, "keylint.toml").write_text(MANIFEST, encoding="utf-8")
    Path("empty").mkdir()
    Path("broken.toml").write_text("version = 1\nkeys = [", encoding="utf-8")
    Path("schema.toml").write_text("version = 1\n[keys.grid]\n", encoding="utf-8")
    Path("utf16.toml").write_bytes(STATE.encode("utf-16"))
    arguments, said = UNUSABLE[name]
    ran = keylint("observe", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert "Traceback" not in ran.err


def test_a_state_that_is_too_large_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keylint.cli.looking.MAX_STATE", 10)
    assert "state.toml is larger than" in observed().err


@pytest.mark.parametrize("variables", [{"GITHUB_EVENT_NAME": "pull_request_target"}, {"SSLKEYLOGFILE": "keys.log"}])
def test_where_strangers_may_read_along_nothing_is_asked(
    variables: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with Sandbox(load_state(STATE, "state.toml")) as server:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        ran = keylint("observe", "--endpoint", server.url)
        assert ran.code == 2
        assert next(iter(variables)) in ran.err or "pull_request_target" in ran.err
        assert server.connections == 0
        # What the sandbox makes is nobody's.
        assert observed("--keys-only").code == 0


def test_standard_input_that_is_closed_or_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        buffer = property(lambda self: self)

        def read(self, _size: int) -> bytes:
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(Unreadable, match="standard input is closed"):
        discover.standard_input()
    monkeypatch.setattr(sys, "stdin", Broken())
    with pytest.raises(Unreadable, match="standard input cannot be read: Input/output error"):
        discover.standard_input()


def test_a_sandbox_without_a_port_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: object) -> None:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr("keylint.sandbox.server._Server", full)
    ran = observed()
    assert (ran.code, ran.err) == (2, "keylint: the sandbox cannot listen on 127.0.0.1: Too many open files\n")


def test_in_another_thread_signals_are_left_alone() -> None:
    before = signal.getsignal(signal.SIGINT)
    found: list[Ran] = []
    thread = threading.Thread(target=lambda: found.append(observed("-o", "host1.json")))
    thread.start()
    thread.join(30)
    assert [ran.code for ran in found] == [0]
    assert signal.getsignal(signal.SIGINT) is before


def test_signals_are_given_back() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    observed()
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_an_interrupt_is_said_and_the_evidence_written(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = load("", observed().out.encode())

    def early(*_arguments: object, **_options: object) -> None:
        raise Interrupted(whole)

    monkeypatch.setattr("keylint.cli.observe.look", early)
    ran = observed("-q", "-o", "host1.json")
    assert (ran.code, ran.err) == (2, "keylint: interrupted; the evidence holds what was known by then\n")
    assert evidence() == whole._replace(name="host1.json")


# -- At an endpoint ----------------------------------------------------------------------------------------------------


def secrets(state: State, folder: Path) -> list[str]:
    """Write the credentials of every key as files, and return what must not be seen anywhere."""
    folder.mkdir(exist_ok=True)
    hidden = []
    for one in made(state).values():
        for name, text in zip(one.file_names, (one.api_key, one.private), strict=True):
            (folder / name).write_text(text, encoding="utf-8")
            (folder / name).chmod(0o600)
            hidden += [line for line in text.splitlines() if not line.startswith("---")]
    return hidden


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(load_state(STATE, "state.toml")) as running:
        yield running


def test_keys_are_asked_with_credentials_from_a_folder(server: Sandbox, tmp_path: Path) -> None:
    hidden = secrets(server.state, tmp_path / "secrets")
    ran = keylint("observe", "--endpoint", server.url, "--secrets-dir", "secrets", "-o", "host1.json")
    assert (ran.code, server.crashes) == (0, [])
    found = evidence()
    assert {look.outcome for look in found.keys} == {"observed"}
    assert found.keys[0].fingerprint == made(server.state)["grid"].fingerprint
    everything = ran.err + ran.out + Path("host1.json").read_text(encoding="utf-8")
    for secret in hidden:
        for form in (secret, secret[::-1], secret.encode().hex(), base64.b64encode(secret.encode()).decode()):
            assert not any(form[at : at + 16] in everything for at in range(max(1, len(form) - 16)))


def test_one_secret_for_two_keys_is_not_sent(server: Sandbox, tmp_path: Path) -> None:
    secrets(server.state, tmp_path / "secrets")
    (tmp_path / "secrets" / "dca.api-key").write_text((tmp_path / "secrets" / "grid.api-key").read_text())
    ran = keylint("observe", "--endpoint", server.url, "--secrets-dir", "secrets")
    assert ran.code == 2
    assert "grid and dca have one secret between them" in ran.err
    assert server.connections == 0


def test_without_credentials_nobody_is_asked(server: Sandbox) -> None:
    ran = keylint("observe", "--endpoint", server.url)
    assert ran.code == 3
    assert ran.err.startswith("keylint: keys.grid: no credentials: set KEYLINT_GRID_API_KEY and ")
    assert server.connections == 0


CHILD = """
import sys
from contextlib import contextmanager
from keylint import cli
from keylint.cli import looking

@contextmanager
def told(_clock):
    yield lambda done, planned: print(done, flush=True)

looking._shown_progress = told
sys.exit(cli.run(sys.argv[1:]))
"""


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "CI"))}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_keeps_what_was_known(sent: signal.Signals, tmp_path: Path) -> None:
    text = f'{STATE}\n[[misbehaviour]]\npath = "{RESTRICTIONS}"\nkey = "old-one"\ndelay_ms = 60000\n'
    with Sandbox(load_state(text, "state.toml")) as server:
        secrets(server.state, tmp_path / "secrets")
        options = ("--endpoint", server.url, "--secrets-dir", "secrets", "-o", "host1.json", "--timeout", "50")
        with subprocess.Popen(
            [sys.executable, "-c", CHILD, "observe", *options],
            cwd=tmp_path,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        ) as child:
            assert child.stdout is not None
            assert [child.stdout.readline() for _ in range(2)] == ["1\n", "2\n"]  # the third is a minute away
            child.send_signal(sent)
            _, said = child.communicate(timeout=20)
        assert child.returncode == 2
    assert [look.outcome for look in evidence().keys] == ["observed", "observed", "unreachable"]
    assert "keylint: keys.old-one: interrupted before there was an answer: look again\n" in said
    assert said.endswith("keylint: interrupted; the evidence holds what was known by then\n")
    assert "Traceback" not in said


# -- The terminal ------------------------------------------------------------------------------------------------------


class Ticking:
    """Half a second later each time somebody looks."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        self.seconds += 0.5
        return self.seconds


def test_progress_is_shown_on_a_terminal_once_it_takes_a_while(capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    looking = import_module("keylint.cli.looking")
    with looking._shown_progress(Ticking()) as progress:
        assert progress is None
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with looking._shown_progress(Ticking()) as progress:
        progress(1, 2000)
        assert capsys.readouterr().err == ""
        progress(1500, 2000)
        assert capsys.readouterr().err == "\r1,500 of 2,000 questions answered\x1b[K"
    assert capsys.readouterr().err == "\r\x1b[K"


def test_help_fits_and_names_every_option() -> None:
    ran = keylint("observe", "--help")
    assert ran.code == 0
    for option in ("--secrets-dir", "--keyring", "--endpoint", "--sandbox", "--activity", "--keys-only", "--timeout"):
        assert option in ran.out
    assert max(map(len, ran.out.splitlines())) <= 100
