"""`keylint plan` and `keylint show` as a person runs them: what is printed, what is written, and the exit code."""

import json
import os
import stat
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

import pytest
from jsonschema import Draft7Validator
from strategies import ROOT, Ran, faults, raw_controls
from strategies import keylint as run

from keylint.cli import plan as command

NOON = "2026-11-20T12:00:00Z"
AT_NOON = ("--as-of", NOON)
SANDBOX = ("--sandbox", "state.toml", *AT_NOON)
DETAILED = "--detailed-exitcode"
MANIFEST = """\
version = 1

[bots.dca]
kind = "spot"

[keys.dca]
bot = "dca"
label = "home-spot-dca"
type = "ed25519"
permissions = ["read", "spot"]
ip_allowlist = ["203.0.113.20"]
created = 2026-11-01
"""
STATE = """\
version = 1

[keys.dca]
label = "home-spot-dca"
permissions = ["read", "spot"]
ip_list = ["203.0.113.20"]
created = 2026-11-01T09:30:00Z
"""
DRIFTED = STATE.replace('["read", "spot"]', '["read", "spot", "withdraw"]')
REFUSED = '[[misbehaviour]]\nkey = "dca"\nstatus = 401\njson = { code = -2015, msg = "Invalid API-key." }\n'
NOTHING = "Plan: 0 to create, 0 to change, 0 to delete; 0 drifted; 0 unknown"
ONE = "Plan: 0 to create, 1 to change, 0 to delete; 1 drifted; 0 unknown"
PRINTED = """\
keylint.toml: the sandbox told of 1 of 1 key (2026-11-20 12:00 UTC)
+ to add at Binance, - to take away, ~ to change, ? not known; keylint changes
nothing itself

~ keys.dca "home-spot-dca" on accounts.main
    - permission withdraw (critical risk, drift)
      step: untick "Enable Withdrawals" in API Management, Edit restrictions: no
        bot that trades needs it; find out who ticked it

Plan: 0 to create, 1 to change, 0 to delete; 1 drifted; 0 unknown
"""


@pytest.fixture(autouse=True)
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a manifest and a sandbox's state that agree, in which the program runs."""
    for name in list(os.environ):
        if name.startswith(("KEYLINT_", "GITHUB_", "CI_")) or name in {"NO_COLOR", "FORCE_COLOR", "SSLKEYLOGFILE"}:
            monkeypatch.delenv(name)
    folder = tmp_path / "desk"
    folder.mkdir()
    monkeypatch.chdir(folder)
    write("keylint.toml", MANIFEST)
    write("state.toml", STATE)
    return folder


def write(name: str, text: str) -> None:
    Path(name).write_text(text, encoding="utf-8")


def read(name: str) -> str:
    return Path(name).read_text(encoding="utf-8")


def plan(*options: str, state: str | None = None) -> Ran:
    if state is not None:
        write("state.toml", state)
    ran = run("plan", *SANDBOX, *options)
    assert faults(ran) == []
    return ran


def last(ran: Ran) -> str:
    return ran.out.splitlines()[-1]


