"""`keylint sandbox` serves until it is interrupted, says where and how to try it, and leaves nothing behind."""

import os
import re
import shlex
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer

import pytest
from sandbox.client import DESK, desk
from strategies import Ran
from strategies import keylint as run

from keylint import cli
from keylint.sandbox.credentials import made

PROGRAM = """
import sys
from keylint import cli
cli.COMMANDS.setdefault("sandbox", "")
sys.exit(cli.run(["sandbox", *sys.argv[1:]]))
"""
SECONDS = 30


@pytest.fixture(autouse=True)
def _listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(cli.COMMANDS, "sandbox", "Serve a local stand-in for Binance.")


@pytest.fixture
def state_file(tmp_path: Path) -> Path:
    path = tmp_path / "STATE.toml"
    path.write_text(DESK, encoding="utf-8")
    return path


@contextmanager
def running(*arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", PROGRAM, *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8") as process:
        alarm = Timer(SECONDS, process.kill)
        alarm.start()
        try:
            yield process
        finally:
            alarm.cancel()
            process.kill()


def introduced(process: subprocess.Popen[str]) -> list[str]:
    """What it prints before it serves: all up to the command to try."""
    assert process.stdout is not None
    lines: list[str] = []
    while not lines or not lines[-1].startswith("$ "):
        line = process.stdout.readline()
        assert line, process.stderr and process.stderr.read()
        lines.append(line.rstrip("\n"))
    return lines


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_interrupted(state_file: Path, number: signal.Signals) -> None:
    with running(state_file) as process:
        lines = introduced(process)
        url, folder = lines[0].removeprefix("sandbox      "), lines[1].removeprefix("credentials  ")
        assert lines[-1] == f"$ keylint check --live --endpoint {url} --secrets-dir {folder}"
        assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700
        port = int(url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=SECONDS) as connection:
            connection.sendall(b"GET /api/v3/time HTTP/1.1\r\n\r\n")
            assert b"200 OK" in connection.recv(65536)
            process.send_signal(number)
            out, err = process.communicate(timeout=SECONDS)

    assert (process.returncode, out) == (0, "")
    assert err == "keylint: the sandbox has ended; it answered 1 requests\n"
    assert not os.path.exists(folder)


def test_it_writes_what_a_live_check_reads(state_file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "some secrets"
    with running(state_file, "--secrets-dir", folder) as process:
        lines = introduced(process)

    credentials = made(desk())
    written = {path.name: path.read_text(encoding="ascii") for path in folder.iterdir()}
    assert lines[-1].endswith(f" --secrets-dir {shlex.quote(str(folder))}")
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert len(written) == 2 * len(credentials)
    for one in credentials.values():
        assert written[f"{one.id}.api-key"] == one.api_key
        assert any(re.fullmatch(rf" +{one.id} +{one.type} +{one.fingerprint}", line) for line in lines)
        if one.type == "rsa":
            assert written["rsa.pem"].startswith("-----BEGIN PRIVATE KEY-----\n")
        else:
            assert one.private in written.values()
    assert written["trader.secret"] == credentials["trader"].private
    assert not any(secret in line for line in lines for secret in written.values())


def test_a_file_that_is_there_is_made_anew(state_file: Path, tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "secrets", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.write_text("mine", encoding="ascii")
    (folder / "trader.api-key").symlink_to(elsewhere)
    (folder / "trader.secret").write_text("old", encoding="ascii")
    (folder / "trader.secret").chmod(0o644)

    with running(state_file, "--secrets-dir", folder) as process:
        introduced(process)

    assert elsewhere.read_text(encoding="ascii") == "mine"
    assert stat.S_IMODE((folder / "trader.secret").stat().st_mode) == 0o600
    assert (folder / "trader.api-key").read_text(encoding="ascii") == made(desk())["trader"].api_key


def refused(*arguments: str | Path) -> str:
    ran: Ran = run("sandbox", *map(str, arguments))
    assert (ran.code, ran.out) == (2, "")
    return ran.err


def test_a_port_that_is_taken(state_file: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = refused(state_file, "--port", str(port))

    assert said == (
        f"keylint: cannot listen on port {port}: Address already in use;"
        " choose another --port, or none for a free one\n"
    )


def test_a_state_that_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "S.toml"
    path.write_text("version = 1\nx = 1\n[keys.a]\ncreated = 2026-01-01\ntype = 1\n", encoding="utf-8")

    said = refused(path)

    assert f"keylint: {path}:5:8: keys.a.type must be one of ed25519, rsa, hmac" in said
    assert f"keylint: {path}:2:1: x is not a field of the file\n" in said


def test_a_file_that_cannot_be_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    binary, large = tmp_path / "binary", tmp_path / "large"
    binary.write_bytes(b"\xff")
    large.write_bytes(b"#" * 2000)
    monkeypatch.setattr("keylint.cli.sandbox._MOST_BYTES", 1000)

    assert refused(binary) == f"keylint: {binary} is not UTF-8; save the file as UTF-8\n"
    assert f"{large} is larger than" in refused(large)
    assert refused(tmp_path / "none") == f"keylint: cannot read {tmp_path / 'none'}: No such file or directory\n"
    assert "cannot read" in refused(tmp_path)


def test_a_folder_that_cannot_be_one(state_file: Path) -> None:
    said = refused(state_file, "--secrets-dir", state_file / "inside")

    assert said == (
        f"keylint: cannot write credentials to {state_file / 'inside'}: Not a directory;"
        " name a folder that is there and writable\n"
    )


def test_in_process_it_ends_and_gives_the_signals_back(state_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.getsignal(signal.SIGTERM)

    class Interrupting:
        def __init__(self) -> None:
            self.waits = 0
            self.is_set = False

        def set(self) -> None:
            self.is_set = True

        def wait(self, _seconds: float) -> bool:
            self.waits += 1
            if self.waits == 2:
                os.kill(os.getpid(), signal.SIGTERM)
            return self.is_set

    monkeypatch.setattr("keylint.cli.sandbox.Event", Interrupting)

    ran = run("sandbox", str(state_file))

    assert (ran.code, ran.err) == (0, "keylint: the sandbox has ended; it answered 0 requests\n")
    assert ran.out.startswith("sandbox      http://127.0.0.1:")
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_state_without_keys(tmp_path: Path) -> None:
    path = tmp_path / "S.toml"
    path.write_text("version = 1\n", encoding="utf-8")

    with running(path) as process:
        assert introduced(process)[2:4] == ["keys         none", ""]
