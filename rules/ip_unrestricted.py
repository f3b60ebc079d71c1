"""KL301 ip-unrestricted."""

from keylint.api import BOTH_SIDES, NOT_APPLICABLE, Context, Finding, Key, KeyRule, NotApplicable, Severity


def check(key: Key, _ctx: Context) -> Finding | NotApplicable | None:
    """A key that any address may use is a finding; of a bot without a fixed address KL302 speaks."""
    if key.restricted:
        return None
    # Whoever its bots are, the key is open: a bot that is not in the manifest leaves no doubt about that.
    if key.ip_third_party is None and not all(bot.static_ip for bot in key.bots_found):
        return NOT_APPLICABLE
    if key.reads_only:
        message = "can be used from any address"
    elif "spot" in key.permissions:
        message = (
            "can be used from any address; Binance ends its spot trading after 30 days, and its screen says that "
            "such a key will be deleted"
        )
    else:
        message = "can be used from any address; Binance's screen says that such a key will be deleted"
    return Finding(
        key.at("ip_allowlist"),
        message,
        'choose "Restrict access to trusted IPs only" in API Management and list the addresses of its bot',
        Severity.WARNING if key.reads_only else Severity.ERROR,
    )


RULE = KeyRule(
    code="KL301",
    name="ip-unrestricted",
    summary="Any address may use the key",
    severity=Severity.ERROR,
    check=check,
    sides=BOTH_SIDES,
)