def valid(text: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(text)
    schema = json.loads(import_module("keylint.schemas").text("plan"))
    assert [error.message for error in Draft7Validator(schema).iter_errors(document)] == []
    return document


# What is printed, and how it ends.


def test_a_plan_is_printed_with_the_step_for_each_change() -> None:
    ran = plan(state=DRIFTED)
    assert (ran.code, ran.out, ran.err) == (0, PRINTED, "")


def test_where_all_is_as_declared() -> None:
    ran = plan()
    assert (ran.code, ran.err) == (0, "")
    assert "No changes: what the sandbox shows of 1 key is as it is declared" in ran.out
    assert last(ran) == NOTHING


def test_what_is_not_known_ends_with_3() -> None:
    ran = plan(state=STATE + REFUSED)
    assert (ran.code, ran.err) == (3, "")
    assert "No changes" not in ran.out
    assert last(ran) == "Plan: 0 to create, 0 to change, 0 to delete; 0 drifted; 1 unknown"


@pytest.mark.parametrize(
    ("state", "code"),
    [(STATE, 0), (DRIFTED, 2), (STATE + REFUSED, 1), (STATE.replace("[keys.dca]", "[keys.other]"), 1)],
)
def test_detailed_exit_codes_are_terraforms(state: str, code: int) -> None:
    ran = plan(DETAILED, state=state)
    assert ran.code == code
    assert last(ran).startswith("Plan: ")


def test_a_rotation_that_has_a_step_to_do_is_something_to_do() -> None:
    new = MANIFEST[MANIFEST.index("[keys.dca]") :].replace("[keys.dca]", "[keys.new]").replace("11-01", "11-02")
    write("keylint.toml", f'{MANIFEST}replaced_by = "new"\n\n{new}')
    both = STATE + STATE[STATE.index("[keys.dca]") :].replace("[keys.dca]", "[keys.new]").replace("11-01", "11-02")
    ran = plan(DETAILED, state=both)
    assert ran.code == 2
    assert last(ran) == f"{NOTHING}; 1 step due"
    assert "[disable]" in ran.out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "a plan compares with what is live: add --live, --evidence FILE or --sandbox STATE"),
        (("--keys-only",), "a plan compares with what is live"),
        (("--evidence", "none.json"), "none.json: there is no such file; `keylint observe -o none.json` writes one"),
        (("--evidence", "keylint.toml"), "keylint.toml: is not JSON"),
        (("--evidence", "keylint.toml", "--keys-only"), "nobody is asked, and an option says how to ask"),
        (("--sandbox", "none.toml"), "none.toml: there is no such file"),
        (("--sandbox", "keylint.toml"), "keylint.toml:"),
        (("--live", *AT_NOON), "--as-of judges another moment than now"),
        (("nowhere", *SANDBOX), "nowhere"),
        (("broken.toml", *SANDBOX), "broken.toml:1:"),
        (("--nonsense",), "No such option"),
        (("--format", "xml"), "'xml' is not one of"),
        (("--as-of", "noon"), "is neither a day such as"),
        ((*SANDBOX, "--out", "none/plan.json"), "cannot write none/plan.json; name a file in a folder that is there"),
        ((*SANDBOX, "--out", "."), "cannot write .; name a file in a folder"),
    ],
)
def test_bad_input_ends_with_2_and_with_detailed_exit_codes_with_1(options: tuple[str, ...], said: str) -> None:
    write("broken.toml", "version = = 1\n")
    for more, code in (((), 2), ((DETAILED,), 1)):
        ran = run("plan", *options, *more)
        assert (ran.code, ran.out) == (code, ""), ran.err
        assert said in ran.err
        assert faults(ran) == []


def test_a_bug_ends_like_an_error_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> NoReturn:
        raise ZeroDivisionError

    monkeypatch.setattr(command, "rendered", broken)
    for more, code in (((), 2), ((DETAILED,), 1)):
        ran = run("plan", *SANDBOX, *more)
        assert (ran.code, ran.out) == (code, "")
        assert "internal error: ZeroDivisionError" in ran.err


def test_help_ends_with_0_and_says_what_the_exit_codes_are() -> None:
    for options in (("--help",), (DETAILED, "--help")):
        ran = run("plan", *options)
        said = " ".join(ran.out.split())
        assert (ran.code, ran.err) == (0, "")
        assert "Exit code: 0 whatever is planned, 2 usage or unreadable input, 3 something could not be told" in said
        assert "0 nothing to do, 1 an error, or something could not be told, 2 there is something to do" in said


def test_evidence_gives_the_same_plan_as_asking() -> None:
    write("state.toml", DRIFTED)
    assert run("observe", *SANDBOX, "-o", "seen.json", "-q").code == 0
    ran = run("plan", "--evidence", "seen.json", *AT_NOON)
    assert ran.out == PRINTED.replace("(2026-11-20", "(seen.json, 2026-11-20")
    late = run("plan", "--evidence", "seen.json", "--as-of", "2026-11-23")
    assert late.code == 3
    assert "the policy allows 24" in " ".join(late.out.split())


def test_a_manifest_from_standard_input() -> None:
    ran = run("plan", "-", *SANDBOX, data=MANIFEST.encode())
    assert ran.out.startswith("<stdin>: the sandbox told of 1 of 1 key")


def test_colours() -> None:
    colored = plan("--color", "always", state=DRIFTED)
    assert "\x1b[1;31m-\x1b[0m permission withdraw" in colored.out
    assert "\x1b" not in plan("--color", "never").out
    assert "\x1b" not in plan("--format", "markdown", "--color", "always").out


# As a file.


def test_a_plan_is_written_and_shown_again_in_every_format() -> None:
    for format_ in ("text", "markdown", "json"):
        printed = plan("--out", "plan.json", "--format", format_, state=DRIFTED)
        shown = run("show", "plan.json", "--format", format_)
        assert (shown.code, shown.out, shown.err) == (0, printed.out, "")
    assert valid(read("plan.json"))["summary"]["change"] == 1
    assert read("plan.json") == run("show", "plan.json", "--format", "json").out


def test_the_same_state_gives_the_same_bytes() -> None:
    assert plan("--format", "json", state=DRIFTED).out == plan("--format", "json").out


def test_a_plan_from_standard_input() -> None:
    plan("--out", "plan.json", state=DRIFTED)
    ran = run("show", "-", data=Path("plan.json").read_bytes())
    assert (ran.code, ran.out) == (0, PRINTED)
    refused = run("show", "-", data=b"")
    assert (refused.code, refused.out) == (2, "")
    assert refused.err.startswith("keylint: <stdin>: is not JSON (line 1, column 1); write it anew with")


