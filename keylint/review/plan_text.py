"""Plan → what a person reads in a terminal: each difference with the step that makes the manifest true."""

from collections.abc import Iterator
from textwrap import wrap
from typing import Final

from keylint.report import Style
from keylint.report.escape import clean, inert
from keylint.report.summary import when

from .planned import (
    ACCOUNT,
    ADDRESSES,
    CREATED,
    KEY,
    LABEL,
    PERMISSIONS,
    RESTRICTION,
    STEPS,
    Change,
    Entry,
    Plan,
    Rotation,
    Unknown,
)
from .steps import listed

_COLORS: Final = {
    "+": "1;32",
    "-": "1;31",
    "~": "1;33",
    "?": "1;35",
    "step": "1;32",
    "bold": "1",
    "critical": "1;31",
    "high": "1;31",
}
_SIGN: Final = {"create": "+", "change": "~", "delete": "-"}
_NOUN: Final = {
    KEY: "key",
    PERMISSIONS: "permission",
    RESTRICTION: "IP restriction",
    ADDRESSES: "trusted IP",
    LABEL: "label",
    CREATED: "created",
    ACCOUNT: "account",
}
LEGEND: Final = "+ to add at Binance, - to take away, ~ to change, ? not known; keylint changes nothing itself"


def render(plan: Plan, style: Style) -> str:
    """The differences, the rotations, what is not known, and one line that counts. Unchanged keys are not shown."""
    painter = _Painter(style)
    blocks = [painter.wrapped(header(plan), "")]
    if plan.entries:
        blocks[0] += painter.wrapped(LEGEND, "")
    several = len(plan.looked_at) > 1
    blocks += [list(painter.entry(entry, seen=several)) for entry in plan.entries]
    if plan.rotations:
        lines = [painter.paint("Rotations", "bold")]
        blocks.append([*lines, *(line for each in plan.rotations for line in painter.rotation(each))])
    if plan.unknown:
        lines = [painter.paint("Not known", "bold")]
        blocks.append([*lines, *(line for each in plan.unknown for line in painter.unknown(each))])
    blocks += [painter.wrapped(f"remark: {clean(remark)}", "      ") for remark in plan.remarks]
    same = unchanged(plan)
    if same:
        blocks.append(painter.wrapped(same, ""))
    blocks.append([painter.paint(summary(plan), "bold")])  # in one line, for whoever looks at the last one
    return inert("\n\n".join("\n".join(block) for block in blocks) + "\n")


def header(plan: Plan) -> str:
    """What is compared, who told of how many keys, and when."""
    files = [f"{clean(it.name)}, {when(it.finished)}" for it in plan.looked_at if it.name]
    moments = "; ".join(files) or ", ".join(dict.fromkeys(when(it.finished) for it in plan.looked_at))
    told = f"{plan.who} told of {plan.answered} of {count(plan.declared, 'key')}"
    return f"{clean(plan.manifest)}: {told}" + (f" ({moments})" if moments else "")


def unchanged(plan: Plan) -> str:
    """That there is nothing to do, where that is known; else ""."""
    if plan.unknown or plan.counts.something_to_do:
        return ""
    return f"No changes: what {plan.who} shows of {count(plan.declared, 'key')} is as it is declared"


def summary(plan: Plan) -> str:
    """The last line."""
    counts = plan.counts
    keys = f"Plan: {counts.create} to create, {counts.change} to change, {counts.delete} to delete"
    due = f"; {count(counts.due, 'step')} due" if counts.due else ""
    return f"{keys}; {counts.drifted} drifted; {counts.unknown} unknown{due}"


