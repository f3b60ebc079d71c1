"""KL909 disabled-key-alive."""

from keylint.api import (
    NOT_APPLICABLE,
    PERMISSION,
    READING,
    Context,
    Finding,
    Key,
    LiveKey,
    LiveKeyRule,
    NotApplicable,
    Severity,
    Undecided,
    ordered,
)


def check(declared: Key, live: LiveKey, _ctx: Context) -> Finding | NotApplicable | None:
    """A key that is declared disabled, and that Binance lets do more than read, is a finding."""
    if live.unasked and not (live.answered and _certain(live)):
        return NOT_APPLICABLE
    beyond = live.permissions - READING
    if not beyond:
        return None
    certain = _certain(live)
    return Finding(
        declared.at("status"),
        f"is declared disabled since {declared.disabled}, and still has {', '.join(ordered(certain or beyond))}",
        "delete the key in API Management, or untick every box but reading",
        live=", ".join(f"{PERMISSION[token].field} = true" for token in ordered(certain)),
    )


def _certain(live: LiveKey) -> frozenset[str]:
    """What it can do besides reading, but for what is in doubt: a finding that names these alone is certain."""
    flags = live.facts.flags
    beyond = live.permissions - READING
    return frozenset(token for token in beyond if not isinstance(flags[PERMISSION[token].field], Undecided))


RULE = LiveKeyRule(
    code="KL909",
    name="disabled-key-alive",
    summary="The key is declared disabled and can still do more than read",
    severity=Severity.ERROR,
    check=check,
    statuses=frozenset({"disabled"}),
)
