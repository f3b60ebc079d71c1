"""KL102 permission-unneeded."""

from keylint.api import (
    BOTH_SIDES,
    NOT_APPLICABLE,
    PERMISSION,
    READING,
    TRADING,
    TRANSFERS,
    Context,
    Finding,
    Key,
    KeyRule,
    NotApplicable,
    Severity,
    ordered,
)

ELSEWHERE = TRANSFERS | {"withdraw"}  # of these speak KL104 and KL101


def check(key: Key, _ctx: Context) -> list[Finding] | NotApplicable | None:
    """A key has no permission that the kinds and needs of its bots do not call for."""
    allowed = key.allowed
    if key.permissions <= allowed:
        return None
    if key.role == "inventory":
        users, do, looks = "an inventory key", "does", True
    else:
        bots = key.bots
        if not bots or (not allowed and any("native" in bot.kinds for bot in bots)):
            return NOT_APPLICABLE  # nothing of it is needed, as KL204 or KL105 says
        users = " and ".join(dict.fromkeys(f"{bot} ({', '.join(bot.kinds)})" for bot in bots))
        do = "do" if " and " in users else "does"
        looks = bool(allowed) and allowed <= READING
    findings = []
    for token in ordered(key.permissions - allowed - ELSEWHERE):
        message = f"has {token}, which {users} {do} not call for"
        if looks and token in TRADING:
            message += ": a read-only tool that can trade"
        way = f'untick "{PERMISSION[token].label}" in API Management'
        if not allowed:
            way = "delete the key in API Management; what uses it needs none"
        elif not looks:
            way += f'; if a bot does need it, put "{token}" into its needs and say because'
        findings.append(Finding(key.at("permissions", token), message, way))
    return findings


RULE = KeyRule(
    code="KL102",
    name="permission-unneeded",
    summary="The key can do more than its bots call for",
    severity=Severity.ERROR,
    check=check,
    sides=BOTH_SIDES,
)
