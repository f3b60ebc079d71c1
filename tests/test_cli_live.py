"""The command line of live state, run as a person would: what is asked, what is judged, what is said, and the exit."""

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
from live.keys import leaks
from strategies import ROOT, Ran, faults, is_loaded, raw_controls, runner_commands, valid_report
from strategies import keylint as run

from keylint import plugins
from keylint.api import LiveAccountRule, LiveKeyRule
from keylint.evidence.file import load
from keylint.sandbox.credentials import made
from keylint.sandbox.server import Sandbox
from keylint.sandbox.state import load as load_state

SCRIPT = Path(sys.executable).parent / "keylint"
NOON = "2026-11-20T12:00:00Z"
AS_OF = ("--as-of", NOON)
RESTRICTIONS = "/sapi/v1/account/apiRestrictions"
MANIFEST = """\
version = 1

[accounts.main]
two_factor = { methods = ["passkey"], attested = 2026-11-01, by = "me" }
withdrawal_allowlist = { enabled = true, attested = 2026-11-01, by = "me" }

[bots.dca]
kind = "spot"
egress_ips = ["203.0.113.20"]

[bots.grid]
kind = "futures"
egress_ips = ["203.0.113.20"]

[keys.dca]
bot = "dca"
label = "home-spot-dca"
type = "ed25519"
permissions = ["read", "spot"]
ip_allowlist = ["203.0.113.20"]
created = 2026-11-01
custody = "systemd-credential"

[keys.grid]
bot = "grid"
label = "home-futures-grid"
type = "ed25519"
permissions = ["read", "futures"]
ip_allowlist = ["203.0.113.20"]
created = 2026-11-01
custody = "systemd-credential"
"""
STATE = """\
version = 1

[accounts.main]
features = ["futures"]

[keys.dca]
label = "home-spot-dca"
permissions = ["read", "spot"]
ip_list = ["203.0.113.20"]
created = 2026-11-01T09:30:00Z

[keys.grid]
label = "home-futures-grid"
permissions = ["read", "futures"]
ip_list = ["203.0.113.20"]
created = 2026-11-01T09:30:00Z
"""
DRIFTED = STATE.replace('["read", "spot"]', '["read", "spot", "withdraw"]')
REFUSED = '[[misbehaviour]]\nkey = "grid"\nstatus = 401\njson = { code = -2015, msg = "Invalid API-key." }\n'
KL101 = ("--select", "KL101")
CAN_WITHDRAW = "keylint.toml:19:15: KL101 keys.dca can withdraw (live); live: enableWithdrawals = true (the sandbox, "

needs_rules = pytest.mark.skipif(not is_loaded("KL101", "KL951"), reason="judges by rules that are not loaded")


@pytest.fixture(autouse=True)
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a manifest and a state that agree, in which the program runs."""
    for name in list(os.environ):
        if name.startswith(("KEYLINT_", "GITHUB_", "CI_")) or name in {
            "CREDENTIALS_DIRECTORY",
            "SSLKEYLOGFILE",
            "NO_COLOR",
            "FORCE_COLOR",
        }:
            monkeypatch.delenv(name)
    folder = tmp_path / "desk"
    folder.mkdir()
    monkeypatch.chdir(folder)
    write("keylint.toml", MANIFEST)
    write("state.toml", STATE)
    return folder


def refuse_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on whoever opens a socket or asks for an address fails."""

    def refuse(*_: object, **__: object) -> NoReturn:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture
