"""`keylint plugins`: who brought which rules."""

import click

from keylint.plugins import BrokenPlugin, load

from .stream import Broken, emit


@click.command("plugins")
def command() -> int:
    """List the rule packs that are loaded, with their versions and rules."""
    try:
        registry = load()
    except BrokenPlugin as error:
        raise Broken(str(error)) from None
    for pack in registry.packs:
        codes = ", ".join(rule.code for rule in pack.rules)
        emit(f"{pack}: {len(pack.rules)} {'rule' if len(pack.rules) == 1 else 'rules'}: {codes}\n")
    return 0
