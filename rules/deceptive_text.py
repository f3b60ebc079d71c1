"""KL004 deceptive-text."""

from collections.abc import Iterator

from keylint.api import (
    Finding,
    Manifest,
    Place,
    Severity,
    Source,
    SourceContext,
    SourceRule,
    Span,
    Undecided,
    alike,
    unseen_in,
)

SECTIONS = ("accounts", "providers", "bots", "keys")
BIDIRECTIONAL = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
DELETE = "delete it, and look at what its line says without it"
APART = "nobody tells 0 from o, 1 from l, or one script's letters from another's"


def check(source: Source, _ctx: SourceContext) -> list[Finding]:
    """Each character that nobody sees or a terminal acts on is a finding, and so is a name that looks like another."""
    found = [Finding(Span(start, end), _hidden(chars), DELETE) for start, end, chars in unseen_in(source)]
    found += _ids(source)
    if source.manifest is not None:
        found += _labels(source.manifest)
    elif not found:
        reason = "manifest-broken"
        raise Undecided(reason, "not judged until the manifest is valid")
    return found


def _hidden(chars: str) -> str:
    char = next((char for char in chars if char in BIDIRECTIONAL), chars[0])
    more = f" and {len(chars) - 1} more" if len(chars) > 1 else ""
    if char in BIDIRECTIONAL:
        return f"the text holds {_name(char)}{more}, which turns the line around"
    if char < " " or "\x7f" <= char < "\xa0":
        return f"the text holds {_name(char)}{more}, which a terminal acts on"
    return f"the text holds {_name(char)}{more}, which nobody sees"


def _ids(source: Source) -> Iterator[Finding]:
    for section in SECTIONS:
        tables = source.values.get(section)
        for name, other in alike(tables) if isinstance(tables, dict) else ():
            ids = f"{section}.{name} looks like {section}.{other}".encode("ascii", "backslashreplace").decode()
            message = f"{ids}{_unlike(name, other)}"
            yield Finding(Place((section, name)), message, f"rename one of them: {APART}")


def _labels(manifest: Manifest) -> Iterator[Finding]:
    labels: dict[str | None, list[str]] = {}
    for account, label in manifest.keys_by_label:
        labels.setdefault(account, []).append(label)
    for account, names in labels.items():
        for name, other in alike(names):
            key, first = manifest.keys_by_label[account, name][0], manifest.keys_by_label[account, other][0]
            message = f"the label of {key} looks like the label of {first}{_unlike(name, other)}"
            yield Finding(key.at("label"), message, f"change one of them in API Management and here: {APART}")


def _unlike(name: str, other: str) -> str:
    """The letters of other scripts that only one of two names has."""
    letters = [_name(char) for char in sorted({*name} ^ {*other}) if not char.isascii()]
    return f"; only one of them has {', '.join(letters[:3])}" if letters else ""


def _name(char: str) -> str:
    from unicodedata import name  # noqa: PLC0415 - a clean manifest needs no names of characters

    return f"U+{ord(char):04X} {name(char, 'control character' if char < chr(0xA0) else 'without a name')}"


RULE = SourceRule(
    code="KL004",
    name="deceptive-text",
    summary="The manifest holds characters that nobody sees, or names that nobody can tell apart",
    severity=Severity.ERROR,
    check=check,
)
