"""KL503 account-unattested."""

from keylint.api import (
    NOT_APPLICABLE,
    Account,
    AccountRule,
    Context,
    Finding,
    NotApplicable,
    Severity,
    TwoFactor,
    Undecided,
    WithdrawalAllowlist,
    days,
)

LINES = {
    "two_factor": 'two_factor = {{ methods = ["authenticator"], attested = {}, by = "you" }}',
    "withdrawal_allowlist": 'withdrawal_allowlist = {{ enabled = true, attested = {}, by = "you" }}',
}


def check(account: Account, ctx: Context) -> list[Finding] | NotApplicable:
    """Somebody must have vouched for both, and not too long ago; a sub-account may leave it to its master."""
    words, limit = _own(account), ctx.policy.attestation.max_age_days
    if not words:
        return NOT_APPLICABLE
    findings, missing = [], [field for field, word in words.items() if word is None]
    if missing:
        lines = " and ".join(LINES[field].format(ctx.today) for field in missing)
        table = "" if account.written else f"[{account}] with "
        way = f"look in Binance, then add {table}{lines} as you find it; it is noted, never checked"
        findings.append(Finding(account.at(missing[0]), f"has nobody's word on {' and '.join(missing)}", way))
    for field, word in words.items():
        age = 0 if word is None else ctx.age(word.attested)
        if word is not None and not -1 <= age <= limit:  # a day of grace: it may be tomorrow where they sit
            when = f"{days(age)} ago; the policy allows {limit}" if age > 0 else f"{days(-age)} from now"
            way = f"look in Binance, then set attested = {ctx.today} and your name; it is noted, never checked"
            message = f"had its {field} attested {word.attested}, {when}"
            findings.append(Finding(account.at(field, "attested"), message, way))
    return findings


def _own(account: Account) -> dict[str, TwoFactor | WithdrawalAllowlist | None]:
    """The words that the account itself must give; the others are its master's."""
    words = {"two_factor": account.two_factor, "withdrawal_allowlist": account.withdrawal_allowlist}
    if not account.master_found and None in words.values():
        message = f"{account} leaves it to accounts.{account.master}, which is no master account of this manifest"
        raise Undecided(reason="unknown-reference", message=message)
    return {field: word for field, word in words.items() if field not in account.inherits}


RULE = AccountRule(
    code="KL503",
    name="account-unattested",
    summary="Nobody vouches for the account's second factor and withdrawal allowlist",
    severity=Severity.WARNING,
    check=check,
)
