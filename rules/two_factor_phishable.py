"""KL507 two-factor-phishable."""

from collections.abc import Iterator

from keylint.api import NOT_APPLICABLE, Account, AccountRule, Context, Finding, Key, NotApplicable, Severity

RESISTANT = frozenset({"passkey", "security-key"})


def check(account: Account, ctx: Context) -> Finding | NotApplicable | None:
    """Where keys can trade, one of the second factors should be one that a false page cannot pass on."""
    word = account.two_factor
    if word is None or "two_factor" in account.inherits:
        return NOT_APPLICABLE
    if not RESISTANT.isdisjoint(word.methods):
        return None
    if not any(method in ctx.policy.two_factor.accept for method in word.methods):
        return NOT_APPLICABLE  # KL501 or KL502 says so, and asks for a better one
    for key in _keys(account, ctx):
        if key.can_trade and key.status != "disabled" and key.account.two_factor is word:
            taken = " and ".join(dict.fromkeys(word.methods))
            return Finding(
                account.at("two_factor", "methods"),
                f"takes {taken}, which a false page can pass on, and {key} can trade",
                'add a passkey or a security key under "Passkeys (Biometrics)" in Security, then name it in methods',
            )
    return None


def _keys(account: Account, ctx: Context) -> Iterator[Key]:
    """The keys on the account, then those on its sub-accounts, then all, where one may belong to an unknown account."""
    manifest = ctx.manifest
    yield from manifest.keys_of_account.get(account.id, ())
    for other in manifest.sub_accounts.get(account.id, ()):
        yield from manifest.keys_of_account.get(other.id, ())
    if manifest.dangling:
        yield from manifest.keys.values()


RULE = AccountRule(
    code="KL507",
    name="two-factor-phishable",
    summary="Keys can trade, and no second factor of the account resists phishing",
    severity=Severity.NOTE,
    check=check,
)
