"""KL903 ip-restriction-differs."""

from collections.abc import Sequence

from keylint.api import (
    ACTIVE,
    NOT_APPLICABLE,
    Context,
    Finding,
    Key,
    LiveKey,
    LiveKeyRule,
    Network,
    NotApplicable,
    NotShown,
    Severity,
    breadth,
    common,
    merged,
    network,
    networks,
)

SHOWN = 3


def check(declared: Key, live: LiveKey, _ctx: Context) -> Finding | NotApplicable | None:
    """The addresses that may use a key are those that are declared: all, some, and where Binance shows it, which."""
    if not declared.restricted:
        return _tighter(declared) if live.restricted else None
    if not live.restricted:
        return _open(declared)
    if declared.ip_third_party is not None:
        return NOT_APPLICABLE  # the platform's addresses are its own affair
    try:
        listed = live.ip_allowlist
    except NotShown:
        return None  # that there is a list is all that Binance shows, and it is true
    extra = _outside(listed, merged(declared.networks))
    missing = _outside(declared.ip_allowlist, merged(networks(listed)))
    if not extra and not missing:
        return None
    differs = [
        f"{verb} {_some(addresses)}" for verb, addresses in (("lets in", extra), ("shuts out", missing)) if addresses
    ]
    return Finding(
        declared.at("ip_allowlist"),
        f"{' and '.join(differs)}, against what is declared",
        "find out who changed the trusted IPs; then make them and ip_allowlist the same",
    )


def _open(declared: Key) -> Finding:
    platform = declared.ip_third_party
    bound = f"the addresses of {platform}" if platform is not None else _some(declared.ip_allowlist)
    return Finding(
        declared.at("ip_allowlist" if platform is None else "ip_third_party"),
        f"is declared bound to {bound}, and can be used from any address",
        'choose "Restrict access to trusted IPs only" in API Management and list its addresses',
        live="ipRestrict = false",
    )


def _tighter(declared: Key) -> Finding:
    return Finding(
        declared.at("ip_allowlist"),
        "is declared open to any address, and only some can use it",
        "write the trusted IPs of API Management into ip_allowlist, so that they can be judged",
        Severity.WARNING,
    )


def _outside(addresses: Sequence[str], ranges: Sequence[Network]) -> list[str]:
    """Those of `addresses` that do not lie in `ranges` altogether."""
    return [
        text
        for text in dict.fromkeys(addresses)
        if (one := network(text)) is None or common(one, ranges) < breadth((one,))
    ]


def _some(addresses: Sequence[str]) -> str:
    more = f" and {len(addresses) - SHOWN} more" if len(addresses) > SHOWN else ""
    return ", ".join(addresses[:SHOWN]) + more


RULE = LiveKeyRule(
    code="KL903",
    name="ip-restriction-differs",
    summary="Other addresses may use the key than is declared",
    severity=Severity.ERROR,
    check=check,
    statuses=ACTIVE,  # of a disabled key KL909 speaks
)
