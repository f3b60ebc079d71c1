"""`keylint init`, run as a person would: at a terminal that asks, and where nobody can be asked."""

import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path
from unittest import mock

import pytest
import tomli
from strategies import AS_OF, TODAY, Ran
from strategies import keylint as run

from keylint.manifest.load import load

SCRIPT = Path(sys.executable).parent / "keylint"
SECONDS = 60


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


class Terminal:
    """keylint at a terminal of its own, typed at by a test."""

    def __init__(self, *arguments: str) -> None:
        self.shown = ""
        self._ours, theirs = pty.openpty()
        command = [sys.executable, "-c", _OWNER, str(SCRIPT), *arguments]
        self.process = subprocess.Popen(
            command,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            env=os.environ | {"LANG": "C.UTF-8"},
        )
        os.close(theirs)

    def type(self, keys: str, end: str = "\n") -> None:
        """Wait for a question, then type."""
        before = len(self.shown)
        while not self.shown[before:].endswith("]: "):
            if not self._read():
                pytest.fail(f"no question came: {self.shown}")
        os.write(self._ours, (keys + end).encode())

    def end(self) -> tuple[int, str]:
        """The exit code, and all that the terminal showed."""
        while self._read():
            pass
        os.close(self._ours)
        return self.process.wait(SECONDS), self.shown

    def _read(self) -> bool:
        try:
            data = os.read(self._ours, 4096)
        except OSError:  # the other side has closed it
            return False
        self.shown += data.decode().replace("\r\n", "\n")
        return bool(data)


_OWNER = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
"""Makes the terminal the one that governs the session, so that Ctrl-C is a signal, and becomes keylint."""


def everyday(*arguments: str) -> tuple[int, str]:
    terminal = Terminal("init", *arguments)
    for answer in ("dca", "", "", "203.0.113.20", "home-spot-dca", "", "", "2026-11-01", "systemd-credential"):
        terminal.type(answer)
    return terminal.end()


def test_a_person_is_asked() -> None:
    code, shown = everyday(*AS_OF)

    assert code == 0
    assert (
        shown.replace("]: \n", "]:\n")
        == """\
A few questions, for one bot and its key. Enter takes what stands in brackets; Ctrl-C ends it.

What is the bot called?
  a name for this file, such as btc-grid
  [my-bot]: dca
What does it do?
  one or several of data, spot, margin, futures, options, portfolio-margin,
  native, public, custom
  [spot]:
Who runs it?
  us: on a machine of your own; else the name of the platform
  [us]:
From which addresses does it call Binance?
  such as 203.0.113.20; none: it has no fixed ones; later: somebody will look
  [later]: 203.0.113.20
What is its key called?
  its label in API Management
  [dca-spot]: home-spot-dca
What type is the key?
  one of ed25519, rsa, hmac; hmac is the one whose secret Binance showed you
  [ed25519]:
Which trusted IPs does the key have?
  as API Management lists them; none: unrestricted; later: somebody will look
  [203.0.113.20]:
On which day was it created?
  as API Management shows it
  [2026-11-20]: 2026-11-01
Where does its secret lie?
  one of secret-manager, encrypted-env, systemd-credential, hsm, password-
  manager, platform, env-file; or, worse, plaintext-file, git, chat, email,
  spreadsheet, notes, screenshot, frontend, logs
  [env-file]: systemd-credential
keylint.toml is written
next: keylint check keylint.toml
"""
    )
    readme = {
        "bot": "dca",
        "label": "home-spot-dca",
        "type": "ed25519",
        "permissions": ["read", "spot"],
        "ip_allowlist": ["203.0.113.20"],
        "created": TODAY.replace(day=1),
        "custody": "systemd-credential",
    }
    assert tomli.loads(Path("keylint.toml").read_text(encoding="utf-8"))["keys"]["dca"] == readme


def test_what_was_answered_is_judged_clean_but_for_what_a_person_vouches_for() -> None:
    everyday(*AS_OF)

    ran = run("check", *AS_OF, "--format", "concise")

    assert [line.split()[1] for line in ran.out.splitlines() if ": KL" in line] == ["KL503"]


