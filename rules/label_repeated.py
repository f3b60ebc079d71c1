"""KL206 label-repeated."""

from keylint.api import BOTH_SIDES, NOT_APPLICABLE, Context, Finding, Key, KeyRule, NotApplicable, Severity

NAMED = 3


def check(key: Key, ctx: Context) -> Finding | NotApplicable | None:
    """No other key of its account, disabled ones included, bears its label."""
    label = key.label
    if not label:
        return NOT_APPLICABLE  # KL205 speaks
    account, borne = key.account.id, ctx.manifest.keys_by_label
    alike = borne.get((account, label), ())
    if len(alike) <= 1 and ctx.manifest.dangling:
        alike += borne.get((None, label), ())  # of an unknown account: asking for it leaves this undecided
    if len(alike) == 1 and alike[0].id == key.id:
        return None
    others = [str(other) for other in alike[: NAMED + 2] if other.id != key.id and other.account.id == account]
    if not others or label.isspace():
        return None
    named = ", ".join(others[:NAMED]) + (" and others" if len(others) > NAMED else "")
    return Finding(
        key.at("label"),
        f'has the label "{label}", and so has {named}',
        "give each key its own label in API Management and here, so that nobody deletes the wrong one",
    )


RULE = KeyRule(
    code="KL206",
    name="label-repeated",
    summary="Another key of the account bears the same label",
    severity=Severity.WARNING,
    check=check,
    sides=BOTH_SIDES,
)
