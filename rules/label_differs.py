"""KL907 label-differs."""

from keylint.api import NOT_APPLICABLE, Context, Finding, Key, LiveKey, LiveKeyRule, NotApplicable, Severity


def check(declared: Key, live: LiveKey, ctx: Context) -> Finding | NotApplicable | None:
    """A key bears the declared label, where Binance shows labels: in a master's list of its sub-accounts' keys."""
    if declared.label is None:
        return NOT_APPLICABLE  # KL205 speaks
    if live.listed is None:
        if live.unasked or ctx.live is None:
            return NOT_APPLICABLE
        _ = ctx.live.accounts[declared.account.id].listed_keys  # raises what it is that keeps keylint from a list
    label = live.label
    if label == declared.label:
        return None
    return Finding(
        declared.at("label"),
        f'is labelled "{label}", and not "{declared.label}"' if label else f'has no label, and not "{declared.label}"',
        "give it one label in API Management and here, so that nobody deletes the wrong key",
    )


RULE = LiveKeyRule(
    code="KL907",
    name="label-differs",
    summary="The key bears another label than is declared",
    severity=Severity.WARNING,
    check=check,
)
