"""KL504 withdrawal-allowlist-off."""

from keylint.api import NOT_APPLICABLE, Account, AccountRule, Context, Finding, NotApplicable, Severity


def check(account: Account, _ctx: Context) -> Finding | NotApplicable | None:
    """An account whose withdrawal allowlist is declared off is a finding, on the account that says so."""
    word = account.withdrawal_allowlist
    if word is None or "withdrawal_allowlist" in account.inherits:
        return NOT_APPLICABLE
    if word.enabled:
        return None
    return Finding(
        account.at("withdrawal_allowlist", "enabled"),
        f"lets withdrawals go to any address: its allowlist is off, by the word of {word.by} on {word.attested}",
        'enable "Withdrawal Whitelist" under Settings, Withdrawal in Binance, then set enabled = true',
    )


RULE = AccountRule(
    code="KL504",
    name="withdrawal-allowlist-off",
    summary="The account lets withdrawals go to any address",
    severity=Severity.WARNING,
    check=check,
)
