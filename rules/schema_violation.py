"""KL002 schema-violation."""

from keylint.api import Finding, Place, Severity, Source, SourceContext, SourceRule, Undecided, Violation


def check(source: Source, _ctx: SourceContext) -> list[Finding] | None:
    """Every field that is missing, unknown, or of the wrong type or form is a finding of its own."""
    if source.fault is not None:
        reason = "manifest-broken"
        raise Undecided(reason, "not judged until the manifest is valid")
    if not source.violations:
        return None
    return [
        Finding(Place(it.path, names=it.names), f"{_subject(it)} {it.message}", it.help) for it in source.violations
    ]


def _subject(violation: Violation) -> str:
    """What a violation is about, such as `keys.grid.permissions[2]`."""
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in violation.path]
    return "".join(parts).removeprefix(".") or "the manifest"


RULE = SourceRule(
    code="KL002",
    name="schema-violation",
    summary="A field of the manifest is missing, unknown, or of the wrong type or form",
    severity=Severity.ERROR,
    check=check,
)
