"""`keylint import`, run as a person would: evidence or a sandbox → a manifest, and what is said of the rest."""

import io
import signal
from pathlib import Path
from unittest import mock

import pytest
import tomli
from live.keys import API_KEY, SECRET, leaks
from strategies import ROOT, Ran
from strategies import keylint as run

from keylint import cli
from keylint.evidence.file import load as load_evidence
from keylint.manifest.load import load
from keylint.sandbox.server import Sandbox
from keylint.sandbox.state import load as load_state

NOON = "2026-11-20T12:00:00Z"
AS_OF = ("--as-of", NOON)
DESK = ROOT / "examples" / "desk"
STATE = """\
version = 1

[keys.dca]
permissions = ["read", "spot"]
created = 2026-11-01

[keys.grid]
permissions = ["read", "futures"]
ip_list = ["203.0.113.20"]
created = 2026-11-02
"""
REFUSED = """
[[misbehaviour]]
key = "grid"
status = 401
json = { code = -2015, msg = "Invalid API-key, IP, or permissions for action." }
"""
SUBS = """
[accounts.sub]
master = "main"
email = "sub@example.com"
[keys.own]
created = 2026-11-01
[keys.trial]
account = "sub"
label = "Trial run"
permissions = ["read", "spot"]
created = 2026-11-01
"""


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("CREDENTIALS_DIRECTORY", "GITHUB_ACTIONS", "GITHUB_EVENT_NAME", "SSLKEYLOGFILE"):
        monkeypatch.delenv(name, raising=False)


def sandbox(text: str = STATE, *more: str) -> Ran:
    Path("state.toml").write_text(text, encoding="utf-8")
    return run("import", "--sandbox", "state.toml", *AS_OF, *more)


def written(name: str = "keylint.toml") -> dict[str, dict[str, dict[str, object]]]:
    data = Path(name).read_bytes()
    assert load(name, data).manifest is not None
    return tomli.loads(data.decode())


def test_a_sandbox_becomes_a_manifest() -> None:
    ran = sandbox()

    assert (ran.code, ran.out) == (0, "")
    assert ran.err == (
        "1 account, 2 bots, 2 keys written to keylint.toml, as the sandbox has them and not Binance\n"
        "12 places are marked TODO: Binance does not show what belongs there\n"
        "next: fill them in, then keylint check keylint.toml\n"
    )
    assert {name: key["permissions"] for name, key in written()["keys"].items()} == {
        "dca": ["read", "spot"],
        "grid": ["read", "futures"],
    }


def test_what_was_written_is_what_is_there() -> None:
    sandbox()

    ran = run("check", "--sandbox", "state.toml", *AS_OF, "--select", "KL9", "--format", "concise")

    assert "keylint.toml: 2 keys, 2 bots" in ran.out
    assert ran.code == 0, ran.everything


def test_evidence_becomes_a_manifest_that_its_own_check_knows() -> None:
    state = DESK / "keylint.sandbox.toml"
    run("observe", str(DESK / "keylint.toml"), "--sandbox", str(state), *AS_OF, "-o", "desk.json")

    ran = run("import", "--evidence", "desk.json", *AS_OF, "-o", "new.toml")

    assert ran.code == 3
    assert "keylint: keys.fund-inventory: the sandbox says" in ran.err
    assert "keylint: keys.margin-carry-2026q3 is not known to Binance on 2026-11-20 12:00 UTC" in ran.err
    assert "4 accounts, 8 bots, 9 keys written to new.toml" in ran.err
    assert "next: fill them in, then keylint check new.toml --evidence desk.json\n" in ran.err
    found = written("new.toml")
    assert found["keys"]["inventory"]["role"] == "inventory"
    assert found["keys"]["grid-trial"]["label"] == "grid trial"
    judged = run("check", "new.toml", "--evidence", "desk.json", *AS_OF, "--select", "KL9", "--format", "concise")
    assert "new.toml: no findings in 96 checks" in judged.out


def test_it_is_the_same_every_time() -> None:
    sandbox(STATE + SUBS + REFUSED, "-o", "a.toml")
    sandbox(STATE + SUBS + REFUSED, "-o", "b.toml")

    assert Path("a.toml").read_bytes() == Path("b.toml").read_bytes()


