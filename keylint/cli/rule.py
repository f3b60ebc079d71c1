"""`keylint rule`: the page of a rule."""

import sys

import click

from keylint import gate, testing
from keylint.plugins import BrokenPlugin, load

from .stream import Broken, emit


@click.command("rule")
@click.argument("rule", metavar="CODE|NAME")
def command(rule: str) -> int:
    """Show the page of a rule, by its code or its name: why it matters, what breaks it, how to mend it."""
    try:
        registry = load()
        code = registry.names.get(rule) or registry.names.get(rule.upper()) or registry.names.get(rule.lower())
        if code is None:
            gate.known(rule, registry.rules)
            msg = f"{rule!r} is the beginning of several rules; `keylint rules` lists them all"
            raise Broken(msg)
    except (BrokenPlugin, gate.BadSelector) as error:
        raise Broken(str(error)) from None
    found = next(it for it in registry.rules if it.code == code)
    path = testing.page_path(found)
    try:
        page = path.read_text(encoding="utf-8")
    except OSError:
        page = f"# {found.name} ({found.code})\n\n{found.summary}.\n\n(The pack that brings it has no page for it.)\n"
    _show(page)
    return 0


def _show(page: str) -> None:
    """A page as Markdown, laid out where it is shown on a terminal."""
    if sys.stdout is None or not sys.stdout.isatty():
        emit(page)
        return
    # rich lays out a page well and costs five bare interpreters, so it is imported for a person alone.
    from rich.console import Console  # noqa: PLC0415
    from rich.markdown import Markdown  # noqa: PLC0415

    console = Console()
    console.print(Markdown(page, hyperlinks=False), width=min(100, console.width))