def count(number: int, noun: str) -> str:
    """A number of things."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def title(entry: Entry) -> str:
    """The key that an entry is about, by all its names."""
    which = clean(entry.subject)
    if entry.fingerprint:
        label = f'"{clean(entry.label)}"' if entry.label else "without a label"
        return f"{which}: a key that is not in the manifest, {label}, {clean(entry.fingerprint)}"
    label = f' "{clean(entry.label)}"' if entry.label else ""
    return f"{which}{label}" + (f" on {clean(entry.account)}" if entry.account else "")


def what(change: Change) -> str:
    """What differs, from what is there to what is declared."""
    noun = _NOUN[change.field]
    if change.field in {PERMISSIONS, ADDRESSES}:
        return clean(f"{noun}{'s' if len(change.items) > 1 else ''} {listed(change.items)}")
    return clean(f"{noun}: {change.live} → {change.declared}")


def weight(change: Change) -> str:
    """How much is at stake, and why it is here."""
    return f"{change.risk} risk, {change.cause}"


def names(rotation: Rotation) -> str:
    """The old key and the new one."""
    return clean(f"{rotation.old} → {rotation.new}" if rotation.new else rotation.old)


def track(rotation: Rotation) -> str:
    """All steps, with the one that is reached in brackets."""
    if rotation.step == STEPS[-1]:
        return "done"
    first = 0 if rotation.new else STEPS.index("disable")
    return " → ".join(f"[{step}]" if step == rotation.step else step for step in STEPS[first:-1])


def now(rotation: Rotation) -> str:
    """What is to be done now, and until when."""
    by = f" (by {rotation.by})" if rotation.by is not None and rotation.step not in {"test", "wait"} else ""
    doubt = "; its live state is not known" if rotation.doubtful else ""
    return clean(f"{rotation.help}{by}{doubt}")


def following(rotation: Rotation) -> str:
    """The next step and its day; "" where there is none."""
    if not rotation.next:
        return ""
    return f"{rotation.next}, {rotation.on if rotation.on is not None else 'as soon as that is done'}"


def why(unknown: Unknown) -> str:
    """Of what and why something is not known, the subject named once."""
    subject, message = unknown.subject, unknown.message
    if unknown.about and not message.startswith(f"{subject} "):
        return clean(f"{subject} ({unknown.about}): {message.removeprefix(f'{subject}: ')}")
    return clean(message if message.startswith((f"{subject} ", f"{subject}:")) else f"{subject}: {message}")


class _Painter:
    """Lays out lines for one width, in colour or without."""

    def __init__(self, style: Style) -> None:
        self.width = style.width
        self.color = style.color

    def paint(self, text: str, color: str) -> str:
        """`text` in a colour, where there are colours."""
        return f"\x1b[{_COLORS[color]}m{text}\x1b[0m" if self.color and text and color in _COLORS else text

    def wrapped(self, text: str, later: str, first: str = "") -> list[str]:
        """`text` in lines of at most the width; words are kept whole."""
        return wrap(
            text,
            self.width,
            initial_indent=first,
            subsequent_indent=later,
            break_long_words=False,
            break_on_hyphens=False,
        )

    def entry(self, entry: Entry, *, seen: bool) -> Iterator[str]:
        """A key and everything in which it differs; `seen`: say when Binance was asked, as it was at several times."""
        sign = _SIGN[entry.action]
        at = f", seen {when(entry.seen)}" if seen and entry.seen is not None else ""
        first, *rest = self.wrapped(f"{sign} {title(entry)}{at}", "    ")
        yield self.paint(sign, sign) + self.paint(first[1:], "bold")
        yield from rest
        for change in entry.changes:
            first, *rest = self.wrapped(f"{change.sign} {what(change)} ({weight(change)})", "      ", "    ")
            yield f"    {self.paint(change.sign, change.sign)}{first[5:]}"
            yield from rest
            yield from self.labelled("step", clean(change.step), "      ")

    def rotation(self, rotation: Rotation) -> Iterator[str]:
        """A rotation, how far it is, what is to be done and what comes then."""
        first, *rest = self.wrapped(names(rotation), "    ", "  ")
        yield self.paint(first, "bold")
        yield from rest
        yield from self.wrapped(track(rotation), "      ", "    ")
        yield from self.labelled("step", now(rotation), "    ")
        after = following(rotation)
        if after:
            yield from self.labelled("next", after, "    ")

    def unknown(self, unknown: Unknown) -> Iterator[str]:
        """One line, or as many as the reason needs."""
        first, *rest = self.wrapped(f"? {why(unknown)}", "      ", "  ")
        yield f"  {self.paint('?', '?')}{first[3:]}"
        yield from rest

    def labelled(self, label: str, text: str, indent: str) -> Iterator[str]:
        """`text` behind a label, set under itself."""
        first, *rest = self.wrapped(f"{label}: {text}", f"{indent}  ", indent)
        yield first.replace(f"{label}:", f"{self.paint(label, 'step')}:", 1)
        yield from rest
