"""`keylint diff` as a person uses it: files, standard input and revisions in; what a change means, out."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest
from strategies import AS_OF, ROOT, Ran, faults
from strategies import keylint as run

from keylint import cli, plugins

NAME = "keylint.toml"
DESK = """\
version = 1

[policy]
rotation = { max_age_days = 90, limit_days = 180 }

[accounts.main]
owner = "treasury"
two_factor = { methods = ["security-key"], attested = 2026-10-01, by = "alice" }
withdrawal_allowlist = { enabled = true, attested = 2026-10-01, by = "alice" }

[providers.fastbot]
url = "https://fastbot.example"
egress_ips = ["198.51.100.7"]
rejects_withdrawals = true
changelog = "https://fastbot.example/releases"
storage = "encrypted"
asks_for = ["read", "spot"]
reviewed = 2026-09-20

[providers.steadybot]
url = "https://steadybot.example"
egress_ips = ["192.0.2.80"]
rejects_withdrawals = true
changelog = "https://steadybot.example/releases"
storage = "encrypted"
asks_for = ["read", "spot"]
reviewed = 2026-11-01

[bots.dca]
kind = "spot"
provider = "fastbot"
purpose = "buys BTC weekly"

[keys.dca-2026q3]
bot = "dca"
label = "fastbot-dca-q3"
type = "ed25519"
permissions = ["read", "spot"]
ip_allowlist = ["198.51.100.7"]
created = 2026-08-27
reviewed = 2026-11-10
custody = "platform"

[keys.inventory]
role = "inventory"
label = "keylint-inventory"
type = "ed25519"
permissions = ["read"]
ip_allowlist = ["203.0.113.9"]
created = 2026-10-20
reviewed = 2026-11-10
custody = "systemd-credential"
"""
NEW_BOT = """
[bots.grid]
kind = "spot"
purpose = "grid on ETH"
egress_ips = ["203.0.113.20"]