def test_an_answer_that_cannot_be_taken_is_asked_for_again() -> None:
    terminal = Terminal("init", *AS_OF)
    terminal.type("My Bot")
    terminal.type("feed")
    terminal.type("scalp")
    terminal.type("public")
    code, shown = terminal.end()

    assert code == 0
    assert "  no: it is lower-case letters, digits and hyphens, at most 63, such as btc-\n  grid\n  [my-bot]: " in shown
    assert "  no: it is one of data, spot, margin" in shown
    assert tomli.loads(Path("keylint.toml").read_text(encoding="utf-8"))["bots"] == {"feed": {"kind": "public"}}


@pytest.mark.parametrize(
    ("keys", "said"), [("\x03", "interrupted; nothing was written"), ("\x04", "nothing was written")]
)
def test_who_goes_away_leaves_nothing(keys: str, said: str) -> None:
    terminal = Terminal("init", *AS_OF)
    terminal.type("dca")
    terminal.type(keys, end="")
    code, shown = terminal.end()

    assert code == 2
    assert shown.endswith(f"keylint: {said}\n")
    assert os.listdir() == []


# -- Where nobody can be asked -----------------------------------------------------------------------------------------


def defaults(*arguments: str) -> Ran:
    return run("init", *AS_OF, *arguments)


def test_where_nobody_is_nothing_is_asked() -> None:
    ran = defaults()

    assert (ran.code, ran.out) == (0, "")
    assert ran.err == "keylint.toml is written\nnext: keylint check keylint.toml\n"
    text = Path("keylint.toml").read_text(encoding="utf-8")
    assert load("keylint.toml", text.encode()).manifest is not None
    assert "created = 2026-11-20            # TODO: the day on which it was created\n" in text


def test_the_draft_is_not_clean() -> None:
    defaults()

    ran = run("check", *AS_OF, "--format", "concise")

    assert ran.code == 1
    assert {line.split()[1] for line in ran.out.splitlines() if ": KL" in line} >= {"KL301", "KL503", "KL602"}


def test_the_day_is_today_unless_another_is_given() -> None:
    before = time.strftime("%Y-%m-%d", time.gmtime())
    text = run("init", "-").out
    after = time.strftime("%Y-%m-%d", time.gmtime())

    assert f"{tomli.loads(text)['keys']['my-bot']['created']}" in {before, after}


def test_a_folder_and_a_name_of_its_own() -> None:
    Path("desk").mkdir()
    assert defaults("desk").err == "desk/keylint.toml is written\nnext: keylint check desk/keylint.toml\n"
    assert defaults("my desk.toml").err == "my desk.toml is written\nnext: keylint check 'my desk.toml'\n"
    assert defaults("-").out == Path("my desk.toml").read_text(encoding="utf-8")


def test_nothing_is_overwritten_unasked() -> None:
    Path("keylint.toml").write_text("mine", encoding="utf-8")

    ran = defaults()
    assert ran.code == 2
    assert "keylint.toml is there already, and is left as it is" in ran.err
    assert Path("keylint.toml").read_text(encoding="utf-8") == "mine"

    assert defaults("--force").code == 0
    assert "[bots.my-bot]" in Path("keylint.toml").read_text(encoding="utf-8")


def test_a_folder_that_is_not_there_is_said() -> None:
    ran = defaults("no/such.toml")

    assert (ran.code, ran.err) == (
        2,
        "keylint: cannot write no/such.toml; name a file in a folder that is there and writable\n",
    )


class _Typist:
    """A terminal at which nobody types well."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def isatty(self) -> bool:
        return True

    def readline(self) -> str:
        raise self.error

    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None:
        pass


@pytest.mark.parametrize(
    "error", [OSError(5, "Input/output error"), UnicodeDecodeError("utf-8", b"\xff", 0, 1, ""), KeyboardInterrupt()]
)
def test_a_terminal_that_fails_leaves_nothing(error: BaseException) -> None:
    from keylint import cli  # noqa: PLC0415 - for this test alone

    typist = _Typist(error)
    with mock.patch("sys.stdin", typist), mock.patch("sys.stderr", typist):
        assert cli.run(["init"]) == 2
    assert os.listdir() == []


def test_a_signal_that_ends_it_leaves_nothing() -> None:
    terminal = Terminal("init", *AS_OF)
    terminal.type("dca")
    terminal.process.send_signal(signal.SIGTERM)
    terminal.end()

    assert os.listdir() == []
