"""The command line: parses, prints, exits; decides nothing."""

import os.path
from importlib import import_module
from keyword import iskeyword
from typing import Final

import click

from keylint import __version__

from .stream import EXIT_UNUSABLE, Broken, complain, talk

COMMANDS: Final = {
    "check": "Judge manifests and print what breaks a rule.",
    "observe": "Ask Binance about the keys, and write what it said as evidence.",
    "baseline": "Accept the findings of today, and take out what is gone.",
    "plan": "Show what to change at Binance, and how.",
    "show": "Print a saved plan again.",
    "diff": "Show what changed between two manifests, and which way.",
    "init": "Write a first manifest.",
    "import": "Write a manifest from what Binance says.",
    "inventory": "Show who holds what: keys, permissions, addresses, ages.",
    "calendar": "List what is due, for people's own calendars.",
    "fingerprint": "Print what ties a manifest's entry to its key.",
    "sandbox": "Run a stand-in for Binance on this machine.",
    "rule": "Show the page of a rule.",
    "rules": "List every rule.",
    "plugins": "List the rule packs that are loaded.",
    "schema": "Print a JSON Schema.",
}


class Commands(click.Group):
    """Commands whose modules are imported when they are called: a hook pays for `check` alone."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """The commands, most used first."""
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, name: str) -> click.Command | None:
        """The command `name`."""
        if name not in COMMANDS:
            return None
        module = f"{name}_" if iskeyword(name) else name
        command: click.Command = import_module(f".{module}", __name__).command
        return command

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, "-V", "--version", message="keylint %(version)s")
def cli() -> None:
    """A linter for the API keys of trading bots.

    Declare accounts, providers, bots and keys in keylint.toml; `keylint check` says what is unsafe, and with --live
    what of it is not true.
    """


def run(arguments: list[str]) -> int:
    """Run the command line `arguments`: 0 clean, 1 findings, 2 unusable, 3 something undecided.

    No exception leaves it, and no traceback is printed.
    """
    try:
        result = cli.main(arguments, prog_name="keylint", standalone_mode=False)
    except click.exceptions.Exit as finished:
        return finished.exit_code
    except BaseException as error:  # noqa: BLE001 - the last resort: no traceback reaches a user
        explain(error)
        return EXIT_UNUSABLE
    return result if isinstance(result, int) else 0


def explain(error: BaseException) -> None:
    """Say why nothing was decided, and what to do."""
    match error:
        case click.ClickException():
            emit_error(error)
        case click.Abort() | KeyboardInterrupt():
            complain("interrupted; nothing more was judged")
        case Broken():
            complain(str(error))
        case SystemExit():
            pass  # click, where the reader of a help has gone away; whoever else it is, it is no verdict
        case OSError():
            complain(f"cannot be read or written: {error.strerror or type(error).__name__}")
        case _:
            trace = error.__traceback__
            while trace is not None and trace.tb_next is not None:
                trace = trace.tb_next
            file = "" if trace is None else os.path.basename(trace.tb_frame.f_code.co_filename)
            where = "" if trace is None else f" at {file}:{trace.tb_lineno}"
            complain(f"internal error: {type(error).__name__}{where}; nothing was decided. Please report this line")


def emit_error(error: click.ClickException) -> None:
    """Say what is wrong with a command line, and where its help is."""
    context = getattr(error, "ctx", None)
    if context is not None and isinstance(error, getattr(click.exceptions, "NoArgsIsHelpError", ())):
        talk(f"{context.get_help()}\n")
        return
    path = "keylint" if context is None else context.command_path
    complain(" ".join(error.format_message().split()))
    talk(f"Try `{path} --help`.\n")