[keys.grid-2026q4]
bot = "grid"
label = "grid-q4"
type = "ed25519"
permissions = ["read", "spot"]
ip_allowlist = ["203.0.113.20"]
created = 2026-11-18
custody = "secret-manager"
"""
GRID_KEY = NEW_BOT.partition("[keys.grid-2026q4]")[2]
ROTATED = """
[keys.dca-2026q4]
bot = "dca"
label = "fastbot-dca-q4"
type = "ed25519"
permissions = ["read", "spot"]
ip_allowlist = ["198.51.100.7"]
created = 2026-11-19
custody = "platform"
"""


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setitem(cli.COMMANDS, "diff", "Show what changed between two manifests, and which way.")


Commit = Callable[[str, str], str]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "desk"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    return folder


@pytest.fixture
def git(desk: Path) -> Callable[..., str]:
    who = {f"GIT_{role}_{what}": "a@example.com" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    quiet = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}

    def call(*arguments: str) -> str:
        ran = subprocess.run(
            ["git", *arguments],
            cwd=desk,
            env={"PATH": os.environ["PATH"], **who, **quiet},
            capture_output=True,
            encoding="utf-8",
            check=True,
        )
        return ran.stdout.strip()

    call("init", "--quiet", "--initial-branch=main")
    return call


@pytest.fixture
def commit(desk: Path, git: Callable[..., str]) -> Commit:
    def make(text: str, message: str) -> str:
        (desk / NAME).write_text(text, encoding="utf-8")
        git("add", NAME)
        git("commit", "--quiet", "-m", message)
        return git("rev-parse", "HEAD")

    return make


def refused(*arguments: str, data: bytes = b"") -> str:
    ran = run("diff", *arguments, data=data)
    assert (ran.code, ran.out, faults(ran)) == (2, "", [])
    return ran.err.removeprefix("keylint: ").rstrip("\n")


def document(*arguments: str, data: bytes = b"") -> dict[str, Any]:
    ran = run("diff", *AS_OF, "--format", "json", *arguments, data=data)
    assert (ran.code, ran.err) == (0, "")
    found: dict[str, Any] = json.loads(ran.out)
    return found


def story(ran: Ran) -> list[str]:
    """What changed, without findings and the names of the two sides."""
    told = []
    for block in ran.out.split("\n\n")[1:-1]:
        if block[:1] in {"+", "-", "~"}:
            told += [" ".join(line.split()) for line in re.sub(r"\n {12,}", " ", block).splitlines()]
    return told


# Six changes to a desk, and the story that each author would tell.


def test_the_history_of_a_desk(desk: Path, commit: Commit) -> None:
    texts = [DESK]
    for old, new in (
        ("", NEW_BOT),
        ("", ROTATED),
        (GRID_KEY, GRID_KEY.replace('"spot"]', '"spot", "futures"]')),
        ('provider = "fastbot"', 'provider = "steadybot"'),
        ("max_age_days = 90, limit_days = 180", "max_age_days = 120, limit_days = 365"),
        (f"[keys.dca-2026q3]{DESK.partition('[keys.dca-2026q3]')[2].partition('[keys.inventory]')[0]}", ""),
    ):  # fmt: skip
        assert old in texts[-1]
        texts.append(texts[-1].replace(old, new) if old else texts[-1] + new)
    texts[2] = texts[2].replace('custody = "platform"\n', 'custody = "platform"\nreplaced_by = "dca-2026q4"\n', 1)
    for number in (3, 4, 5):
        texts[number] = texts[number].replace(
            'custody = "platform"\n', 'custody = "platform"\nreplaced_by = "dca-2026q4"\n', 1
        )
    for number, text in enumerate(texts):
        commit(text, str(number))

    told = [
        story(run("diff", f"HEAD~{6 - number}", f"HEAD~{5 - number}", *AS_OF, "--color", "never"))
        for number in range(6)
    ]

    assert told == [
        [
            "+ bots.grid",
            "neutral + bot spot (new)",
            "+ keys.grid-2026q4",
            "widening + key read, spot (new, active, usable from 1 address)",
        ],
        [
            "~ keys.dca-2026q3",
            "neutral + replaced_by dca-2026q4",
            "+ keys.dca-2026q4",
            "neutral + key read, spot (new, active, takes over from dca-2026q3 and can do no more)",
        ],
        ["~ keys.grid-2026q4", "widening + permissions futures (Enable Futures, medium risk)"],
        [
            "~ bots.dca",
            "widening + provider steadybot (holds its key now)",
            "narrowing - provider fastbot (must hold no key of it any more: delete the one it had)",
        ],
        [
            "~ policy",
            "widening ~ rotation.max_age_days 90 → 120 (keys may be older before it is a finding)",
            "widening ~ rotation.limit_days 180 → 365 (keys may be older before it is a finding)",
        ],
        [
            "- keys.dca-2026q3",
            "neutral - key read, spot (was active, and is no longer declared: is it deleted at Binance?)",
        ],
    ]  # fmt: skip


def test_findings_that_a_change_brings_in_are_shown_and_no_others(desk: Path) -> None:
    (desk / "a.toml").write_text(DESK, encoding="utf-8")
    (desk / "b.toml").write_text(
        DESK.replace('["read", "spot"]\nip', '["read", "spot", "withdraw"]\nip'), encoding="utf-8"
    )
    found = document("a.toml", "b.toml")
    assert "KL101" in {it["code"] for it in found["new_findings"]}
    assert {it["file"] for it in found["new_findings"]} == {"b.toml"}
    assert {it["subject"] for it in found["new_findings"]} == {"keys.dca-2026q3"}


# What the arguments mean.


def test_files_and_standard_input(desk: Path) -> None:
    (desk / "a.toml").write_text(DESK, encoding="utf-8")
    assert document("a.toml", "-", data=DESK.encode())["head"] == {"name": "<stdin>", "commit": None, "exists": True}
    assert document("-", "a.toml", data=DESK.encode())["base"]["name"] == "<stdin>"
    (desk / NAME).write_text(DESK, encoding="utf-8")
    assert document("-", data=DESK.encode())["head"]["name"] == NAME


def test_revisions_of_the_nearest_manifest(desk: Path, commit: Commit, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = commit(DESK, "1"), commit(DESK + NEW_BOT, "2")
    (desk / NAME).write_text(DESK + NEW_BOT + ROTATED, encoding="utf-8")
    now = document("main")
    assert now["base"] == {"name": "main:keylint.toml", "commit": second, "exists": True}
    assert now["head"] == {"name": NAME, "commit": None, "exists": True}
    assert [it["subject"] for it in now["changed"]] == ["keys.dca-2026q4"]
    before = document("HEAD~1", "main")
    assert (before["base"]["commit"], before["head"]["commit"]) == (first, second)
    assert [it["subject"] for it in before["changed"]] == ["bots.grid", "keys.grid-2026q4"]
    for spelled in (["--", NAME], ["--path", NAME], [NAME]):
        assert document("HEAD~1", "main", *spelled) == before
        assert document("main", *spelled) == now
    assert document("main:keylint.toml") == now
    assert document("main:./keylint.toml") == now
    assert document("HEAD~1:keylint.toml", "main") == before
    assert document("HEAD~1", "main:keylint.toml") == before
    assert document("main", "-", data=DESK.encode())["base"]["commit"] == second
    (desk / "sub" / "deep").mkdir(parents=True)
    monkeypatch.chdir(desk / "sub" / "deep")
    assert document("main")["base"] == {**now["base"], "name": "main:../../keylint.toml"}
    assert document("main:keylint.toml", "HEAD~1")["changed"] == document("main", "HEAD~1")["changed"] != []
    assert document("main:../../keylint.toml")["base"]["commit"] == second


def test_a_file_goes_before_a_revision_of_its_name(desk: Path, commit: Commit) -> None:
    committed = commit(DESK, "1")
    (desk / "main").write_text(DESK + NEW_BOT, encoding="utf-8")
    assert document("main", NAME)["base"] == {"name": "main", "commit": None, "exists": True}
    assert document("main", "--path", NAME)["base"]["commit"] == committed


def test_a_folder_is_no_file(desk: Path, commit: Commit) -> None:
    committed = commit(DESK, "1")
    (desk / "main").mkdir()
    assert document("main")["base"]["commit"] == committed


def test_a_revision_that_does_not_hold_the_manifest_is_an_empty_one_and_that_is_said(
    desk: Path, commit: Commit, git: Callable[..., str]
) -> None:
    git("commit", "--quiet", "--allow-empty", "-m", "0")
    commit(DESK, "1")
    found = document("HEAD~1", "HEAD")
    assert found["base"]["exists"] is False
    assert {it["change"] for it in found["changed"]} == {"added"}
    assert found["remarks"] == ["HEAD~1:keylint.toml does not exist: everything counts as added"]
    assert document("HEAD~1")["changed"] == found["changed"]
    git("rm", "--quiet", NAME)
    git("commit", "--quiet", "-m", "2")
    gone = document("HEAD~1", "HEAD", "--path", NAME)
    assert {it["change"] for it in gone["changed"]} == {"removed"}
    assert gone["remarks"] == ["HEAD:keylint.toml does not exist: everything counts as removed"]


# Exit codes.


@pytest.mark.parametrize(
    ("old", "new", "options", "code"),
    [
        ("", "", (), 0),
        ('spot"]\nip', 'spot", "withdraw"]\nip', (), 0),
        ('spot"]\nip', 'spot", "withdraw"]\nip', ("--fail-on-widening",), 1),
        ('spot"]\nip', 'spot", "withdraw"]\nip', ("--fail-on", "error"), 1),
        ('custody = "platform"', 'custody = "env-file"', ("--fail-on", "error"), 0),
        ('custody = "platform"', 'custody = "env-file"', ("--fail-on", "warning"), 1),
        ('custody = "platform"', 'custody = "env-file"', ("--fail-on-widening",), 1),
        ('owner = "treasury"', 'owner = "bob"', ("--fail-on-widening", "--fail-on", "note"), 0),
        ('role = "inventory"', 'account = "gone"', ("--fail-on", "error"), 1),
        ('role = "inventory"', 'role = "inventory"\nreplaced_by = "gone"', (), 0),
    ],
)  # fmt: skip
def test_the_exit_code_is_what_was_asked_for(
    desk: Path, old: str, new: str, options: tuple[str, ...], code: int
) -> None:
    (desk / "a.toml").write_text(DESK, encoding="utf-8")
    (desk / "b.toml").write_text(DESK.replace(old, new, 1) if old else DESK, encoding="utf-8")
    ran = run("diff", "a.toml", "b.toml", *AS_OF, *options)
    assert (ran.code, ran.err, faults(ran)) == (code, "", [])


def test_what_is_newly_undecided_is_no_pass_where_findings_count(desk: Path) -> None:
    # The reference that leads nowhere is on both sides; what hangs on it is undecided on one.
    base = (
        DESK.replace('bot = "dca"', 'bot = "gone"')
        + "\n[[events]]\non = 2026-01-01\nkind = 'migration'\naffects = ['bots.gone']\n"
    )
    (desk / "a.toml").write_text(DESK, encoding="utf-8")
    (desk / "b.toml").write_text(base, encoding="utf-8")
    found = document("a.toml", "b.toml")
    assert found["new_unknown"]
    worst = "error" if any(it["severity"] == "error" for it in found["new_findings"]) else "warning"
    assert run("diff", "a.toml", "b.toml", *AS_OF, "--fail-on", worst).code == 1
    assert run("diff", "a.toml", "b.toml", *AS_OF).code == 0


# Bad input: each its own message, and exit code 2.


def test_no_such_file_and_no_repository(desk: Path) -> None:
    (desk / "a.toml").write_text(DESK, encoding="utf-8")
    expected = (
        "BASE nope.toml: there is no such file, and no git repository in which it could be a revision; name two files"
    )
    assert refused("nope.toml", "a.toml") == expected
    assert refused("a.toml", "nope.toml") == expected.replace("BASE", "HEAD")
    assert refused("main").startswith(
        "no keylint.toml here, and this is no git repository; name the manifest with --path"
    )


def test_no_such_revision(desk: Path, commit: Commit) -> None:
    commit(DESK, "1")
    assert refused("nope").startswith("BASE nope: there is no such file, and git knows no such revision; `git fetch`")
    assert refused("main", "nope").startswith("HEAD nope: ")
    assert refused("main..HEAD") == "BASE main..HEAD: it is a range: name its two ends, as in `keylint diff BASE HEAD`"
    assert refused("nope:keylint.toml").startswith("BASE nope:keylint.toml: there is no such file")
    assert refused(":keylint.toml") == (
        "BASE :keylint.toml: neither a file nor a revision and a path in it, such as main:keylint.toml"
    )
    assert refused("--", "--all").startswith("BASE --all: there is no such file")


def test_a_revision_that_a_shallow_clone_lacks(
    desk: Path, commit: Commit, git: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(DESK, "1")
    commit(DESK + NEW_BOT, "2")
    git("clone", "--quiet", "--depth=1", desk.as_uri(), "clone")
    monkeypatch.chdir(desk / "clone")
    assert refused("HEAD~1").startswith(
        "BASE HEAD~1: it is not in this clone, which is shallow; `git fetch --deepen=100`"
    )


def test_a_path_that_git_does_not_track(desk: Path, git: Callable[..., str]) -> None:
    git("commit", "--quiet", "--allow-empty", "-m", "0")
    (desk / NAME).write_text(DESK, encoding="utf-8")
    expected = "BASE main: that revision holds no keylint.toml, and git does not track it; `git add` it first"
    assert refused("main") == expected
    git("add", NAME)
    assert document("main")["base"]["exists"] is False


def test_a_path_that_no_side_holds(desk: Path, commit: Commit) -> None:
    commit(DESK, "1")
    said = "BASE HEAD: that revision holds no nope.toml; name the manifest with --path"
    assert refused("HEAD", "main", "--path", "nope.toml") == said
    assert refused("HEAD:nope.toml", NAME) == said.replace("BASE HEAD:", "BASE HEAD:nope.toml:")
    assert refused("HEAD:nope.toml", "-", data=DESK.encode()) == said.replace("BASE HEAD:", "BASE HEAD:nope.toml:")
    assert refused("main", "--path", "nope.toml").startswith("HEAD nope.toml: there is no such file now; to compare")


def test_no_git(desk: Path, commit: Commit, monkeypatch: pytest.MonkeyPatch) -> None:
    commit(DESK, "1")
    monkeypatch.setenv("PATH", "")
    assert refused("main").startswith("BASE main: git is not on the PATH, and only it knows what a revision holds;")


def test_one_of_the_two_is_broken(desk: Path) -> None:
    (desk / "a.toml").write_text(DESK, encoding="utf-8")
    (desk / "b.toml").write_text("version = 1\n[keys.x]\ntype = 'dsa'\n", encoding="utf-8")
    said = refused("a.toml", "b.toml")
    assert re.match(r"HEAD is no valid manifest: b.toml:[0-9]+:[0-9]+: KL002 ", said)
    assert refused("b.toml", "a.toml").startswith("BASE is no valid manifest: b.toml:")
    assert re.match("BASE is no valid manifest: <stdin>:1:11: KL001 ", refused("-", "a.toml", data=b"version = = 1"))


def test_usage(desk: Path) -> None:
    (desk / "a.toml").write_text(DESK, encoding="utf-8")
    assert refused("-", "-") == "BASE and HEAD cannot both be standard input"
    assert refused("a.toml").startswith("a.toml is a file and no revision: name what it is to be compared with")
    assert refused("a", "b", "c", "--path", "d") == "--path says d, and the last argument c: name one file"
    assert "Missing argument" in refused()
    assert refused("a.toml", ".").startswith("HEAD .: ")
    (desk / "pipe").symlink_to("nowhere")
    assert refused("a.toml", "pipe").startswith("HEAD pipe: ")


def test_a_plugin_that_does_not_load_stops_the_run(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**_: object) -> NoReturn:
        raise plugins.BrokenPlugin("acme 1.0 cannot be imported")

    (desk / "a.toml").write_text(DESK, encoding="utf-8")
    monkeypatch.setattr("keylint.plugins.load", broken)
    assert refused("a.toml", "a.toml") == "acme 1.0 cannot be imported"


def test_standard_input_that_is_closed(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (desk / "a.toml").write_text(DESK, encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, "diff", "a.toml", "-"],
        cwd=desk,
        stdin=None,
        capture_output=True,
        encoding="utf-8",
        check=False,
        preexec_fn=lambda: os.close(0),
    )
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "standard input is closed" in ran.stderr


PROGRAM = """
import sys
from keylint import cli, plugins
cli.COMMANDS.setdefault("diff", "")
SEEN = []
sys.addaudithook(lambda event, arguments: SEEN.append((event, arguments)) if event.startswith(WATCHED) else None)
WATCHED = ("subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.system", "os.kill", "socket.", "pty.")
code = cli.run(sys.argv[1:])
for event, arguments in SEEN:
    print(event, *(arguments[1][:1] + arguments[1][7:] if event == "subprocess.Popen" else ()), file=sys.stderr)
