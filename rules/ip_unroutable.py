"""KL304 ip-unroutable."""

from keylint.api import (
    BOTH_SIDES,
    NOT_APPLICABLE,
    Context,
    Finding,
    Key,
    KeyRule,
    NotApplicable,
    Severity,
    unroutable,
)


def check(key: Key, _ctx: Context) -> list[Finding] | NotApplicable | None:
    """Each entry of the list that is wholly of a kind which Binance can never see is a finding."""
    if not key.ip_allowlist:
        return NOT_APPLICABLE
    for entry in key.ip_allowlist:
        if unroutable(entry) is not None:
            break
    else:
        return None
    return [
        Finding(
            key.at("ip_allowlist", entry),
            f"lists {entry}, which is {kind}: Binance never sees such an address",
            "list the public address from which the bot reaches the internet",
        )
        for entry in dict.fromkeys(key.ip_allowlist)
        if (kind := unroutable(entry)) is not None
    ]


RULE = KeyRule(
    code="KL304",
    name="ip-unroutable",
    summary="The key's IP list holds an address that Binance can never see",
    severity=Severity.ERROR,
    check=check,
    sides=BOTH_SIDES,
)
