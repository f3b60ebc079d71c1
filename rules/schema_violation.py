"""KL002 schema-violation."""

from keylint.api import Finding, Place, Severity, Source, SourceContext, SourceRule, Undecided, dotted


def check(source: Source, _ctx: SourceContext) -> list[Finding] | None:
    """Every field that is missing, unknown, or of the wrong type or form is a finding of its own."""
    if source.fault is not None:
        reason = "manifest-broken"
        raise Undecided(reason, "not judged until the manifest is valid")
    if not source.violations:
        return None
    return [
        Finding(Place(it.path, names=it.names), f"{dotted(it.path) or 'the manifest'} {it.message}", it.help)
        for it in source.violations
    ]


RULE = SourceRule(
    code="KL002",
    name="schema-violation",
    summary="A field of the manifest is missing, unknown, or of the wrong type or form",
    severity=Severity.ERROR,
    check=check,
)