def test_to_standard_output() -> None:
    ran = sandbox(STATE, "-o", "-")

    assert set(tomli.loads(ran.out)["keys"]) == {"dca", "grid"}
    assert "written to standard output" in ran.err
    assert "next" not in ran.err
    assert not Path("keylint.toml").exists()


def test_a_key_that_does_not_answer_is_said_and_left_out() -> None:
    ran = sandbox(STATE + REFUSED)

    assert ran.code == 3
    assert ran.err.startswith("keylint: keys.grid: the sandbox says “Invalid API-key")
    assert "1 key written to keylint.toml, as the sandbox has them and not Binance; 1 did not say all\n" in ran.err
    assert set(written()["keys"]) == {"dca"}
    assert "# [keys.grid]" in Path("keylint.toml").read_text(encoding="utf-8")


def test_where_nothing_is_known_nothing_is_written() -> None:
    ran = sandbox(STATE + REFUSED, "--key", "grid")

    assert ran.code == 3
    assert "nothing is known of any key, so that no manifest was written" in ran.err
    assert not Path("keylint.toml").exists()


def test_a_masters_key_lists_the_keys_of_a_sub_account() -> None:
    ran = sandbox(STATE + SUBS, "--inventory", "own", "--key", "dca", "--sub-account", "SUB@example.com")

    assert ran.code == 0, ran.err
    found = written()
    assert found["accounts"] == {"main": {}, "sub": {"master": "main", "email": "sub@example.com"}}
    assert list(found["keys"]) == ["dca", "own", "trial-run"]
    assert found["keys"]["own"]["role"] == "inventory"


def test_a_sub_account_that_is_not_there_is_said() -> None:
    ran = sandbox(STATE + SUBS, "--inventory", "own", "--sub-account", "other@example.com")

    assert ran.code == 3
    assert "keylint: accounts.other: keys: " in ran.err


# -- Live --------------------------------------------------------------------------------------------------------------


def secrets(folder: str, *names: str) -> None:
    from keylint.sandbox.credentials import made  # noqa: PLC0415 - for the live tests alone

    Path(folder).mkdir(mode=0o700)
    for name, each in made(load_state(STATE, "state.toml")).items():
        if name in names:
            Path(folder, f"{name}.api-key").write_text(each.api_key, encoding="utf-8")
            Path(folder, f"{name}.pem").write_text(each.private, encoding="utf-8")


def test_the_files_of_a_folder_name_the_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets("secrets", "dca", "grid")
    Path("secrets", "Not An Id.api-key").write_text("x", encoding="utf-8")
    with Sandbox(load_state(STATE, "state.toml")) as serving:
        ran = run("import", "--endpoint", serving.url, "--secrets-dir", "secrets")
        assert ran.code == 0, ran.err
        assert "1 file in the folder is called by no name that a key can have" in ran.err
        assert set(written()["keys"]) == {"dca", "grid"}
        assert leaks(ran.everything + Path("keylint.toml").read_text(encoding="utf-8")) == []

        monkeypatch.setenv("CREDENTIALS_DIRECTORY", "secrets")
        ran = run("import", "--endpoint", serving.url, "--key", "more", "--force")
        assert ran.code == 3
        assert "keylint: keys.more: no credentials" in ran.err
        assert set(written()["keys"]) == {"dca", "grid"}


def test_an_interrupt_ends_it_with_what_is_known() -> None:
    Path("state.toml").write_text(STATE, encoding="utf-8")
    with mock.patch("keylint.live.transport.Transport.get", side_effect=lambda *_: signal.raise_signal(signal.SIGINT)):
        ran = run("import", "--sandbox", "state.toml", *AS_OF)

    assert ran.code == 3
    assert "interrupted" in ran.err
    assert not Path("keylint.toml").exists()


