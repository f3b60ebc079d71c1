"""`keylint show`: a saved plan → the same plan, printed again."""

import os.path

import click

from keylint.manifest import discover

from .plan import FORMATS, rendered
from .stream import Broken, emit


@click.command("show")
@click.argument("file", metavar="FILE")
@click.option(
    "--format", "format_", type=click.Choice(list(FORMATS)), default="text", show_default=True, help="What to print."
)
@click.option(
    "--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True, help="Use colours."
)
def command(*, file: str, format_: str, color: str) -> int:
    """Print a plan again that `keylint plan --out FILE` has written, or - for standard input.

    Nothing is asked or judged anew: it is the plan of the moment that it names. A file that was changed by hand so that
    its parts do not go together is refused.

    Exit code: 0, also where there is something to do; 2 usage, or the file is no plan.
    """
    from keylint.review.plan_reading import BadPlan, load  # noqa: PLC0415 - a command is imported for its help, too

    name = "<stdin>" if file == discover.STDIN else discover.shown(file)
    try:
        plan = load(name, _read(file, name))
    except BadPlan as error:
        raise Broken(str(error)) from None
    emit(rendered(plan, format_, color))
    return 0


def _read(file: str, name: str) -> bytes:
    try:
        if file == discover.STDIN:
            return discover.standard_input()
        if not os.path.lexists(file):
            message = f"{name}: there is no such file; `keylint plan --out {name}` writes one"
            raise Broken(message)
        return discover.read(file, "name a file that `keylint plan --out` has written")
    except discover.Unreadable as error:
        text = str(error)
        raise Broken(text if text.startswith(name) else f"{name}: {text}") from None
