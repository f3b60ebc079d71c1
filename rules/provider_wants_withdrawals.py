"""KL701 provider-wants-withdrawals."""

from keylint.api import NOT_APPLICABLE, Context, Finding, NotApplicable, Provider, ProviderRule, Severity


def check(provider: Provider, _ctx: Context) -> Finding | NotApplicable | None:
    """No platform that trades needs a key that can withdraw, so one that asks for it is a finding."""
    if provider.asks_for is None:
        return NOT_APPLICABLE
    if "withdraw" not in provider.asks_for:
        return None
    return Finding(
        provider.at("asks_for", "withdraw"),
        "asks for keys that can withdraw",
        "give it none: move its bots to a platform that trades without, and delete the keys that it holds",
    )


RULE = ProviderRule(
    code="KL701",
    name="provider-wants-withdrawals",
    summary="The platform asks for keys that can withdraw",
    severity=Severity.ERROR,
    check=check,
)
