"""KL904 created-differs."""

from keylint.api import NOT_APPLICABLE, Context, Finding, Key, LiveKey, LiveKeyRule, NotApplicable, Severity, days


def check(declared: Key, live: LiveKey, _ctx: Context) -> Finding | NotApplicable | None:
    """A key that was created on another day than is declared is another key; one day is left for time zones."""
    if live.unasked:
        return NOT_APPLICABLE
    apart = (live.created - declared.created).days
    if abs(apart) <= 1:
        return None
    return Finding(
        declared.at("created"),
        f"was created {live.created}, {days(abs(apart))} {'after' if apart > 0 else 'before'} the declared day "
        f"({declared.created}): this is another key, or the date is wrong",
        "compare label and day in API Management; if the key was replaced, declare the new one under an id of its own",
    )


RULE = LiveKeyRule(
    code="KL904",
    name="created-differs",
    summary="The key was created on another day than is declared",
    severity=Severity.ERROR,
    check=check,
)
