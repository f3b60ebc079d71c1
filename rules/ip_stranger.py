"""KL306 ip-stranger."""

from keylint.api import (
    BOTH_SIDES,
    NOT_APPLICABLE,
    Context,
    Finding,
    Key,
    KeyRule,
    Network,
    NotApplicable,
    Severity,
    breadth,
    common,
    merged,
    networks,
    unroutable,
)


def check(key: Key, ctx: Context) -> list[Finding] | NotApplicable | None:
    """Each entry of the list that is none of its bots' egress addresses nor of the account's own is a finding."""
    listed = key.ip_allowlist
    if not listed or key.ip_third_party is not None or not (bots := key.bots):
        return NOT_APPLICABLE
    known: tuple[str, ...] = ()
    for bot in bots:
        egress = bot.egress_ips
        if not egress:
            return NOT_APPLICABLE
        known += egress
    if listed == known or set(listed).issubset(known):
        return None
    ours = merged(networks(known + key.account.admin_ips))
    who = " or ".join(f"{bot}" for bot in bots)
    return [
        Finding(
            key.at("ip_allowlist", entry),
            f"lists {entry}, {strange} neither to {who} nor to the admin_ips of {key.account}",
            "take it off the trusted IPs in API Management, or name it where it belongs: egress_ips or admin_ips",
        )
        for entry, one in dict(zip(listed, key.networks, strict=True)).items()
        if (strange := _strange(entry, one, ours, ctx)) is not None
    ]


def _strange(entry: str, one: Network, ours: list[Network], ctx: Context) -> str | None:
    """Which part of an entry is not ours; None where that is nothing, or where KL303 or KL304 speaks of it."""
    size, held = breadth((one,)), common(one, ours)
    if not held:
        return "which belongs" if unroutable(entry) is None else None
    if held < size <= ctx.policy.network.max_addresses:
        return f"{size - held} of whose {size} addresses belong"
    return None


RULE = KeyRule(
    code="KL306",
    name="ip-stranger",
    summary="The key's IP list holds an address that is not one of ours",
    severity=Severity.WARNING,
    check=check,
    sides=BOTH_SIDES,
)
