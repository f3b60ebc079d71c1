"""`keylint schema`: the JSON Schemas of what keylint reads and writes."""

from importlib import import_module
from typing import Final

import click

from .stream import emit

NAMES: Final = ("manifest", "report", "evidence", "policy", "baseline", "plan", "diff", "inventory", "sandbox")


@click.command("schema")
@click.argument("name", type=click.Choice(NAMES))
def command(name: str) -> int:
    """Print a JSON Schema, for editors and for programs that read reports."""
    # By name: type checkers do not follow the package mapping of an editable install.
    emit(import_module("keylint.schemas").text(name))
    return 0
