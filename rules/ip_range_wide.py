"""KL303 ip-range-wide."""

from keylint.api import (
    BOTH_SIDES,
    NOT_APPLICABLE,
    Context,
    Finding,
    Key,
    KeyRule,
    NotApplicable,
    Severity,
    breadth,
    whole,
)

GRAVE = 65_536


def check(key: Key, ctx: Context) -> Finding | NotApplicable | None:
    """A list that covers more addresses than the policy allows, or all there are, is a finding."""
    if not key.ip_allowlist:
        return NOT_APPLICABLE
    allowed = ctx.policy.network.max_addresses
    for entry in key.ip_allowlist:
        if "/" in entry:
            break
    else:
        if len(key.ip_allowlist) <= allowed:
            return None
    listed = key.networks
    size = breadth(listed)
    version = whole(listed)
    if version is None and size <= allowed:
        return None
    covers = f"{size:,} addresses" if version is None else f"every IPv{version} address"
    return Finding(
        key.at("ip_allowlist"),
        f"has an IP list that covers {covers}; the policy allows {allowed:,}",
        "list the very addresses from which the bot calls Binance, one by one",
        Severity.ERROR if size >= GRAVE else Severity.WARNING,
    )


RULE = KeyRule(
    code="KL303",
    name="ip-range-wide",
    summary="The key's IP list covers more addresses than the policy allows",
    severity=Severity.WARNING,
    check=check,
    sides=BOTH_SIDES,
)
