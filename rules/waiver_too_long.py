"""KL952 waiver-too-long."""

from keylint.api import NOT_APPLICABLE, Books, BooksRule, Context, Finding, NotApplicable, Severity


def check(books: Books, ctx: Context) -> list[Finding] | NotApplicable:
    """A waiver whose last day is further away than the policy lets a waiver run is a finding."""
    if not books.waivers:
        return NOT_APPLICABLE
    allowed = ctx.policy.waiver.max_days
    found = []
    for waiver in ctx.manifest.waivers:
        ahead = -ctx.age(waiver.until)
        if ahead > allowed:
            message = f"runs until {waiver.until}, {ahead:,} days from today; the policy allows {allowed}"
            found.append(Finding(waiver.at("until"), message, "shorten it, and look at it again then"))
    return found


RULE = BooksRule(
    code="KL952",
    name="waiver-too-long",
    summary="The waiver runs longer than the policy lets a waiver run",
    severity=Severity.ERROR,
    check=check,
)
