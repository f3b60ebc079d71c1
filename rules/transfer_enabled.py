"""KL104 transfer-enabled."""

from keylint.api import (
    BOTH_SIDES,
    PERMISSION,
    TRANSFERS,
    Context,
    Finding,
    Key,
    KeyRule,
    Severity,
    ordered,
)


def check(key: Key, _ctx: Context) -> list[Finding] | None:
    """A key moves funds only where one of its bots names the transfer in its needs and says because of what."""
    if TRANSFERS.isdisjoint(key.permissions):
        return None
    findings = []
    for token in ordered(key.permissions & TRANSFERS):
        needy = [bot for bot in key.bots if token in bot.needs]
        if any(bot.because and bot.because.strip() for bot in needy):
            continue
        box = f'untick "{PERMISSION[token].label}" in API Management'
        if needy:
            message = f"can move funds ({token}), and {needy[0]}, which needs that, does not say why"
            way = f"say in because of {needy[0]} why it moves funds, or {box}"
        else:
            message = f"can move funds ({token}), which none of its bots names in needs"
            way = f"{box}; if a bot must move funds, say so in its needs and because"
        findings.append(Finding(key.at("permissions", token), message, way))
    return findings


RULE = KeyRule(
    code="KL104",
    name="transfer-enabled",
    summary="The key can move funds, and nobody says why it must",
    severity=Severity.ERROR,
    check=check,
    sides=BOTH_SIDES,
)
