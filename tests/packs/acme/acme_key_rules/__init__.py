"""The rules that acme adds to keylint's own."""

from keylint.api import Rule, hookimpl

from . import key_without_owner

RULES: tuple[Rule, ...] = (key_without_owner.RULE,)


@hookimpl
def keylint_rules() -> tuple[Rule, ...]:
    """Every rule of this pack, in the order of codes."""
    return RULES
