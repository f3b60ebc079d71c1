"""KL902 permission-absent."""

from keylint.api import ACTIVE, PERMISSION, Context, Finding, Key, LiveKey, LiveKeyRule, Severity, ordered


def check(declared: Key, live: LiveKey, _ctx: Context) -> list[Finding]:
    """Each permission that is declared and that Binance does not show is a finding."""
    return [
        Finding(
            declared.at("permissions", token),
            f"lacks {token}, which is declared",
            f'if the bot needs it, tick "{PERMISSION[token].label}" in API Management; else take it out of permissions',
        )
        for token in ordered(declared.permissions - live.permissions)
    ]


RULE = LiveKeyRule(
    code="KL902",
    name="permission-absent",
    summary="The key cannot do what is declared",
    severity=Severity.WARNING,
    check=check,
    statuses=ACTIVE,  # a key is disabled by taking its permissions
)
