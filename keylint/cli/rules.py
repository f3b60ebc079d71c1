"""`keylint rules`: the catalogue, as a table or as JSON."""

import click

from keylint.api import Side
from keylint.plugins import BrokenPlugin, Registry, load

from .stream import Broken, emit


@click.command("rules")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "markdown", "json"]),
    default="text",
    show_default=True,
    help="What to print.",
)
def command(format_: str) -> int:
    """List every rule that is loaded: code, name, severity, the sides it judges, and what it says."""
    try:
        registry = load()
    except BrokenPlugin as error:
        raise Broken(str(error)) from None
    emit({"text": text, "markdown": markdown, "json": as_json}[format_](registry))
    return 0


def sides(rule_sides: tuple[Side, ...]) -> str:
    """The sides of a rule in words."""
    return " and ".join(side.value for side in rule_sides)


def text(registry: Registry) -> str:
    """One rule a line, in columns."""
    width = max(len(rule.name) for rule in registry.rules)
    return "".join(
        f"{rule.code:8} {rule.name:{width}}  {rule.severity.value:7}  {rule.summary}\n" for rule in registry.rules
    )


def markdown(registry: Registry) -> str:
    """The table of the README."""
    rows = [
        f"| {rule.code} | {rule.name} | {rule.on} | {rule.severity.value} | {rule.summary} |\n"
        for rule in registry.rules
    ]
    return "| code | name | judges each | severity | fires when |\n| --- | --- | --- | --- | --- |\n" + "".join(rows)


def as_json(registry: Registry) -> str:
    """Every rule with who brought it."""
    import json  # noqa: PLC0415 - a third of a bare interpreter, for one format

    document = [
        {
            "code": rule.code,
            "name": rule.name,
            "summary": rule.summary,
            "severity": rule.severity.value,
            "judges": rule.on,
            "sides": [side.value for side in rule.sides],
            "waivable": rule.waivable,
            "pack": pack.name,
            "pack_version": pack.version,
        }
        for pack in registry.packs
        for rule in pack.rules
    ]
    document.sort(key=lambda rule: str(rule["code"]))
    return json.dumps(document, indent=2) + "\n"
