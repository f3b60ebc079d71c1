"""KL954 policy-loosened."""

from keylint.api import NOT_APPLICABLE, Books, BooksRule, Context, Finding, NotApplicable, Place, Severity


def check(books: Books, _ctx: Context) -> list[Finding] | NotApplicable:
    """A threshold of the manifest that is looser than the organisation's is a finding, where it is set."""
    if books.loosened is None:
        return NOT_APPLICABLE
    found = []
    for table, field, direction, stated, allowed, used, beyond in books.loosened:
        if beyond:
            more = ", ".join(beyond)
            message = f"accepts {more}, which the organisation's policy does not; what counts is {', '.join(used)}"
            way = f"take {more} out of {field}"
        else:
            least = "at least" if direction == "higher" else "at most"
            message = f"sets {field} to {stated}; the organisation's policy has {allowed} {least}, and that counts"
            way = f"set it to {allowed} or stricter, or leave it out"
        found.append(Finding(Place(("policy", table, field)), message, way))
    return found


RULE = BooksRule(
    code="KL954",
    name="policy-loosened",
    summary="The manifest's policy is looser than the organisation's",
    severity=Severity.ERROR,
    check=check,
)
