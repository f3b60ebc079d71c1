"""KL953 baseline-stale."""

from keylint.api import NOT_APPLICABLE, Books, BooksRule, Context, Finding, NotApplicable, Place, Severity


def check(books: Books, _ctx: Context) -> list[Finding] | NotApplicable:
    """An entry of the baseline whose rule was judged, and which accepts nothing, is a finding."""
    if not books.baseline:
        return NOT_APPLICABLE
    return [
        Finding(
            Place((), use.entry.fingerprint),
            f"the baseline holds {use.entry.fingerprint} since {use.entry.since}, "
            + ("which is gone" if use.acceptable else f"and {use.entry.code} cannot be accepted"),
            "`keylint baseline prune` takes it out of the baseline",
        )
        for use in books.baseline
        if use.stale
    ]


RULE = BooksRule(
    code="KL953",
    name="baseline-stale",
    summary="The baseline holds a finding that is gone",
    severity=Severity.WARNING,
    check=check,
)
