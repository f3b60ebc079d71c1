"""Plan → Markdown for the comment on a pull request: a table of differences, rotations, and what is not known."""

from collections.abc import Iterator, Sequence

from keylint.report import Style
from keylint.report.escape import inert

from .diff_markdown import MOST, cell
from .plan_text import following, header, names, now, summary, title, track, unchanged, weight, what, why
from .planned import Entry, Plan, Rotation

_RESERVED = 1_000
"""How much of a comment is kept for what says that something was left out."""
_ORDER = ("Changes", "Rotations", "Not known", "Remarks")
_LONGEST = 2_000
"""How long one cell may be before it is encoded."""


def render(plan: Plan, _style: Style) -> str:
    """Tables that fit into a comment. Where there is not room for all, what is not known stays, and rotations go."""
    lines = [f"### keylint {_encoded(summary(plan))}", "", _encoded(header(plan)), ""]
    same = unchanged(plan)
    if same:
        lines += [_encoded(same), ""]
    room = MOST - _RESERVED - sum(len(line) + 1 for line in lines)
    tables: dict[str, list[str]] = {}
    left_out = 0
    for heading, columns, rows in (
        ("Not known", ("what is not known, and why",), ((_encoded(why(each)),) for each in plan.unknown)),
        ("Changes", ("", "key", "what differs", "risk", "step"), _changes(plan.entries)),
        ("Rotations", ("keys", "reached", "step", "next"), _rotations(plan.rotations)),
        ("Remarks", ("remark",), ((_encoded(remark),) for remark in plan.remarks)),
    ):
        table = [f"#### {heading}", "", _row(columns), _row(["---"] * len(columns))]
        room -= sum(len(line) + 1 for line in table) + 1
        began = len(table)
        for row in rows:
            line = _row(row)
            if len(line) + 1 > room:
                left_out += 1
                continue
            room -= len(line) + 1
            table.append(line)
        if len(table) > began:
            tables[heading] = [*table, ""]
    lines += [line for heading in _ORDER for line in tables.get(heading, ())]
    if left_out:
        lines += [f"{left_out} rows did not fit; `keylint plan` shows them all.", ""]
    return inert("\n".join(lines).rstrip("\n") + "\n")


def _changes(entries: Sequence[Entry]) -> Iterator[tuple[str, ...]]:
    for entry in entries:
        for change in entry.changes:
            # A sign of the table's own making, in code so that a dash is no list.
            sign = f"`{change.sign}`"
            cells = (title(entry), what(change), weight(change), change.step)
            yield sign, *map(_encoded, cells)


def _rotations(rotations: Sequence[Rotation]) -> Iterator[tuple[str, ...]]:
    for each in rotations:
        yield tuple(map(_encoded, (names(each), track(each), now(each), following(each))))


def _encoded(text: str) -> str:
    return cell(text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…")


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
