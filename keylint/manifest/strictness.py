"""Two values of one threshold → the stricter one, by the one table that says which way each threshold is strict."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple

from .policy import Policy, stated

Leaf = tuple[str, str]
"""A threshold: its table within `[policy]` and its field."""
Value = int | tuple[str, ...]
Direction = Literal["lower", "higher", "subset"]

STRICTER: Final[Mapping[Leaf, Direction]] = MappingProxyType(
    {
        ("rotation", "max_age_days"): "lower",
        ("rotation", "limit_days"): "lower",
        ("rotation", "warn_days"): "higher",
        ("rotation", "overlap_days"): "lower",
        ("rotation", "delete_after_days"): "lower",
        ("review", "max_age_days"): "lower",
        ("attestation", "max_age_days"): "lower",
        ("evidence", "max_age_hours"): "lower",
        ("network", "max_addresses"): "lower",
        ("waiver", "max_days"): "lower",
        ("two_factor", "accept"): "subset",
    }
)
"""Which of two values is the stricter one; of lists it is the one that the other holds whole."""


class Loosened(NamedTuple):
    """A threshold that a manifest sets looser than the organisation's policy."""

    table: str
    field: str
    direction: Direction
    stated: str
    """What the manifest says, in words."""
    allowed: str
    """What the organisation says."""
    used: tuple[str, ...]
    """What is judged by: of a list its items, else the one number."""
    beyond: tuple[str, ...] = ()
    """Of a list, what the manifest has and the organisation has not."""


def leaves(table: Mapping[str, Mapping[str, Any]]) -> dict[Leaf, Value]:
    """The thresholds that a schema-checked `[policy]` table states, in its order."""
    return {
        (name, field): tuple(value) if isinstance(value, list) else value
        for name, fields in table.items()
        for field, value in fields.items()
    }


def is_looser(leaf: Leaf, value: Value, than: Value) -> bool:
    """Whether `value` lets something through that `than` does not."""
    if isinstance(value, tuple) and isinstance(than, tuple):
        return not set(value) <= set(than)
    if isinstance(value, tuple) or isinstance(than, tuple):
        msg = f"{'.'.join(leaf)} is a number or a list, and never the one beside the other"
        raise TypeError(msg)
    return value < than if STRICTER[leaf] == "higher" else value > than


def over(declared: Mapping[Leaf, Value], organisation: Mapping[Leaf, Value]) -> tuple[Policy, tuple[Loosened, ...]]:
    """The policy to judge by, and where `declared` is looser than the organisation's.

    A threshold that the organisation leaves out is the manifest's own, over the default. Of lists, what both hold is
    used; where that is nothing, the organisation's.
    """
    used, loosened = {**declared, **organisation}, []
    for leaf, value in declared.items():
        allowed = organisation.get(leaf)
        if allowed is None:
            continue
        if not is_looser(leaf, value, allowed):
            used[leaf] = value
            continue
        beyond: tuple[str, ...] = ()
        if isinstance(value, tuple) and isinstance(allowed, tuple):
            used[leaf] = tuple(item for item in value if item in allowed) or allowed
            beyond = tuple(dict.fromkeys(item for item in value if item not in allowed))
        words = (_items(value), _items(allowed), _items(used[leaf]))
        loosened.append(Loosened(*leaf, STRICTER[leaf], ", ".join(words[0]), ", ".join(words[1]), words[2], beyond))
    tables: dict[str, dict[str, object]] = {}
    for (name, field), value in used.items():
        tables.setdefault(name, {})[field] = value
    return stated(tables), tuple(loosened)


def _items(value: Value) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else (str(value),)
