"""KL005 secret-in-manifest."""

from keylint.api import Finding, Severity, Source, SourceContext, SourceRule, Span, Undecided, secrets_in

BURNT = "delete that key in API Management now and make a new one; once committed it is known, so purge the history too"
DIGEST = f"{BURNT}; if it is a digest, write sha256: in front of it"


def check(source: Source, _ctx: SourceContext) -> list[Finding]:
    """Each stretch in the shape of an API key, a secret or a private key is a finding, which does not repeat it."""
    found = [
        Finding(
            Span(start, end),
            f"the manifest holds what looks like {shape}, {end - start:,} characters long",
            DIGEST if "hexadecimal" in shape else BURNT,
        )
        for start, end, shape in secrets_in(source.text)
    ]
    unread = not source.text or "\0" in source.text or "\ufffd" in source.text  # too large, or in another encoding
    if not found and source.fault is not None and unread:
        reason = "manifest-broken"
        raise Undecided(reason, "not judged until the manifest is valid")
    return found


RULE = SourceRule(
    code="KL005",
    name="secret-in-manifest",
    summary="Something shaped like an API key, an API secret or a private key stands in the manifest",
    severity=Severity.ERROR,
    check=check,
)
