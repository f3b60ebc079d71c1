"""KL305 ip-not-listed."""

from collections.abc import Iterator

from keylint.api import (
    BOTH_SIDES,
    NOT_APPLICABLE,
    Bot,
    Context,
    Finding,
    Key,
    KeyRule,
    Outcome,
    Severity,
    Undecided,
    breadth,
    common,
    merged,
    networks,
)

SHOWN = 3


def check(key: Key, _ctx: Context) -> Outcome:
    """Each running bot whose egress addresses are not on the key's list, none of them or only some, is a finding."""
    listed = key.ip_allowlist
    if not listed or key.ip_third_party is not None:
        return NOT_APPLICABLE
    found, asked, doubt = [], False, None
    for bot in key.bots:
        if bot.status != "active":
            continue
        try:
            egress = bot.egress_ips
        except Undecided as undecided:  # what is certain of the others is said all the same
            doubt = undecided
            continue
        if egress:
            asked = True
            if egress != listed and (finding := _refused(key, bot)) is not None:
                found.append(finding)
    if doubt is not None:
        return _before(doubt, found)
    return (found or None) if asked else NOT_APPLICABLE


def _before(doubt: Undecided, found: list[Finding]) -> Iterator[Finding]:
    yield from found
    raise doubt


def _refused(key: Key, bot: Bot) -> Finding | None:
    """The finding for a bot that Binance will refuse from some of its addresses, or from all."""
    listed, egress = merged(key.networks), networks(bot.egress_ips)
    total, held = breadth(egress), sum(common(one, listed) for one in merged(egress))
    if held == total:
        return None
    refused = [
        text
        for text, one in dict(zip(bot.egress_ips, egress, strict=True)).items()
        if common(one, listed) < breadth((one,))
    ]
    said = ", ".join(refused[:SHOWN]) + (f" and {len(refused) - SHOWN} more" if len(refused) > SHOWN else "")
    if not held:
        message, severity = (
            f"lists no address of {bot}, which calls from {said}: Binance will refuse it",
            Severity.ERROR,
        )
    else:
        message = f"lists {held:,} of the {total:,} addresses of {bot}: Binance will refuse it from {said}"
        severity = Severity.WARNING
    # Of a shared key each bot may have its finding, and each finding its own place.
    at = key.at("ip_allowlist") if len(key.bots) == 1 else key.at("bots", bot.id)
    return Finding(at, message, "add what is missing to the trusted IPs in API Management", severity)


RULE = KeyRule(
    code="KL305",
    name="ip-not-listed",
    summary="The key's IP list lacks an address from which its bot calls Binance",
    severity=Severity.ERROR,
    check=check,
    sides=BOTH_SIDES,
)
