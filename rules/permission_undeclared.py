"""KL901 permission-undeclared."""

from keylint.api import ACTIVE, PERMISSION, Context, Finding, Key, LiveKey, LiveKeyRule, Severity, ordered


def check(declared: Key, live: LiveKey, _ctx: Context) -> list[Finding]:
    """Each permission that Binance shows and the manifest does not declare is a finding; of withdraw KL101 speaks."""
    known = declared.permissions | {"withdraw"}
    if "read" in known:
        known |= {"fix-read"}  # the same reading by another protocol
    return [
        Finding(
            declared.at("permissions", token),
            f"has {token} ({PERMISSION[token].risk} risk), which is not declared",
            f'untick "{PERMISSION[token].label}" in API Management; if it is meant, put "{token}" into permissions',
        )
        for token in ordered(live.permissions - known)
    ]


RULE = LiveKeyRule(
    code="KL901",
    name="permission-undeclared",
    summary="The key can do more than is declared",
    severity=Severity.ERROR,
    check=check,
    statuses=ACTIVE,  # of a disabled key KL909 speaks
)
