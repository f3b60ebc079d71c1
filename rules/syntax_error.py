"""KL001 syntax-error."""

from keylint.api import Finding, Severity, Source, SourceContext, SourceRule, Span


def check(source: Source, _ctx: SourceContext) -> Finding | None:
    """A text that is no TOML, not UTF-8, too large or too deep is a finding, at the character where that shows."""
    fault = source.fault
    if fault is None:
        return None
    at_line_end = source.text[fault.offset : fault.offset + 1] in {"", "\r", "\n"}
    span = Span(fault.offset, fault.offset + (not at_line_end))
    return Finding(span, f"the manifest {fault.message}", fault.help)


RULE = SourceRule(
    code="KL001",
    name="syntax-error",
    summary="The manifest is not a text that keylint can read",
    severity=Severity.ERROR,
    check=check,
)
