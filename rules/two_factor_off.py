"""KL501 two-factor-off."""

from keylint.api import NOT_APPLICABLE, Account, AccountRule, Context, Finding, NotApplicable, Severity


def check(account: Account, _ctx: Context) -> Finding | NotApplicable | None:
    """An account declared to ask for no second factor is a finding, on the account that says so."""
    word = account.two_factor
    if word is None or "two_factor" in account.inherits:
        return NOT_APPLICABLE
    if word.methods:
        return None
    return Finding(
        account.at("two_factor", "methods"),
        f"has no second factor, by the word of {word.by} on {word.attested}",
        'add a passkey under "Passkeys (Biometrics)" in Security, or an authenticator, then name it in methods',
    )


RULE = AccountRule(
    code="KL501",
    name="two-factor-off",
    summary="The account asks for no second factor",
    severity=Severity.ERROR,
    check=check,
)