def no_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fails whoever opens a socket, or asks for an address."""
    refuse_sockets(monkeypatch)


def write(name: str, text: str) -> None:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(text, encoding="utf-8")


def said(text: str) -> str:
    """What was printed, without regard to where lines were broken."""
    return " ".join(text.split())


def observe(name: str = "seen.json", state: str = STATE, as_of: str = NOON) -> dict[str, Any]:
    """Have a sandbox that plays `state` observed, and return the evidence as it stands in the file."""
    write("state.toml", state)
    ran = run("observe", "--sandbox", "state.toml", "--as-of", as_of, "-o", name, "-q")
    assert (ran.out, ran.err) == ("", "")
    document: dict[str, Any] = json.loads(Path(name).read_text(encoding="utf-8"))
    return document


def check(*options: str, as_of: str = NOON) -> Ran:
    ran = run("check", "--as-of", as_of, "--format", "concise", *options)
    assert faults(ran) == []
    return ran


def judged(*options: str, as_of: str = NOON) -> dict[str, Any]:
    ran = run("check", "--as-of", as_of, "--format", "json", *options)
    assert faults(ran) == []
    return valid_report(ran.out)


# -- In the sandbox ----------------------------------------------------------------------------------------------------


def test_what_agrees_is_clean_and_says_who_was_asked() -> None:
    ran = run("check", "--sandbox", "state.toml", *AS_OF)
    assert (ran.code, ran.err) == (0, "")
    assert re.fullmatch(
        r"keylint.toml: 2 keys, 2 bots, \d+ checks: clean; the sandbox told of 2 of 2 keys \(2026-11-20 12:00 UTC\)",
        said(ran.out),
    )


@needs_rules
def test_what_has_drifted_is_shown_with_both_sides_and_the_time_of_the_look() -> None:
    write("state.toml", DRIFTED)
    ran = run("check", "--sandbox", "state.toml", *AS_OF, *KL101)
    assert ran.code == 1
    assert "19 | permissions = " in ran.out
    assert "\nlive: enableWithdrawals = true (the sandbox, 2026-11-20 12:00 UTC)\n" in ran.out
    assert check("--sandbox", "state.toml", *KL101).out.splitlines()[0] == f"{CAN_WITHDRAW}2026-11-20 12:00 UTC)"


@pytest.mark.parametrize("state", [STATE, DRIFTED], ids=["clean", "drifted"])
@pytest.mark.parametrize("format_", ["text", "concise", "github"])
def test_evidence_gives_the_report_that_asking_at_that_moment_gives(format_: str, state: str) -> None:
    observe(state=state)
    asked = run("check", "--sandbox", "state.toml", *AS_OF, "--format", format_)
    kept = run("check", "--evidence", "seen.json", *AS_OF, "--format", format_)
    assert kept.code == asked.code == (0 if state == STATE else 1)
    assert said(kept.out).replace("(seen.json, 2026", "(2026") == said(asked.out)
    assert (kept.err, asked.err) == ("", "")


@pytest.mark.parametrize("example", ["desk/keylint.toml", "first/good.toml", "hosts/keylint.toml"])
def test_so_it_does_for_the_examples_what_was_not_answered_included(example: str) -> None:
    manifest = ROOT / "examples" / example
    [state, *_] = sorted(manifest.parent.glob("*.sandbox.toml"))
    shutil.copy(manifest, "keylint.toml")
    shutil.copy(state, "state.toml")
    asked = judged("--sandbox", "state.toml")
    run("observe", "--sandbox", "state.toml", *AS_OF, "-o", "seen.json", "-q")
    kept = json.loads(json.dumps(judged("--evidence", "seen.json")).replace(" (seen.json)", ""))
    assert asked["looked_at"].pop("asked") | {"file": "seen.json"} == kept["looked_at"].pop("evidence")[0]
    assert (asked["looked_at"].pop("live"), kept["looked_at"].pop("live")) == (True, False)
    assert (asked["looked_at"].pop("evidence"), kept["looked_at"].pop("asked")) == ([], None)
    assert kept == asked
    assert asked["summary"]["findings"] > 0


def test_a_report_for_programs_carries_the_live_side() -> None:
    write("state.toml", DRIFTED)
    report = judged("--sandbox", "state.toml", *KL101)
    assert report["looked_at"]["asked"] == {"source": "sandbox", "started": NOON, "finished": NOON}
    assert report["looked_at"]["keys_answered"] == 2
    [finding] = report["findings"]
    assert (finding["side"], finding["observed_at"], finding["live"]) == ("live", NOON, "enableWithdrawals = true")
    offline = judged(*KL101)
    assert offline["findings"] == []
    assert (offline["looked_at"]["live"], offline["looked_at"]["asked"]) == (False, None)


def test_annotations_carry_the_live_side_and_nothing_that_a_runner_obeys() -> None:
    write("state.toml", DRIFTED + '[[misbehaviour]]\nkey = "grid"\nbody = "::error::owned\\n##[group]"\nstatus = 400\n')
    ran = run("check", "--sandbox", "state.toml", *AS_OF, *KL101, "--format", "github")
    first, second, last = ran.out.splitlines()
    assert first.startswith("::error file=keylint.toml,line=19,")
    assert "%0Alive: enableWithdrawals = true (the sandbox, 2026-11-20 12:00 UTC)%0Ahelp: " in first
    assert second.startswith("::warning file=keylint.toml,title=KL101 could not be decided::keys.grid")
    assert last.startswith("incomplete: keylint.toml: 1 finding (1 error) in ")
    assert runner_commands(last) == []
    assert "owned" not in ran.out


def test_labels_of_a_hostile_answer_are_shown_as_escapes() -> None:
    sub_account = '[accounts.grid]\nmaster = "main"\nemail = "g@x.example"\n'
    inventory = 'role = "inventory"\naccount = "main"\ntype = "ed25519"\npermissions = ["read"]\ncreated = 2026-11-01\n'
    bots = re.sub(r"(\[bots\.\w+\]\n)", r'\1account = "main"\n', MANIFEST)
    write("keylint.toml", f"{bots}{sub_account}[keys.inventory]\n{inventory}")
    stranger = 'account = "grid"\nlabel = "\\u001b[2J\\u202e::error::x"\ncreated = 2026-11-01\n'
    write("state.toml", f"{STATE}{sub_account}[keys.inventory]\ncreated = 2026-11-01\n[keys.stranger]\n{stranger}")
    for format_ in ("text", "concise", "json", "github"):
        ran = run("check", "--sandbox", "state.toml", *AS_OF, "--format", format_)
        assert faults(ran) == []
        assert "KL905" in ran.out
        assert raw_controls(ran.out) == []
        commands = runner_commands(ran.out)
        assert set(commands) <= ({"error", "warning", "notice"} if format_ == "github" else set())
        assert len(commands) == sum(line.startswith("::") for line in ran.out.splitlines())


# -- Evidence ----------------------------------------------------------------------------------------------------------


def test_evidence_is_judged_without_a_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    observe()
    refuse_sockets(monkeypatch)
    with pytest.raises(AssertionError):
        socket.socket()
    ran = check("--evidence", "seen.json")
    assert ran.code == 0
    assert ran.out.endswith("the sandbox told of 2 of 2 keys (seen.json, 2026-11-20 12:00 UTC)\n")


@needs_rules
@pytest.mark.parametrize("files", [("a.json", "b.json"), ("b.json", "a.json"), ("a.json", "b.json", "a.json")])
def test_of_several_looks_the_newest_that_was_answered_wins_in_any_order(files: tuple[str, ...]) -> None:
    observe("a.json", DRIFTED, "2026-11-20T09:00:00Z")
    observe("b.json", STATE, "2026-11-20T10:00:00Z")
    options = [word for name in files for word in ("--evidence", name)]
    ran = check(*KL101, *options)
    assert ran.code == 0
    assert "remark: keys.dca: two looks within 24 hours disagree on enableWithdrawals" in ran.out
    assert len(judged(*KL101, *options)["looked_at"]["evidence"]) == 2
    observe("b.json", STATE + REFUSED.replace('"grid"', '"dca"'), "2026-11-20T10:00:00Z")
    assert check(*KL101, *options).code == 1  # a refusal is no answer


def test_two_hosts_one_key_drifted_one_dead_and_one_host_late() -> None:
    shutil.copytree(ROOT / "examples" / "hosts", ".", dirs_exist_ok=True)
    for host, moment in (("a", "2026-11-20T11:00:00Z"), ("b", "2026-11-19T09:00:00Z")):
        ran = run("observe", "--sandbox", f"host-{host}.sandbox.toml", "--as-of", moment, "-o", f"{host}.json")
        assert ran.code == 3
    report = judged("--evidence", "a.json", "--evidence", "b.json")
    assert {(it["code"], it["subject"]) for it in report["findings"]} == {
        ("KL101", "keys.dca"),
        ("KL906", "keys.carry"),
    }
    assert {it["subject"] for it in report["unknown"]} == {"keys.grid", "keys.hedge"}
    for unknown in report["unknown"]:
        assert f"{unknown['subject']} last answered 2026-11-19 09:00 UTC (b.json), 27 hours ago" in unknown["message"]
        assert "(-2015) (a.json)" in unknown["message"]
    live = [rule.code for rule in plugins.load(live=True).rules if isinstance(rule, LiveKeyRule)]
    undecided = {(it["code"], it["subject"]) for it in report["unknown"]}
    for code in {"KL101", "KL102", "KL901", "KL903", "KL906"} & {*live, "KL101", "KL102"}:
        assert {(code, "keys.grid"), (code, "keys.hedge")} <= undecided
    assert [it["file"] for it in report["looked_at"]["evidence"]] == ["a.json", "b.json"]


@pytest.mark.parametrize(
    ("as_of", "code", "reason"),
    [
        ("2026-11-21T11:59:59Z", 0, None),
        (
            "2026-11-21T12:00:00Z",
            3,
            " 2026-11-20 12:00 UTC (seen.json), 24 hours ago; the policy allows 24: look again ",
        ),
        ("2026-11-20T11:55:00Z", 0, None),  # another host's clock may be that much ahead
        ("2026-11-20T11:54:59Z", 3, "was looked at 2026-11-20 12:00 UTC (seen.json), after the moment of judgement"),
        ("2026-11-20", 3, "after the moment of judgement"),
    ],
)
def test_what_is_stale_or_from_the_future_is_unknown(as_of: str, code: int, reason: str | None) -> None:
    observe()
    ran = check(*KL101, "--evidence", "seen.json", as_of=as_of)
    assert ran.code == code
    assert reason is None or reason in ran.out
    assert ran.out.count("unknown for keys.") == (2 if code else 0)


def test_the_policy_says_how_old_evidence_may_be() -> None:
    write(
        "keylint.toml", MANIFEST.replace("version = 1\n", "version = 1\n[policy]\nevidence = { max_age_hours = 1 }\n")
    )
    observe()
    assert check(*KL101, "--evidence", "seen.json", as_of="2026-11-20T12:59:00Z").code == 0
    assert check(*KL101, "--evidence", "seen.json", as_of="2026-11-20T13:00:00Z").code == 3


SECRET = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"  # noqa: S105 - Binance's own example
BROKEN: dict[str, tuple[Callable[[str], object], str]] = {
    "missing": (str, "there is no such file; `keylint observe -o evil.json` writes one"),
    "empty": (lambda name: write(name, ""), "is not JSON (line 1, column 1)"),
    "broken": (lambda name: write(name, '{"version": 1,\n'), "is not JSON (line 2, column 1)"),
    "another version": (
        lambda name: _bent(name, version=2),
        "was written by a newer keylint (version 2 of the format)",
    ),
    "a version that never was": (lambda name: _bent(name, version=0), "has version 0 of the format"),
    "another source": (lambda name: _bent(name, source="kraken"), "source"),
    "more than there is": (lambda name: _bent(name, extra=[]), "evil.json: has a field that keylint does not write"),
    "a secret": (lambda name: _bent(name, remarks=[SECRET]), "holds what has the shape of a secret"),
    "a secret in escapes": (
        lambda name: write(name, _text(remarks=["@"]).replace("@", "".join(f"\\u{ord(it):04x}" for it in SECRET))),
        "holds what has the shape of a secret",
    ),
    "a manifest": (lambda name: write(name, MANIFEST), "is not JSON"),
    "an array": (lambda name: write(name, "[]"), "evil.json"),
    "not UTF-8": (lambda name: Path(name).write_bytes(b'{"version": "\xff"}'), "is not UTF-8"),
    "deep": (lambda name: write(name, "[" * 100_000), "evil.json"),
    "a folder": (lambda name: Path(name).mkdir(), "evil.json"),
    "a pipe": (lambda name: os.mkfifo(name) if hasattr(os, "mkfifo") else os.mkdir(name), "evil.json"),
    "a device": (lambda name: os.symlink("/dev/zero", name), "evil.json"),
    "a dangling link": (lambda name: os.symlink("nowhere", name), "evil.json"),
    "a loop": (lambda name: os.symlink(name, name), "evil.json"),
}


def _text(**changes: object) -> str:
    return json.dumps(observe() | changes)


def _bent(name: str, **changes: object) -> None:
    write(name, _text(**changes))


@pytest.mark.parametrize("name", BROKEN)
def test_a_file_that_is_no_evidence_ends_the_run_and_is_named(name: str) -> None:
    make, problem = BROKEN[name]
    make("evil.json")
    observe()
    ran = run("check", *AS_OF, "--evidence", "seen.json", "--evidence", "evil.json")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("keylint: ")
    assert problem in ran.err
    assert ran.err.count("\n") == 1
    assert "keylint check -" not in ran.err  # evidence is no manifest that could be piped
    assert faults(ran) == []
    assert leaks(ran.everything) == []


def test_a_name_of_evidence_that_writes_to_the_terminal_is_shown_as_escapes() -> None:
    ran = run("check", *AS_OF, "--evidence", "\x1b[2J.json")
    assert (ran.code, raw_controls(ran.everything)) == (2, [])
    observe("\x1b[2J::error::.json")
    assert raw_controls(check("--evidence", "\x1b[2J::error::.json").everything) == []


def test_evidence_of_other_keys_tells_nothing_and_says_so() -> None:
    write("other.toml", MANIFEST.replace("keys.dca", "keys.other").replace("keys.grid", "keys.another"))
    write("state.toml", STATE.replace("keys.dca", "keys.other").replace("keys.grid", "keys.another"))
    assert run("observe", "other.toml", "--sandbox", "state.toml", *AS_OF, "-o", "other.json", "-q").code == 0
    ran = check(*KL101, "--evidence", "other.json")
    assert ran.code == 3
    assert "keys.dca was not looked at in other.json" in ran.out
    assert "the sandbox told of 0 of 2 keys" in ran.out


def test_evidence_of_some_keys_leaves_the_others_unknown() -> None:
    document = observe()
    document["keys"] = document["keys"][:1]
    write("seen.json", json.dumps(document))
    report = judged("--evidence", "seen.json")
    assert {it["subject"] for it in report["unknown"]} == {"keys.grid"}
    assert {it["reason"] for it in report["unknown"]} == {"not-looked-at"}
    asked = [rule.code for rule in plugins.load(live=True).rules if isinstance(rule, LiveKeyRule)]
    # What nobody can show of an ordinary key is not applicable, whoever looks.
    assert {it["code"] for it in report["unknown"]} >= {"KL101", "KL901"} & {*asked, "KL101"}


def test_evidence_and_asking_go_together() -> None:
    observe("earlier.json", DRIFTED, "2026-11-20T09:00:00Z")
    write("state.toml", STATE)
    report = judged(*KL101, "--sandbox", "state.toml", "--evidence", "earlier.json")
    assert report["findings"] == []
    assert [it["file"] for it in report["looked_at"]["evidence"]] == ["earlier.json"]
    assert report["looked_at"]["asked"]["finished"] == NOON


# -- Nothing better than unknown ---------------------------------------------------------------------------------------

FAULTS = {
    "refused": 'status = 401\njson = { code = -2015, msg = "Invalid API-key." }',
    "limited": "status = 429\njson = { code = -1003, msg = 'x' }",
    "banned": "status = 418\njson = { code = -1003, msg = 'x' }",
    "broken": "status = 500",
    "cut": 'cut = "body"',
    "reset": 'cut = "before"\nreset = true',
    "empty": 'body = ""',
    "array": "json = []",
    "html": 'body = "<html>"\nheaders = { Content-Type = "text/html" }',
    "text for a flag": 'replace = { enableWithdrawals = "false" }',
    "a flag is missing": 'remove = ["enableWithdrawals"]',
    "a flag is null": 'replace_raw = { enableWithdrawals = "null" }',
    "twice": 'duplicate = { enableWithdrawals = "true" }',
}


@needs_rules
@pytest.mark.parametrize("way", ["asked", "kept"])
@pytest.mark.parametrize("fault", FAULTS)
def test_what_was_not_told_is_unknown_whatever_the_fault(fault: str, way: str) -> None:
    # Behind the fault stands a key that can withdraw: a pass would be a lie.
    write("state.toml", f'{DRIFTED}[[misbehaviour]]\nkey = "dca"\npath = "{RESTRICTIONS}"\n{FAULTS[fault]}\n')
    options = ("--sandbox", "state.toml")
    if way == "kept":
        assert run("observe", *options, *AS_OF, "-o", "seen.json", "-q").code in {0, 3}
        options = ("--evidence", "seen.json")
    report = judged(*KL101, *options)
    assert ("KL101", "keys.dca") in {(it["code"], it["subject"]) for it in report["unknown"]}
    assert report["findings"] == []
    assert check(*KL101, *options).code == 3


@pytest.mark.parametrize("where", ["nobody", "evidence of nobody"])
def test_without_any_answer_no_rule_passes_on_the_live_side(where: str, no_sockets: None) -> None:
    write("empty.toml", "version = 1\n")
    if where == "nobody":
        ran = run("check", "--live", "--format", "json")
    else:
        write("seen.json", json.dumps(_nothing()))
        ran = run("check", "--evidence", "seen.json", "--format", "json", *AS_OF)
    report, offline = valid_report(ran.out), valid_report(run("check", "--format", "json", *AS_OF).out)
    # Whatever passes passes offline, too; what judges live state cannot.
    assert report["summary"]["passed"] <= offline["summary"]["passed"]
    unknown = {(it["code"], it["subject"]) for it in report["unknown"]}
    for rule in plugins.load(live=True).rules:
        if isinstance(rule, LiveKeyRule) and rule.code in {"KL901", "KL902", "KL906"}:
            assert {(rule.code, "keys.dca"), (rule.code, "keys.grid")} <= unknown
        if isinstance(rule, LiveAccountRule) and rule.code == "KL505":
            assert (rule.code, "accounts.main") in unknown


def _nothing() -> dict[str, Any]:
    tool = {"name": "keylint", "version": "0.1.0"}
    return {
        "version": 1, "tool": tool, "source": "binance", "started": NOON, "finished": NOON,
        "remarks": [], "keys": [], "accounts": [],
    }  # fmt: skip


# -- Binance itself ----------------------------------------------------------------------------------------------------


def test_live_without_credentials_opens_no_socket_and_says_what_would_supply_them(no_sockets: None) -> None:
    ran = run("check", "--live", *KL101, "--format", "concise")
    assert (ran.code, ran.err) == (3, "")
    for key, name in (("dca", "DCA"), ("grid", "GRID")):
        [line] = [line for line in ran.out.splitlines() if f"KL101 unknown for keys.{key}" in line]
        for word in (f"KEYLINT_{name}_API_KEY", f"KEYLINT_{name}_PRIVATE_KEY_FILE", f"{key}.api-key", "--secrets-dir"):
            assert word in line
    assert "Binance told of 0 of 2 keys" in ran.out


def test_a_moment_and_binance_do_not_go_together(no_sockets: None) -> None:
    for options in (("--live",), ("--endpoint", "http://127.0.0.1:9")):
        ran = run("check", *options, *AS_OF)
        assert (ran.code, ran.out) == (2, "")
        assert "--as-of judges another moment than now, and Binance answers now" in ran.err
        assert "--evidence judges it as of any moment" in ran.err


@pytest.mark.parametrize(
    "url",
    [
        "http://203.0.113.20:8080",
        "https://api.binance.com",
        "http://localhost.evil.example:80",
        "http://127.0.0.1@evil.example:80",
        "http://127.0.0.1:80/path",
        "http://[::ffff:203.0.113.20]:80",
        "file:///etc/passwd",
        "127.0.0.1:80",
        "",
    ],
)
def test_an_endpoint_is_on_this_machine(url: str, no_sockets: None) -> None:
    for command in ("check", "observe"):
        ran = run(command, "--endpoint", url)
        assert (ran.code, ran.out) == (2, "")
        assert ran.err.startswith("keylint: --endpoint takes ")


@pytest.mark.parametrize(
    "options",
    [("--evidence", "seen.json"), ("--live",), ("--sandbox", "state.toml", *AS_OF)],
    ids=lambda options: options[0],
)
def test_live_state_is_judged_for_one_manifest_at_a_time(options: tuple[str, ...], no_sockets: None) -> None:
    write("other/keylint.toml", MANIFEST)
    ran = run("check", ".", *options)
    assert (ran.code, ran.out) == (2, "")
    assert "live state is judged for one manifest at a time" in ran.err


@pytest.mark.parametrize("options", [("--evidence", "seen.json"), ("--live",), ("--sandbox", "state.toml")], ids=str)
@pytest.mark.parametrize("text", ["version = = 1\n", MANIFEST.replace("ed25519", "dsa")], ids=["syntax", "schema"])
def test_a_broken_manifest_is_said_and_nobody_is_asked(
    text: str, options: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    observe()
    write("keylint.toml", text)
    refuse_sockets(monkeypatch)
    ran = run("check", *options, "--format", "json", *(AS_OF if options[0] != "--live" else ()))
    assert ran.code == 1
    report = valid_report(ran.out)
    assert {it["code"] for it in report["findings"]} <= {"KL001", "KL002"}
    assert {it["reason"] for it in report["unknown"]} == {"manifest-broken"}
    assert "KL901" in {it["code"] for it in report["unknown"]} or not _has_live_rules("KL901")


def _has_live_rules(*codes: str) -> bool:
    return set(codes) <= {rule.code for rule in plugins.load(live=True).rules}


def test_a_broken_manifest_does_not_hide_that_evidence_is_missing() -> None:
    write("keylint.toml", "version = = 1\n")
    assert run("check", "--evidence", "nowhere.json").code == 2


# -- An endpoint, with credentials in a folder -------------------------------------------------------------------------


def secrets(server: Sandbox, folder: str = "secrets", *, but: tuple[str, ...] = ()) -> list[str]:
    """Write the credentials of every key as files, and return what must not be seen anywhere."""
    Path(folder).mkdir()
    hidden = []
    for one in made(server.state).values():
        for name, text in zip(one.file_names, (one.api_key, one.private), strict=True):
            hidden += [line for line in text.splitlines() if not line.startswith("---")]
            if one.id not in but:
                Path(folder, name).write_text(text, encoding="utf-8")
    return hidden


@pytest.fixture
def serving() -> Iterator[Callable[[str], Sandbox]]:
    """Starts a sandbox for a state; its clock is this machine's."""
    running = []

    def start(text: str) -> Sandbox:
        server = Sandbox(load_state(text, "state.toml")).__enter__()
        running.append(server)
        return server

    yield start
    for server in running:
        server.__exit__(None, None, None)


