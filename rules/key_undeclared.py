"""KL905 key-undeclared."""

from collections.abc import Iterator

from keylint.api import (
    PERMISSIONS,
    Account,
    Context,
    Finding,
    ListedKey,
    LiveAccount,
    LiveAccountRule,
    LiveKey,
    Place,
    Severity,
    Undecided,
)


def check(account: Account, live: LiveAccount, ctx: Context) -> Iterator[Finding]:
    """Each key of a sub-account that the manifest does not have there is a finding."""
    held = live.listed_keys
    others = [] if ctx.live is None else [key for key in ctx.live.keys.values() if key.account_found != account]
    # A key of a bot that is not in the manifest may be of this account.
    homeless = [key for key in others if key.account_found is None and not key.not_there]
    try:
        undeclared = live.undeclared_keys
        _identified(account, undeclared, homeless)
    except Undecided:
        declared = sum(not key.not_there for key in live.keys.values()) + len(homeless)
        surplus = len(held) - declared
        if surplus > 0:
            yield Finding(
                account.at("keys"),
                f"holds {len(held)} keys, of which the manifest can have {declared}: at least {surplus} are not in it",
                "give each key in the manifest its fingerprint (`keylint fingerprint`), to see which these are",
                live=f"total = {len(held)}",
                seen=live.look("keys").at,
            )
        raise
    for each in undeclared:
        same = [key for key in others if key.identity == each.fingerprint]
        if not any(key.account_found is None for key in same):
            yield _finding(account, each, same)._replace(seen=live.look("keys").at)


def _identified(account: Account, undeclared: tuple[ListedKey, ...], homeless: list[LiveKey]) -> None:
    """Raises Undecided where one of the keys may be one whose account is not known."""
    nameless = [f"{key}" for key in homeless if key.identity is None]
    named = {key.identity for key in homeless}
    if nameless and any(each.fingerprint not in named for each in undeclared):
        message = (
            f"{account} holds a key that may or may not be {' or '.join(nameless)}, of which the account is not known"
        )
        raise Undecided(reason="not-identified", message=message)


def _finding(account: Account, listed: ListedKey, same: list[LiveKey]) -> Finding:
    what = f"a key that the manifest has on {same[0].account}" if same else "a key that is not in the manifest"
    flags = listed.facts.flags
    label = "without a label that can be read" if listed.facts.label is None else f'"{listed.facts.label}"'
    can = ", ".join(it.token for it in PERMISSIONS if flags.get(it.field))
    doubtful = ", ".join(it.token for it in PERMISSIONS if it.field in listed.facts.doubts)
    able = f"it has {can}" if can else "the list shows no permission of it"
    return Finding(
        Place(account.at("keys").path, listed.fingerprint),
        f"holds {what}: {label}; {able}" + (f", and perhaps {doubtful}" if doubtful else ""),
        f'delete it in API Management; if it is needed, declare it with fingerprint = "{listed.fingerprint}"',
        live=", ".join(f"{it.field} = true" for it in PERMISSIONS if flags.get(it.field)) or "no permission is true",
    )


RULE = LiveAccountRule(
    code="KL905",
    name="key-undeclared",
    summary="A sub-account holds a key that is not in the manifest",
    severity=Severity.ERROR,
    check=check,
)
