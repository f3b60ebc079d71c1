"""KL951 waiver-unused."""

from keylint.api import NOT_APPLICABLE, Books, BooksRule, Context, Finding, NotApplicable, Severity


def check(books: Books, ctx: Context) -> list[Finding] | NotApplicable:
    """A waiver of a rule that was judged, and that waives nothing there, is a finding."""
    if not books.waivers:
        return NOT_APPLICABLE
    found = []
    for waiver, code, waivable, judged, used in books.waivers:
        if code is None or not judged:
            continue
        ended = not waiver.in_force(ctx.today)
        if not waivable:
            why = f"{code} cannot be waived"
        elif not used:
            why = f"{code} finds nothing on {waiver.on}"
        elif ended and (newer := ctx.waived(code, waiver.on)):
            why = f"{newer} is in force for {code} on {waiver.on}"
        else:
            continue
        past = f"ended on {waiver.until} and " if ended else ""
        found.append(Finding(waiver.at("rule"), f"{past}waives nothing: {why}", "delete the waiver"))
    return found


RULE = BooksRule(
    code="KL951",
    name="waiver-unused",
    summary="The waiver waives nothing",
    severity=Severity.WARNING,
    check=check,
)