@needs_rules
@pytest.mark.parametrize("kind", ["ed25519", "rsa", "hmac"])
def test_an_endpoint_is_asked_with_credentials_from_a_folder(kind: str, serving: Callable[[str], Sandbox]) -> None:
    server = serving(DRIFTED.replace("[keys.dca]\n", f'[keys.dca]\ntype = "{kind}"\n'))
    hidden = secrets(server)
    ran = run("check", "--endpoint", server.url, "--secrets-dir", "secrets", *KL101, "--output", "json=report.json")
    assert (ran.code, ran.err, server.crashes) == (1, "", [])
    assert "keys.dca can withdraw (live)" in ran.out
    assert "the sandbox told of 2 of 2 keys" in said(ran.out)
    assert leaks(ran.everything, tuple(hidden)) == []
    assert server.url not in ran.everything


def test_a_key_without_credentials_is_unknown_beside_one_that_answers(serving: Callable[[str], Sandbox]) -> None:
    server = serving(STATE)
    secrets(server, but=("grid",))
    ran = run("check", "--endpoint", server.url, "--secrets-dir", "secrets", *KL101, "--format", "concise")
    assert ran.code == 3
    assert "KL101 unknown for keys.grid: " in ran.out
    assert "no credentials: set KEYLINT_GRID_API_KEY" in ran.out
    assert "told of 1 of 2 keys" in ran.out


