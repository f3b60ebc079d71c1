"""KL950 waiver-expired."""

from keylint.api import NOT_APPLICABLE, Books, BooksRule, Context, Finding, NotApplicable, Severity, days


def check(books: Books, ctx: Context) -> list[Finding] | NotApplicable:
    """A waiver past its last day is a finding; one that would waive nothing any more is left to KL951."""
    if not books.waivers:
        return NOT_APPLICABLE
    found = []
    for waiver, code, waivable, judged, used in books.waivers:
        if code is None or waiver.in_force(ctx.today) or ctx.waived(code, waiver.on):
            continue
        if judged and not (used and waivable):
            continue
        age = ctx.age(waiver.until)
        now = f"{code} on {waiver.on} counts again" if judged else f"{code} on {waiver.on} was not judged here"
        found.append(
            Finding(
                waiver.at("until"),
                f"ended on {waiver.until}, {days(age)} ago; {now}",
                "mend the cause and delete the waiver; or somebody accepts it anew, and writes down until when",
            )
        )
    return found


RULE = BooksRule(
    code="KL950",
    name="waiver-expired",
    summary="The last day of the waiver has passed",
    severity=Severity.ERROR,
    check=check,
)