sys.exit(code)
"""


def probed(*arguments: str, cwd: Path) -> list[str]:
    """What a run started and connected to."""
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, "diff", *arguments], cwd=cwd, capture_output=True, encoding="utf-8", check=True
    )
    return ran.stderr.splitlines()


def test_two_files_start_nothing_and_a_revision_asks_git_alone(desk: Path, commit: Commit) -> None:
    sha = commit(DESK, "1")
    (desk / "a.toml").write_text(DESK, encoding="utf-8")
    assert probed("a.toml", NAME, cwd=desk) == []
    started = probed("main", cwd=desk)
    assert {line.split()[0] for line in started} == {"subprocess.Popen"}
    assert {os.path.basename(line.split()[1]) for line in started} == {"git"}
    assert all(os.path.isabs(line.split()[1]) for line in started)
    blob = subprocess.run(
        ["git", "rev-parse", "HEAD:keylint.toml"], cwd=desk, capture_output=True, encoding="utf-8", check=True
    )
    assert [line.split(" ", 2)[2] for line in started] == [
        "rev-parse --is-inside-work-tree --is-shallow-repository",
        "rev-parse --verify --quiet --end-of-options main^{commit}",
        f"ls-tree -z {sha} -- keylint.toml",
        f"cat-file -s {blob.stdout.strip()}",
        f"cat-file blob {blob.stdout.strip()}",
    ]


def test_the_same_input_gives_the_same_bytes_whatever_the_hash_seed(desk: Path) -> None:
    (desk / "b.toml").write_text(DESK.replace("dca", "x") + NEW_BOT, encoding="utf-8")
    (desk / "a.toml").write_text((ROOT / "examples" / "desk" / NAME).read_text(encoding="utf-8"), encoding="utf-8")
    outputs = set()
    for seed in ("0", "1", "2"):
        for zone in ("UTC", "Asia/Tokyo"):
            ran = subprocess.run(
                [sys.executable, "-c", PROGRAM, "diff", "a.toml", "b.toml", *AS_OF],
                cwd=desk,
                env={**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "PYTHONUTF8": "1"},
                capture_output=True,
                check=True,
            )
            outputs.add(ran.stdout)
    assert len(outputs) == 1


def test_the_help_says_what_the_exit_code_means() -> None:
    ran = run("diff", "--help")
    assert ran.code == 0
    assert "BASE [HEAD] [PATH]" in ran.out
    assert "Exit code:" in ran.out
