"""KL702 provider-without-addresses."""

from keylint.api import Context, Finding, Provider, ProviderRule, Severity


def check(provider: Provider, _ctx: Context) -> Finding | None:
    """A platform must publish the addresses it calls Binance from, or none of its keys can be bound to them."""
    if provider.egress_ips:
        return None
    return Finding(
        provider.at("egress_ips"),
        "publishes no address from which it calls Binance, so that no IP list can be written for its keys",
        "ask the platform for its fixed addresses and put them into egress_ips",
    )


RULE = ProviderRule(
    code="KL702",
    name="provider-without-addresses",
    summary="The platform publishes no address from which it calls Binance",
    severity=Severity.WARNING,
    check=check,
)
