"""The options that say how live state is asked for: a command line → Looking."""

from collections.abc import Callable
from functools import wraps
from typing import NamedTuple, ParamSpec, TypeVar

import click

P = ParamSpec("P")
R = TypeVar("R")


class Looking(NamedTuple):
    """What the command line says of how to ask."""

    secrets_dir: str | None = None
    keyring: bool = False
    endpoint: str | None = None
    sandbox: str | None = None
    activity: bool = False
    keys_only: bool = False
    allow_untrusted: bool = False
    timeout: float = 10.0


def _a_number(_context: click.Context, _option: click.Parameter, value: float) -> float:
    if value != value:  # noqa: PLR0124 - of no number every comparison is false, the bounds' too
        msg = "'nan' is no number of seconds"
        raise click.BadParameter(msg)
    return value


def live_options(command: Callable[P, R]) -> Callable[P, R]:
    """Give a command the options of Looking, which it gets as one value, `looking`."""

    @wraps(command)
    def gathered(*args: P.args, **kwargs: P.kwargs) -> R:
        kwargs["looking"] = Looking(**{name: kwargs.pop(name) for name in Looking._fields})  # type: ignore[arg-type]
        return command(*args, **kwargs)

    options = (
        click.option("--sandbox", metavar="STATE", help="Ask keylint's stand-in, as this state file has it."),
        click.option("--endpoint", metavar="URL", help="Ask a server on this machine instead of Binance."),
        click.option("--secrets-dir", metavar="DIR", help="Where <key>.api-key, <key>.secret and <key>.pem lie."),
        click.option("--keyring", is_flag=True, help="Look for credentials in this machine's keyring too."),
        click.option("--activity", is_flag=True, help="Ask for withdrawals, positions and open orders too."),
        click.option("--keys-only", is_flag=True, help="Ask the keys about themselves alone, not about accounts."),
        click.option("--allow-untrusted", is_flag=True, help="Ask in a pull request from a fork, too."),
        click.option(
            "--timeout",
            type=click.FloatRange(0.1, 300),
            callback=_a_number,
            default=10.0,
            show_default=True,
            metavar="SECONDS",
            help="How long one request may take.",
        ),
    )
    decorated = gathered
    for option in reversed(options):
        decorated = option(decorated)
    return decorated