def test_a_plan_is_written_over_an_older_one_and_over_nothing_else() -> None:
    plan("--out", "plan.json")
    older = read("plan.json")
    plan("--out", "plan.json", state=DRIFTED)
    assert read("plan.json") != older

    for name in ("keylint.toml", "seen.json", "empty"):
        write("seen.json", '{"version": 1, "tool": {"name": "keylint"}, "keys": []}')
        write("empty", "")
        before = read(name)
        ran = plan("--out", name)
        assert (ran.code, ran.out) == (2, "")
        assert ran.err == (
            f"keylint: {name} is there already, and is no plan; name another file, or replace it with --force\n"
        )
        assert read(name) == before
    assert plan("--out", "empty", "--force").code == 0
    valid(read("empty"))


def test_nobody_is_asked_where_the_plan_could_not_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(*_: object, **__: object) -> NoReturn:
        raise AssertionError

    monkeypatch.setattr("keylint.cli.seeing.seen", asked)
    assert plan("--out", "keylint.toml").code == 2


def test_a_plan_goes_into_a_pipe_or_a_device() -> None:
    assert plan("--out", os.devnull).code == 0
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)


def test_a_file_that_cannot_be_read_is_no_plan(tmp_path: Path) -> None:
    write("dangling", "")
    Path("dangling").unlink()
    Path("dangling").symlink_to(tmp_path / "nowhere")
    ran = plan("--out", "dangling")
    assert ran.code == 2
    assert "is there already, and is no plan" in ran.err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "plan.json: there is no such file; `keylint plan --out plan.json` writes one"),
        ("{", "plan.json: is not JSON (line 1, column 2); write it anew with `keylint plan --out`"),
        (MANIFEST, "plan.json: is not JSON (line 1, column 1)"),
        ('{"version": 1}', "plan.json: tool is missing"),
        ('{"version": 2}', "plan.json: was written by a newer keylint (version 2 of the format): update keylint"),
    ],
)
def test_what_is_no_plan_is_not_shown(text: str | None, said: str) -> None:
    if text is not None:
        write("plan.json", text)
    ran = run("show", "plan.json")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"keylint: {said}")
    assert faults(ran) == []


def test_a_folder_is_no_plan() -> None:
    ran = run("show", ".")
    assert (ran.code, ran.out) == (2, "")
    assert "name a file that `keylint plan --out` has written" in ran.err


def test_a_plan_of_which_the_counts_were_edited_is_not_shown() -> None:
    plan("--out", "plan.json", state=DRIFTED)
    write("plan.json", read("plan.json").replace('"change": 1', '"change": 0'))
    ran = run("show", "plan.json")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        "keylint: plan.json: summary.change is 0, and what stands below it adds up to 1; write it anew with "
        "`keylint plan --out`\n"
    )


# The examples.


@pytest.mark.parametrize(
    ("manifest", "state", "counts"),
    [
        ("desk/keylint.toml", "desk/keylint.sandbox.toml", "0 to create, 4 to change, 1 to delete; 5 drifted; 3"),
        ("hosts/keylint.toml", "hosts/host-a.sandbox.toml", "1 to create, 1 to change, 0 to delete; 2 drifted; 2"),
        ("museum/live.toml", "museum/live.sandbox.toml", "1 to create, 7 to change, 1 to delete; 8 drifted; 2"),
    ],
)
def test_the_examples(manifest: str, state: str, counts: str) -> None:
    files = [str(ROOT / "examples" / name) for name in (manifest, state)]
    ran = run("plan", files[0], "--sandbox", files[1], *AT_NOON, "--out", "plan.json")
    assert (ran.code, ran.err) == (3, "")
    assert last(ran) == f"Plan: {counts} unknown"
    assert raw_controls(ran.out) == []
    valid(read("plan.json"))
    assert run("show", "plan.json").out == ran.out


def test_two_hosts_and_a_third_place() -> None:
    hosts = ROOT / "examples" / "hosts"
    for host, at in (("a", "2026-11-20T11:00:00Z"), ("b", "2026-11-20T11:30:00Z")):
        state = str(hosts / f"host-{host}.sandbox.toml")
        options = ("--sandbox", state, "--as-of", at, "-o", f"host-{host}.json", "-q")
        assert run("observe", str(hosts / "keylint.toml"), *options).code == 3
    files = ("--evidence", "host-a.json", "--evidence", "host-b.json")
    ran = run("plan", str(hosts / "keylint.toml"), *files, *AT_NOON, DETAILED)

    assert ran.code == 2
    assert '~ keys.dca "host-a-spot-dca" on accounts.main, seen 2026-11-20 11:00 UTC\n' in ran.out
    assert last(ran) == "Plan: 1 to create, 1 to change, 0 to delete; 2 drifted; 0 unknown"
