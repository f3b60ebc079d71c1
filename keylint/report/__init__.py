"""Report → str: one file per output format. Nothing here prints."""

from importlib import import_module
from typing import Final, NamedTuple

from keylint.engine import Report

FORMATS: Final = ("text", "concise", "json", "github")


class Style(NamedTuple):
    """How a report for people is to look. Formats for programs have no style."""

    color: bool = False
    width: int = 80
    show_waived: bool = False
    statistics: bool = False
    quiet: bool = False
    """Findings and unknowns, and no summary."""


def render(name: str, report: Report, style: Style) -> str:
    """`report` in the format `name`, one of FORMATS; ends with a newline unless it is empty."""
    # Only the format that is asked for is imported: json alone costs a third of a bare interpreter.
    text: str = import_module(f".{name}", __name__).render(report, style)
    return text