def test_credentials_may_come_from_where_systemd_puts_them(
    serving: Callable[[str], Sandbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serving(STATE)
    secrets(server)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", os.path.abspath("secrets"))
    assert run("check", "--endpoint", server.url, *KL101).code == 0


REFUSALS: dict[str, tuple[dict[str, str], str]] = {
    "pull_request_target": ({"GITHUB_EVENT_NAME": "pull_request_target"}, "under pull_request_target"),
    "a fork": ({"GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": "fork.json"}, "a pull request from a fork"),
    "an event that is not there": ({"GITHUB_EVENT_NAME": "pull_request"}, "does not say where its changes come from"),
    "keys of connections": ({"SSLKEYLOGFILE": "keys.log"}, "SSLKEYLOGFILE is set"),
}


@pytest.mark.parametrize("command", ["check", "observe"])
@pytest.mark.parametrize("name", REFUSALS)
def test_where_strangers_may_have_a_hand_nobody_is_asked(
    name: str, command: str, serving: Callable[[str], Sandbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    variables, why = REFUSALS[name]
    pull = {"head": {"repo": {"full_name": "evil/desk"}}, "base": {"repo": {"full_name": "our/desk"}}}
    write("fork.json", json.dumps({"pull_request": pull}))
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    server = serving(STATE)
    secrets(server)
    options = ("--endpoint", server.url, "--secrets-dir", "secrets")
    for ran in (run(command, *options), run(command, "--live") if command == "check" else run(command)):
        assert (ran.code, ran.out) == (2, "")
        assert why in ran.err
    assert server.connections == 0
    ran = run(command, *options, "--allow-untrusted")
    assert (ran.code == 2) is (name == "keys of connections")
    assert (server.connections == 0) is (name == "keys of connections")


@pytest.mark.parametrize("variables", [variables for variables, _ in REFUSALS.values()], ids=list(REFUSALS))
def test_judging_offline_and_in_the_sandbox_is_refused_nowhere(
    variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    observe()
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    assert check("--evidence", "seen.json").code == 0
    assert check("--sandbox", "state.toml").code == 0
    assert check().code == 0


@pytest.mark.parametrize("ending", ["api-key", "pem"])
def test_one_secret_for_two_keys_is_not_sent(ending: str, serving: Callable[[str], Sandbox]) -> None:
    server = serving(STATE)
    hidden = secrets(server)
    shutil.copy(f"secrets/dca.{ending}", f"secrets/grid.{ending}")
    for command in ("check", "observe"):
        ran = run(command, "--endpoint", server.url, "--secrets-dir", "secrets")
        assert (ran.code, ran.out) == (2, "")
        assert "dca and grid have one secret between them" in ran.err
        assert leaks(ran.everything, tuple(hidden)) == []
    assert server.connections == 0


@pytest.mark.parametrize("options", [("--live",), ("--endpoint", "http://127.0.0.1:9")], ids=lambda it: it[0])
def test_a_folder_of_secrets_that_is_not_there_is_said(options: tuple[str, ...], no_sockets: None) -> None:
    ran = run("check", *options, "--secrets-dir", "nowhere")
    assert (ran.code, ran.out) == (2, "")
    assert "the folder of --secrets-dir cannot be read" in ran.err


# -- Selection, severity, waivers --------------------------------------------------------------------------------------

WAIVER = """
[[waivers]]
rule = "{rule}"
on = "{on}"
reason = "until the platform is gone"
by = "me"
until = 2026-12-10
"""


@pytest.mark.parametrize("code", ["KL901", "KL906", "KL505", "KL9", "permission-undeclared"])
def test_rules_of_live_state_may_be_selected_offline_and_judge_nothing(code: str, no_sockets: None) -> None:
    ran = run("check", "--select", code, *AS_OF, "--format", "json")
    assert (ran.code, ran.err) == (0, "")
    report = valid_report(ran.out)
    # What is left is KL001 and KL002, which are always judged, and the books.
    assert report["summary"]["planned"] <= 7
    assert report["unknown"] == []
    assert said(run("check", "--select", code, *AS_OF).out).endswith("live state was not looked at")
    assert run("check", "--ignore", code, *AS_OF).code == 0


def test_a_rule_that_is_nowhere_is_said_with_live_state_too() -> None:
    ran = run("check", "--select", "KL998", "--sandbox", "state.toml", *AS_OF)
    assert (ran.code, ran.out) == (2, "")
    assert "KL998" in ran.err


@needs_rules
@pytest.mark.skipif(not _has_live_rules("KL901"), reason="KL901 is not there")
def test_a_waiver_of_a_live_rule_is_missed_only_where_it_was_judged() -> None:
    write("keylint.toml", MANIFEST + WAIVER.format(rule="KL901", on="keys.dca"))
    offline = judged("--select", "KL901,KL951")
    assert [it["code"] for it in offline["findings"]] == []
    [unused] = judged("--select", "KL901,KL951", "--sandbox", "state.toml")["findings"]
    assert unused["code"] == "KL951"
    write("state.toml", STATE.replace('["read", "spot"]', '["read", "spot", "margin"]'))
    report = judged("--select", "KL901,KL951", "--sandbox", "state.toml")
    assert (report["findings"], len(report["waived"])) == ([], 1)
    assert check("--select", "KL901,KL951", "--sandbox", "state.toml").code == 0
    shown = run("check", "--select", "KL901", "--sandbox", "state.toml", *AS_OF, "--show-waived").out
    assert "live: enableMargin = true (the sandbox, 2026-11-20 12:00 UTC)" in shown


@needs_rules
@pytest.mark.skipif(not _has_live_rules("KL901"), reason="KL901 is not there")
def test_a_waiver_does_not_cover_what_is_unknown() -> None:
    write("keylint.toml", MANIFEST + WAIVER.format(rule="KL901", on="keys.grid"))
    write("state.toml", STATE + REFUSED)
    report = judged("--select", "KL901,KL951", "--sandbox", "state.toml")
    assert {(it["code"], it["subject"]) for it in report["unknown"]} >= {("KL901", "keys.grid")}
    assert check("--select", "KL901,KL951", "--sandbox", "state.toml").code == 3


@pytest.mark.skipif(not _has_live_rules("KL906"), reason="KL906 is not there")
@pytest.mark.parametrize(("fail_on", "code"), [("note", 1), ("warning", 1), ("error", 0)])
def test_fail_on_counts_live_findings(fail_on: str, code: int) -> None:
    write("state.toml", STATE.replace('label = "home-spot-dca"\n', "deleted = true\n"))
    ran = check("--select", "KL906", "--sandbox", "state.toml", "--fail-on", fail_on)
    assert "KL906 keys.dca is not known to Binance" in ran.out
    assert ran.code == code


def test_quiet_prints_findings_and_unknowns_alone() -> None:
    write("state.toml", DRIFTED + REFUSED)
    ran = check(*KL101, "--sandbox", "state.toml", "-q")
    assert ran.code == 1
    assert len(ran.out.splitlines()) == 2


# -- A run that is ended, and places that are full or closed -----------------------------------------------------------

SLOW = f'[[misbehaviour]]\npath = "{RESTRICTIONS}"\nkey = "grid"\ndelay_ms = 60000\n'
unix = pytest.mark.skipif(os.name == "nt", reason="Windows has no such thing")


def child(*arguments: str, **more: Any) -> subprocess.Popen[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | more
    return subprocess.Popen([str(SCRIPT), *arguments], env=kept, encoding="utf-8", **options)


def asked_and_interrupted(server: Sandbox, number: signal.Signals, *arguments: str) -> tuple[int, str, str]:
    """How a run ends that is sent a signal once one key has been answered and the other has not."""
    options = ("--endpoint", server.url, "--secrets-dir", "secrets", "--timeout", "50")
    with child(*arguments, *options) as process:
        until = time.monotonic() + 40
        while server.requests[RESTRICTIONS] < 2 and time.monotonic() < until and process.poll() is None:
            time.sleep(0.01)  # nothing tells the server's user when it has been asked
        time.sleep(0.3)  # so that the child has read the one answer; the other is a minute away
        began = time.monotonic()
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
    assert time.monotonic() - began < 10
    assert "Traceback" not in out + err
    return process.returncode, out, err


@unix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_observe_that_is_interrupted_keeps_what_it_knows(
    number: signal.Signals, serving: Callable[[str], Sandbox]
) -> None:
    server = serving(STATE + SLOW)
    secrets(server)
    code, out, err = asked_and_interrupted(server, number, "observe", "-o", "seen.json")
    assert (code, out) == (2, "")
    assert err.endswith("keylint: interrupted; the evidence holds what was known by then\n")
    kept = load("seen.json", Path("seen.json").read_bytes())
    assert {look.key: look.outcome for look in kept.keys} == {"dca": "observed", "grid": "unreachable"}
    assert sorted(path.name for path in Path().iterdir()) == ["keylint.toml", "secrets", "seen.json", "state.toml"]


@unix
@needs_rules
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(("state", "exits"), [(STATE, 3), (DRIFTED, 1)], ids=["clean", "drifted"])
def test_a_check_that_is_interrupted_judges_what_it_knows(
    state: str, exits: int, number: signal.Signals, serving: Callable[[str], Sandbox]
) -> None:
    server = serving(state + SLOW)
    secrets(server)
    code, out, err = asked_and_interrupted(server, number, "check", *KL101, "--format", "json")
    assert code == exits
    assert err.splitlines() == ["keylint: interrupted; what was known by then is judged, the rest is unknown"]
    report = valid_report(out)
    assert {it["subject"] for it in report["unknown"]} == {"keys.grid"}
    assert len(report["findings"]) == (exits == 1)


@unix
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
def test_a_full_disk_is_no_success() -> None:
    options = ("--sandbox", "state.toml", *AS_OF)
    for arguments in (("observe", *options, "-o", "/dev/full"), ("check", *options, "--output", "json=/dev/full")):
        ran = run(*arguments, on_disk=True)
        assert ran.code == 2
        assert ran.err.startswith("keylint: cannot write /dev/full: No space left on device")
    for command in ("check", "observe"):
        with open("/dev/full", "w", encoding="utf-8") as full, child(command, *options, stdout=full) as process:
            _, err = process.communicate(timeout=60)
        assert process.returncode == 2
        assert err.splitlines()[-1] == "keylint: cannot write the report: No space left on device"


@unix
@pytest.mark.parametrize("command", ["check", "observe"])
@pytest.mark.parametrize("state", [STATE, STATE + REFUSED], ids=["clean", "incomplete"])
def test_a_reader_who_went_away_and_a_closed_output_change_no_verdict(command: str, state: str) -> None:
    write("state.toml", state)
    options = (command, "--sandbox", "state.toml", *AS_OF)
    expected = run(*options).code
    with child(*options) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        err = process.stderr.read()
    assert process.returncode == expected
    assert "Traceback" not in err
    assert "BrokenPipe" not in err


@unix
def test_a_check_with_everything_closed_says_nothing_and_keeps_its_verdict() -> None:
    write("state.toml", DRIFTED)
    shell = f"exec '{SCRIPT}' check --sandbox state.toml --as-of {NOON} --select KL101 <&- >&- 2>&-"
    assert subprocess.run(["sh", "-c", shell], check=False, timeout=60).returncode == 1


@unix
@pytest.mark.parametrize("command", ["check", "observe"])
def test_sixteen_file_descriptors_are_enough_or_make_it_unknown(command: str) -> None:
    resource = pytest.importorskip("resource")

    def few() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))

    keys = [f"key-{number}" for number in range(24)]
    declared = '\n[keys.{0}]\nbot = "dca"\ntype = "ed25519"\npermissions = ["read", "spot"]\ncreated = 2026-11-01\n'
    shown = '\n[keys.{0}]\npermissions = ["read", "spot", "withdraw"]\ncreated = 2026-11-01\n'
    write("keylint.toml", MANIFEST + "".join(declared.format(key) for key in keys))
    write("state.toml", STATE + "".join(shown.format(key) for key in keys))
    options = {"check": (*KL101, "--format", "json"), "observe": ("-o", "seen.json")}[command]
    with child(command, "--sandbox", "state.toml", *AS_OF, *options, preexec_fn=few) as process:
        out, err = process.communicate(timeout=100)
    assert "Traceback" not in err
    assert "internal error" not in err
    if command == "check":
        assert process.returncode in {1, 3}
        report = valid_report(out)
        known = {it["subject"] for it in report["findings"]} | {it["subject"] for it in report["unknown"]}
        assert {f"keys.{key}" for key in keys} <= known
    else:
        assert process.returncode in {0, 3}
        looks = load("seen.json", Path("seen.json").read_bytes()).keys
        assert len(looks) == 26
        assert {look.outcome for look in looks} <= {"observed", "unreachable"}


@unix
@pytest.mark.parametrize(
    "arguments", [("observe", "-o", "seen.json"), ("check", "--output", "json=seen.json")], ids=str
)
def test_what_is_there_stays_when_the_disk_ends_in_the_middle(arguments: tuple[str, ...]) -> None:
    resource = pytest.importorskip("resource")

    def little() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))

    observe()
    before = Path("seen.json").read_bytes()
    with child(*arguments, "--sandbox", "state.toml", *AS_OF, preexec_fn=little) as process:
        _, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert err.splitlines()[-1].startswith("keylint: cannot write seen.json: File too large")
    assert Path("seen.json").read_bytes() == before
    assert sorted(path.name for path in Path().iterdir()) == ["keylint.toml", "seen.json", "state.toml"]


# To be added to tests/test_cli_live.py with the diffs 4 and 5 (2 has its tests there already).


@pytest.mark.parametrize(
    "options",
    [("--secrets-dir", "secrets"), ("--activity",), ("--keys-only",), ("--keyring",), ("--timeout", "5")],
    ids=lambda options: options[0],
)
def test_who_says_how_to_ask_and_not_whom_is_told(options: tuple[str, ...]) -> None:
    Path("secrets").mkdir()
    observe()
    for asked in ((), ("--evidence", "seen.json")):
        ran = run("check", *options, *asked, *AS_OF)
        assert (ran.code, ran.out) == (2, "")
        assert "add --live, --sandbox or --endpoint" in ran.err


@unix
def test_evidence_that_could_not_be_written_is_not_asked_for(serving: Callable[[str], Sandbox]) -> None:
    server = serving(STATE)
    secrets(server)
    options = ("--endpoint", server.url, "--secrets-dir", "secrets")
    for output in ("nowhere/seen.json", "secrets"):
        ran = run("observe", *options, "-o", output)
        assert (ran.code, ran.out) == (2, "")
        assert f"cannot write {output}; name a file in a folder that is there" in ran.err
    shell = shlex.join([str(SCRIPT), "observe", *options]) + " >&-"
    closed = subprocess.run(["sh", "-c", shell], capture_output=True, encoding="utf-8", check=False, timeout=60)
    assert closed.returncode == 2
    assert "standard output is closed; name a file to write to" in closed.stderr
    assert server.connections == 0


def test_a_timeout_that_is_no_number_is_refused(desk: Path) -> None:
    ran = run("check", "--live", "--timeout", "nan")

    assert ran.code == 2
    assert "nan" in ran.err


def test_the_last_day_there_is_can_be_judged(desk: Path) -> None:
    assert run("check", "--sandbox", "state.toml", "--as-of", "9999-12-31T23:59:00Z").code in {1, 3}


def test_evidence_that_only_its_owner_may_read_stays_so(desk: Path) -> None:
    observed = ("observe", "--sandbox", "state.toml", "--as-of", "2026-11-20T11:00:00Z", "-o", "host.json", "-q")
    run(*observed)
    Path("host.json").chmod(0o600)
    run(*observed)

    assert Path("host.json").stat().st_mode & 0o777 == 0o600
