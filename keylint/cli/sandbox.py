"""`keylint sandbox`: a local stand-in for Binance, served until it is interrupted."""

import os
import shlex
import signal
import tempfile
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from threading import Event
from types import FrameType

import click

from keylint.sandbox.credentials import MadeCredentials
from keylint.sandbox.server import Sandbox
from keylint.sandbox.state import BadState, State, load

from .stream import EXIT_UNUSABLE, Broken, complain, emit, talk

_MOST_BYTES = 16 * 1024 * 1024


@click.command("sandbox")
@click.argument("state_file", metavar="STATE.toml")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="The port to listen on; a free one by default.")
@click.option("--secrets-dir", metavar="DIR", help="Where to write the made-up credentials; a new folder by default.")
def command(state_file: str, port: int, secrets_dir: str | None) -> int:
    """Serve a local stand-in for Binance that knows the keys in STATE.toml, until interrupted.

    It listens on this machine alone, answers what keylint asks, and misbehaves where the file says so.
    """
    try:
        state = load(_text(state_file), state_file)
    except BadState as error:
        for problem in error.problems:
            complain(problem)
        return EXIT_UNUSABLE
    stopped = Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopped.set()

    before = {each: signal.signal(each, stop) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        _serve(state, port, secrets_dir, stopped)
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
    return 0


def _text(path: str) -> str:
    try:
        with open(path, "rb") as file:
            data = file.read(_MOST_BYTES + 1)
        if len(data) > _MOST_BYTES:
            msg = f"{path} is larger than {_MOST_BYTES // 1024 // 1024} MiB; name a state file"
            raise Broken(msg)
        return data.decode()
    except UnicodeDecodeError:
        msg = f"{path} is not UTF-8; save the file as UTF-8"
        raise Broken(msg) from None
    except OSError as error:
        msg = f"cannot read {path}: {error.strerror}"
        raise Broken(msg) from None


def _serve(state: State, port: int, secrets_dir: str | None, stopped: Event) -> None:
    try:
        sandbox = Sandbox(state, port=port)
    except OSError as error:
        msg = f"cannot listen on port {port}: {error.strerror}; choose another --port, or none for a free one"
        raise Broken(msg) from None
    with sandbox, ExitStack() as afterwards:
        if secrets_dir is None:
            secrets_dir = afterwards.enter_context(tempfile.TemporaryDirectory(prefix="keylint-sandbox-"))
        _write_all(sandbox.memory.made.values(), secrets_dir)
        emit(_introduction(sandbox, secrets_dir))
        # Waited for in turns, because on Windows a wait without an end hears no signal.
        while not stopped.wait(1):
            pass
    talk(f"keylint: the sandbox has ended; it answered {sum(sandbox.requests.values()):,} requests\n")


def _write_all(credentials: Iterable[MadeCredentials], folder: str) -> None:
    """Write the credentials into a folder, which is made for its owner alone if it is not there."""
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        for one in credentials:
            for name, text in zip(one.file_names, (one.api_key, one.private), strict=True):
                _write(os.path.join(folder, name), text)
    except OSError as error:
        msg = f"cannot write credentials to {folder}: {error.strerror}; name a folder that is there and writable"
        raise Broken(msg) from None


def _write(path: str, text: str) -> None:
    # Made anew: a file that is there may be open to others, or be a link to somewhere else.
    with suppress(FileNotFoundError):
        os.unlink(path)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii", newline="\n") as file:
        file.write(text)


def _introduction(sandbox: Sandbox, folder: str) -> str:
    made = sandbox.memory.made
    width = max(map(len, made), default=0)
    keys = [f"  {id_:<{width}}  {one.type:<7}  {one.fingerprint}" for id_, one in made.items()]
    return "\n".join(
        [
            f"sandbox      {sandbox.url}",
            f"credentials  {folder}",
            "keys" if keys else "keys         none",
            *keys,
            "",
            f"$ keylint check --live --endpoint {sandbox.url} --secrets-dir {shlex.quote(folder)}",
            "",
        ]
    )
