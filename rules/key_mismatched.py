"""KL908 key-mismatched."""

from keylint.api import NOT_APPLICABLE, Context, Finding, Key, LiveKey, LiveKeyRule, NotApplicable, Severity


def check(declared: Key, live: LiveKey, _ctx: Context) -> Finding | NotApplicable | None:
    """The credentials that are given for a key have the fingerprint that is declared."""
    if declared.fingerprint is None or live.unasked:
        return NOT_APPLICABLE
    used = live.fingerprint_used
    if used == declared.fingerprint:
        return None
    return Finding(
        declared.at("fingerprint"),
        f"is {declared.fingerprint}, and the credentials given for it are those of {used}",
        "give the credentials of the key that is meant; if it was replaced, declare the new key under an id of its own",
    )


RULE = LiveKeyRule(
    code="KL908",
    name="key-mismatched",
    summary="The credentials given for the key are those of another one",
    severity=Severity.ERROR,
    check=check,
)
