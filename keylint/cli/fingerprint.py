"""`keylint fingerprint`: an API key → what names it in a manifest without being it."""

import os
import re
import sys

import click

from keylint.live.credentials import BadPlace, Missing, Unusable, find_api_keys, word
from keylint.live.secret import fingerprint

from .stream import EXIT_UNUSABLE, Broken, complain, emit

_LOOKS_LIKE_A_KEY = re.compile(r"[A-Za-z0-9]{60}")
_LONGEST = 8_192


@click.command("fingerprint")
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--secrets-dir", metavar="DIR", help="Look for ID.api-key in this folder.")
@click.option("--keyring", is_flag=True, help="Look in the keyring of this machine too.")
def command(*, ids: tuple[str, ...], secrets_dir: str | None, keyring: bool) -> int:
    """Print the fingerprint of API keys, for the field `fingerprint` of a manifest.

    ID is the name of a key in the manifest; its API key is read from the variable KEYLINT_<ID>_API_KEY, else from the
    file ID.api-key under --secrets-dir or $CREDENTIALS_DIRECTORY, else from the keyring. With - or without an ID, one
    API key is read from standard input. An API key is never taken from the command line, where every program sees it.
    """
    if any(_LOOKS_LIKE_A_KEY.search(it) for it in ids):
        msg = (
            "an argument looks like an API key, which every program on this machine can read in a command line, and "
            "which a shell keeps in its history; type `keylint fingerprint` and give the key when asked"
        )
        raise Broken(msg)
    if not ids or ids == ("-",):
        emit(f"{fingerprint(_asked_for())}\n")
        return 0
    if "-" in ids:
        msg = "either - or the names of keys"
        raise Broken(msg)
    try:
        found = find_api_keys(ids, os.environ, secrets_dir, keyring=keyring)
    except BadPlace as bad:
        raise Broken(str(bad)) from None
    code, width, lines = 0, max(map(len, ids)), []
    for key_id, api_key in found.items():
        if isinstance(api_key, Missing | Unusable):
            complain(f"{key_id}: {api_key.message}")
            code = EXIT_UNUSABLE
        else:
            lines.append(f"{key_id:{width}}  {fingerprint(api_key.reveal())}\n")
    emit("".join(lines))
    return code


def _asked_for() -> str:
    """One API key from standard input, or from whoever sits at the terminal, unseen. Raises Broken."""
    if sys.stdin is None:
        msg = "standard input is closed; pipe an API key into `keylint fingerprint -`"
        raise Broken(msg)
    text = _typed() if sys.stdin.isatty() else _piped()
    try:
        return word(text, "what was given").reveal()
    except ValueError as error:
        problem = str(error)
    raise Broken(problem)


def _typed() -> str:
    import getpass  # noqa: PLC0415 - needed on a terminal alone
    import warnings  # noqa: PLC0415

    with warnings.catch_warnings():
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            return getpass.getpass("API key (not shown): ")
        except getpass.GetPassWarning:
            msg = "this terminal would show what is typed; pipe the API key into `keylint fingerprint -`"
        except EOFError:
            msg = "no API key was given"
    raise Broken(msg)


def _piped() -> str:
    try:
        # What is no letter of ASCII is replaced by what no key holds, and said to be so.
        return sys.stdin.buffer.read(_LONGEST).decode("ascii", "replace")
    except OSError as error:
        msg = f"standard input cannot be read: {error.strerror}"
    raise Broken(msg)