# -- What cannot be meant ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "there is nothing to write a manifest from: add --evidence FILE, or --live with --key or --secrets-dir"),
        (["--key", "dca"], "nobody is asked, and an option says whom or how to ask; add --live, --sandbox"),
        (["--evidence", "x.json", "--keyring"], "nobody is asked, and an option says"),
        (["--live"], "no key is named: add --key ID, or --secrets-dir with files called ID.api-key"),
        (["--live", "--secrets-dir", "nowhere"], "no key is named"),
        (["--live", "--key", "DCA"], "'DCA' cannot name a key: lower-case letters, digits and hyphens, at most 63"),
        (["--live", "--key", API_KEY], "an option looks like an API key"),
        (["--live", "--inventory", SECRET], "an option looks like an API key"),
        (["--live", "--key", "x", "--activity"], "--activity asks for what no manifest declares; leave it out"),
        (["--live", "--inventory", "x", "--keys-only"], "--keys-only asks nothing about accounts, and --inventory"),
        (["--live", "--key", "x", "--sub-account", "a@b.c"], "--sub-account needs the master's key that lists it"),
        (["--live", "--inventory", "x", "--sub-account", "ab"], "--sub-account ab: is no e-mail address"),
        (["--live", "--key", "x", *AS_OF], "--as-of judges another moment than now"),
        (["--evidence", "x.json"], "x.json: there is no such file"),
        (["--sandbox", "x.toml"], "x.toml: there is no such file"),
        (["--live", "--key", "x", "-o", "no/such/keylint.toml"], "cannot write no/such/keylint.toml; name a file"),
        (["--live", "--key", "x", "-o", "."], ". is a folder; name a file in it"),
    ],
)
def test_what_cannot_be_meant(options: list[str], said: str) -> None:
    ran = run("import", *options)

    assert (ran.code, ran.out) == (2, "")
    assert f"keylint: {said}" in ran.err
    assert API_KEY not in ran.err
    assert SECRET not in ran.err
    assert not Path("keylint.toml").exists()


def test_nothing_is_overwritten_unasked() -> None:
    Path("keylint.toml").write_text("mine", encoding="utf-8")

    ran = sandbox()
    assert ran.code == 2
    assert "keylint: keylint.toml is there already, and is left as it is; name another file, or replace it" in ran.err
    assert Path("keylint.toml").read_text(encoding="utf-8") == "mine"

    assert sandbox(STATE, "--force").code == 0
    assert set(written()["keys"]) == {"dca", "grid"}


def test_a_link_to_nowhere_is_not_written_through() -> None:
    Path("keylint.toml").symlink_to("elsewhere.toml")

    assert sandbox().code == 2
    assert not Path("elsewhere.toml").exists()


def test_a_file_that_came_to_be_there_meanwhile_is_kept() -> None:
    with mock.patch("keylint.cli.seeing.seen", side_effect=_with_a_file(load_state)):
        Path("state.toml").write_text(STATE, encoding="utf-8")
        ran = run("import", "--sandbox", "state.toml", *AS_OF)

    assert ran.code == 2
    assert Path("keylint.toml").read_text(encoding="utf-8") == "mine"


def _with_a_file(_: object) -> object:
    from keylint.cli.seeing import seen  # noqa: PLC0415 - the true one, before it is replaced

    def and_a_file(*args: object, **named: object) -> object:
        Path("keylint.toml").write_text("mine", encoding="utf-8")
        return seen(*args, **named)  # type: ignore[arg-type]

    return and_a_file


def test_a_closed_standard_output_is_said() -> None:
    Path("state.toml").write_text(STATE, encoding="utf-8")
    err = io.StringIO()
    with mock.patch("sys.stdout", None), mock.patch("sys.stderr", err):
        code = cli.run(["import", "--sandbox", "state.toml", *AS_OF, "-o", "-"])

    assert (code, err.getvalue()) == (2, "keylint: standard output is closed; name a file to write to\n")


def test_a_device_is_written_into() -> None:
    assert sandbox(STATE, "-o", "/dev/null").code == 0


def test_a_folder_with_too_many_keys_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keylint.cli.import_.MAX_FILES", 1)
    secrets("secrets", "dca", "grid")

    ran = run("import", "--live", "--secrets-dir", "secrets")

    assert ran.code == 2
    assert "the folder holds 2 API keys; name those that are meant with --key" in ran.err


def test_evidence_of_another_form_is_refused() -> None:
    Path("x.json").write_text("{}", encoding="utf-8")

    ran = run("import", "--evidence", "x.json")

    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("keylint: x.json: ")
    with pytest.raises(Exception, match="version is missing"):
        load_evidence("x.json", b"{}")
