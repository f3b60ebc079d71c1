"""`keylint fingerprint`."""

import io
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from live.keys import API_KEY, SECRET, leaks

from keylint.cli import run as command_line
from keylint.live.secret import fingerprint

KEY2 = "CAvIjXy3F44yW6Pou5k8Dy1swsYDWJZLeoK2r8G4cFDnE9nosRppc2eKc1T8TRTQ"
DRIVER = """
import fcntl, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # standard input becomes the terminal of this session
from keylint.cli import run
sys.exit(run(["fingerprint", *sys.argv[1:]]))
"""


def run(*arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    code = command_line(["fingerprint", *arguments])
    out, err = capsys.readouterr()
    assert leaks(out + err) == []
    return code, out, err


def piped(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


def test_ids(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    monkeypatch.setenv("KEYLINT_GRID_2026Q4_API_KEY", API_KEY)
    (tmp_path / "dca.api-key").write_text(f"{KEY2}\n")
    code, out, err = run("grid-2026q4", "dca", "--secrets-dir", str(tmp_path), capsys=capsys)
    assert (code, err) == (0, "")
    assert out == f"grid-2026q4  {fingerprint(API_KEY)}\ndca          {fingerprint(KEY2)}\n"


def test_what_is_missing_is_said_and_the_rest_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KEYLINT_GRID_API_KEY", API_KEY)
    monkeypatch.setenv("KEYLINT_BAD_API_KEY", f" {API_KEY}")
    code, out, err = run("grid", "none", "bad", capsys=capsys)
    assert code == 2
    assert out == f"grid  {fingerprint(API_KEY)}\n"
    assert err == (
        "keylint: none: no API key: set KEYLINT_NONE_API_KEY, or put none.api-key into --secrets-dir\n"
        "keylint: bad: KEYLINT_BAD_API_KEY holds more than letters and digits: quotes, spaces, or several lines?\n"
    )


@pytest.mark.parametrize("arguments", [(), ("-",)])
@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], end: bytes
) -> None:
    piped(monkeypatch, API_KEY.encode() + end)
    assert run(*arguments, capsys=capsys) == (0, f"{fingerprint(API_KEY)}\n", "")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "is empty"),
        (API_KEY.encode() + b"\xff", "holds more than letters and digits"),
        (API_KEY.encode() * 2000, "has 8192 letters and digits"),
        (f"{API_KEY}\n{KEY2}\n".encode(), "holds more than letters and digits"),
    ],
)
def test_what_is_no_key_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], data: bytes, why: str
) -> None:
    piped(monkeypatch, data)
    code, out, err = run(capsys=capsys)
    assert (code, out) == (2, "")
    assert err.startswith(f"keylint: what was given {why}")


@pytest.mark.parametrize("argument", [API_KEY, f"KEY={API_KEY}", f"x{SECRET}"])
def test_a_key_on_the_command_line_is_refused(capsys: pytest.CaptureFixture[str], argument: str) -> None:
    code, out, err = run("grid", argument, capsys=capsys)
    assert (code, out) == (2, "")
    assert err.startswith("keylint: an argument looks like an API key, which every program on this machine can read")


def test_a_key_as_an_option_is_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(f"--{API_KEY}", capsys=capsys)[0] == 2


def test_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("-", "grid", capsys=capsys) == (2, "", "keylint: either - or the names of keys\n")
    assert run("Grid", capsys=capsys)[2].startswith("keylint: Grid: is no id")
    code, _, err = run("grid", "--secrets-dir", "/nowhere/at/all", capsys=capsys)
    assert (code, err) == (2, "keylint: the folder of --secrets-dir cannot be read: No such file or directory\n")


def test_closed_and_broken_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert run(capsys=capsys)[2] == "keylint: standard input is closed; pipe an API key into `keylint fingerprint -`\n"

    class Broken(io.BytesIO):
        def read(self, *_: object) -> bytes:
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(Broken()))
    assert run(capsys=capsys)[2] == "keylint: standard input cannot be read: Input/output error\n"


def test_a_terminal_does_not_show_what_is_typed() -> None:
    """On a real terminal, whose other end the test holds: whatever it shows comes out there."""
    master, slave = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", DRIVER],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
    ) as child:
        os.close(slave)
        shown = b""
        while b"API key" not in shown:
            shown += os.read(master, 1024)
        os.write(master, API_KEY.encode() + b"\n")
        while b"sha256:" not in shown or not shown.rstrip(b" ").endswith(b"\n"):
            shown += os.read(master, 1024)
        assert child.wait(30) == 0
    os.close(master)
    assert fingerprint(API_KEY) in shown.decode()
    assert leaks(shown.decode()) == []


def test_a_terminal_that_would_show_it_is_not_used(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import getpass  # noqa: PLC0415 - what is replaced
    import warnings  # noqa: PLC0415 - as above

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    def would_show(_prompt: str) -> str:
        warnings.warn("echo", getpass.GetPassWarning, stacklevel=2)
        raise AssertionError

    def ended(_prompt: str) -> str:
        raise EOFError

    monkeypatch.setattr(sys, "stdin", Terminal())
    for replaced, why in ((would_show, "this terminal would show what is typed"), (ended, "no API key was given")):
        monkeypatch.setattr(getpass, "getpass", replaced)
        assert run(capsys=capsys)[2].startswith(f"keylint: {why}")
