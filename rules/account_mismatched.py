"""KL910 account-mismatched."""

from collections import Counter
from collections.abc import Sequence

from keylint.api import (
    NOT_APPLICABLE,
    Context,
    Finding,
    Key,
    LiveKey,
    LiveKeyRule,
    NotApplicable,
    Severity,
)

NAMED = 3


def check(declared: Key, live: LiveKey, ctx: Context) -> Finding | NotApplicable | None:
    """Keys of one declared account answer for one account, and keys of two for two."""
    if live.unasked or ctx.live is None:
        return NOT_APPLICABLE
    _ = live.permissions  # raises where the answer is about another key: KL908 speaks
    answers_for, account = live.account_hash, declared.account
    others = [it for it in ctx.live.keys.values() if it.id != declared.id and _comparable(it)]
    if not others:
        return NOT_APPLICABLE
    number = Counter((it.account.id, it.account_hash) for it in (live, *others))
    most = {it: max(n for (name, _), n in number.items() if name == it) for it, _ in number}

    def is_odd(it: LiveKey) -> bool:
        return number[it.account.id, it.account_hash] < most[it.account.id]

    # One key that strays is one finding: those that it strays from are in the right.
    rule = not is_odd(live)
    mine = number[account.id, answers_for]
    apart = [
        f"{it}"
        for it in others
        if it.account == account and it.account_hash != answers_for and not (rule and is_odd(it))
    ]
    alike = [
        f"{it} ({it.account})"
        for it in others
        if it.account != account
        and it.account_hash == answers_for
        and not (rule and (is_odd(it) or number[it.account.id, answers_for] < mine))
    ]
    if not apart and not alike:
        return None
    said = [f"another account than {_named(apart)}, declared there too"] if apart else []
    said += [f"the same account as {_named(alike)}"] if alike else []
    return Finding(
        declared.at("account"),
        f"is declared on {account}, and answers for {', and for '.join(said)}",
        "see in API Management on which account each of them is; then correct account, or give the right credentials",
    )


def _comparable(other: LiveKey) -> bool:
    """Whether it is known which account the key answers for, and on which it is declared."""
    return other.answered and isinstance(other.account_hash_or, str) and other.account_found is not None


def _named(keys: Sequence[str]) -> str:
    more = len(keys) - NAMED
    return ", ".join(keys[:NAMED]) + (f" and {more} more" if more > 0 else "")


RULE = LiveKeyRule(
    code="KL910",
    name="account-mismatched",
    summary="The key answers for another account than the one it is declared on",
    severity=Severity.ERROR,
    check=check,
)
