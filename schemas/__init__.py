"""The JSON Schemas of what keylint reads and writes."""

from pathlib import Path


def text(name: str) -> str:
    """The schema called `name`, such as `manifest`, as it is shipped."""
    return (Path(__file__).parent / f"{name}.schema.json").read_text(encoding="utf-8")
