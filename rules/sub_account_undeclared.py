"""KL911 sub-account-undeclared."""

from keylint.api import Account, Context, Finding, LiveAccount, LiveAccountRule, Place, Severity, SubAccount, Undecided

NAMED = 3
MOST = 500


def check(account: Account, live: LiveAccount, ctx: Context) -> Finding | list[Finding]:
    """Each sub-account of a master that the manifest does not give it is a finding."""
    listed, seen = live.sub_accounts, live.look("sub-accounts").at
    # One whose master is not in the manifest may be of this one.
    ours = [it for it in ctx.manifest.accounts.values() if it.master == account.id or not it.master_found]
    hashes = set() if ctx.live is None else {ctx.live.accounts[it.id].email_hash for it in ours}
    strange = [each for each in listed if each.email_hash not in hashes]
    nameless = [f"{it}" for it in ours if it.email is None]
    if strange and nameless:
        return _some(account, strange, nameless)._replace(seen=seen)
    findings = [
        Finding(
            Place(account.at("sub-accounts").path, each.email_hash),
            f"has a sub-account that the manifest does not give it: {each.shown}",
            "give it a table with its master and email, and declare its keys; if nobody knows it, ask who made it",
            live=f"sub-account/list holds {each.shown}",
            seen=seen,
        )
        for each in strange[:MOST]
    ]
    if len(strange) > MOST:
        more = f"has {len(strange) - MOST} more sub-accounts that the manifest does not give it"
        findings.append(findings[0]._replace(at=account.at("sub-accounts"), message=more, live=None))
    return findings


def _some(account: Account, strange: list[SubAccount], nameless: list[str]) -> Finding:
    """The finding where there are more of them than those of which the manifest does not give the e-mail address."""
    which = ", ".join(each.shown for each in strange[:NAMED])
    which += f" and {len(strange) - NAMED} more" if len(strange) > NAMED else ""
    without = ", ".join(nameless[:NAMED]) + (f" and {len(nameless) - NAMED} more" if len(nameless) > NAMED else "")
    if len(strange) <= len(nameless):
        message = f"{account} has sub-accounts ({which}) that may or may not be {without}: give each its email"
        raise Undecided(reason="no-email", message=message)
    return Finding(
        account.at("sub-accounts"),
        f"has {len(strange)} sub-accounts that bear no declared email ({which}); without one the manifest has only "
        f"{len(nameless)} ({without})",
        "give each sub-account in the manifest its email, to see which of these are not in it",
        live=f"sub-account/list holds {which}",
    )


RULE = LiveAccountRule(
    code="KL911",
    name="sub-account-undeclared",
    summary="The master has a sub-account that is not in the manifest",
    severity=Severity.WARNING,
    check=check,
)
