"""KL704 provider-opaque."""

from keylint.api import Context, Finding, Provider, ProviderRule, Severity


def check(provider: Provider, _ctx: Context) -> list[Finding]:
    """An open platform refuses keys that can withdraw, publishes its changes and says how it stores keys."""
    findings = []
    if not provider.rejects_withdrawals and "withdraw" not in (provider.asks_for or ()):  # of such a one KL701 speaks
        said = "does not say that it refuses" if provider.rejects_withdrawals is None else "does not refuse"
        findings.append(
            Finding(
                provider.at("rejects_withdrawals"),
                f"{said} keys that can withdraw",
                "look it up, or ask; set rejects_withdrawals = true where it refuses them",
            )
        )
    if provider.changelog is None:
        findings.append(
            Finding(
                provider.at("changelog"),
                "publishes no changelog",
                "look for its releases page and put that address into changelog",
            )
        )
    if provider.storage is None:
        findings.append(
            Finding(
                provider.at("storage"),
                "says nothing of how it stores keys",
                "look it up, or ask; put what it says into storage",
            )
        )
    return findings


RULE = ProviderRule(
    code="KL704",
    name="provider-opaque",
    summary="The platform keeps to itself how it handles keys",
    severity=Severity.NOTE,
    check=check,
)
