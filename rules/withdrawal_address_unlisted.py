"""KL506 withdrawal-address-unlisted."""

from keylint.api import (
    NOT_APPLICABLE,
    Account,
    Context,
    Finding,
    LiveAccount,
    LiveAccountRule,
    NotApplicable,
    Severity,
    Undecided,
)

NAMED = 3


def check(account: Account, live: LiveAccount, _ctx: Context) -> Finding | NotApplicable | None:
    """Where the withdrawal allowlist is declared on, every saved address is on it; one finding an account."""
    word = account.withdrawal_allowlist
    if word is None and not account.master_found:
        message = f"{account} leaves it to accounts.{account.master}, which is no master account of this manifest"
        raise Undecided(reason="unknown-reference", message=message)
    if word is None or not word.enabled:
        return NOT_APPLICABLE  # KL503 or KL504 speaks
    addresses = live.withdrawal_addresses
    unlisted = addresses.unlisted
    if not unlisted:
        return None
    named = ", ".join(unlisted[:NAMED]) + (f" and {len(unlisted) - NAMED} more" if len(unlisted) > NAMED else "")
    number = f"{len(unlisted)} of its {addresses.saved} saved addresses {'is' if len(unlisted) == 1 else 'are'}"
    return Finding(
        account.at("withdrawal_allowlist", "enabled"),
        f"has its withdrawal allowlist on, by the word of {word.by}, and {number} not on it: {named}",
        "in Address Management put each address on the allowlist, or delete it if nobody knows it",
        live=f"whiteStatus = false for {len(unlisted)} of {addresses.saved}",
        seen=live.look("withdrawal-addresses").at,
    )


RULE = LiveAccountRule(
    code="KL506",
    name="withdrawal-address-unlisted",
    summary="The withdrawal allowlist is on, and a saved address is not on it",
    severity=Severity.WARNING,
    check=check,
)
