"""KL109 withdrawals-unguarded."""

from collections.abc import Iterator

from keylint.api import (
    BOTH_SIDES,
    NOT_APPLICABLE,
    Account,
    Context,
    Finding,
    Key,
    KeyRule,
    Outcome,
    Severity,
    Undecided,
    days,
)


def check(key: Key, ctx: Context) -> Outcome:
    """A key that may withdraw by a waiver is held by an IP list and by its account's withdrawal allowlist."""
    if "withdraw" not in key.permissions:
        return None
    waiver = ctx.waived("KL101", key)
    if waiver is None:
        return NOT_APPLICABLE  # KL101 speaks
    return _loose(key, ctx, f"can withdraw by a waiver until {waiver.until}, and")


def _loose(key: Key, ctx: Context, waived: str) -> Iterator[Finding]:
    doubt = None
    try:
        anywhere = key.open
    except Undecided as undecided:  # what the account lacks is certain all the same
        anywhere, doubt = False, undecided
    if anywhere:
        way = 'choose "Restrict access to trusted IPs only" in API Management and list the addresses of its bot'
        yield Finding(key.at("ip_allowlist"), f"{waived} any address may use it", way)
    lack = _lack(key.account, ctx)
    if lack:
        way = f"switch the withdrawal allowlist on in Binance, then attest it: withdrawal_allowlist of {key.account}"
        yield Finding(key.at("permissions", "withdraw"), f"{waived} {lack}", way)
    if doubt is not None:
        raise doubt


def _lack(account: Account, ctx: Context) -> str:
    """Why the withdrawal allowlist does not count as attested to be on; "" where it does."""
    word, limit = account.withdrawal_allowlist, ctx.policy.attestation.max_age_days
    its = f"the withdrawal allowlist of {account}"
    if word is None:
        if not account.master_found:
            message = f"{account} leaves it to accounts.{account.master}, which is no master account of this manifest"
            raise Undecided(reason="unknown-reference", message=message)
        return f"nobody attests {its}"
    if not word.enabled:
        return f"{its} is off"
    age = ctx.age(word.attested)
    if age > limit:
        return f"{its} was attested {word.attested}, {days(age)} ago; the policy allows {limit}"
    # A day of grace: it may be tomorrow where they sit.
    return "" if age >= -1 else f"{its} is attested for {word.attested}, {days(-age)} from now"


RULE = KeyRule(
    code="KL109",
    name="withdrawals-unguarded",
    summary="The key may withdraw by a waiver, without an IP list or an attested withdrawal allowlist",
    severity=Severity.ERROR,
    check=check,
    waivable=False,
    sides=BOTH_SIDES,
)
