"""KL502 two-factor-weak."""

from keylint.api import NOT_APPLICABLE, Account, AccountRule, Context, Finding, NotApplicable, Severity

REACH = {
    "sms": ", which reaches whoever takes over the phone number",
    "email": ", which reaches whoever reads the mailbox",
}


def check(account: Account, ctx: Context) -> Finding | list[Finding] | NotApplicable | None:
    """An account is as safe as the weakest factor that it takes; e-mail may stand beside an accepted one."""
    word = account.two_factor
    if word is None or "two_factor" in account.inherits or not word.methods:
        return NOT_APPLICABLE
    accepted = ctx.policy.two_factor.accept
    weak = [method for method in dict.fromkeys(word.methods) if method not in accepted]
    if not weak:
        return None
    strong = [method for method in dict.fromkeys(word.methods) if method in accepted]
    place, policy = account.at("two_factor", "methods"), f"the policy accepts {', '.join(accepted)}"
    if not strong:
        reach = REACH.get(weak[0], "") if len(weak) == 1 else ""
        message = f"has no second factor but {' and '.join(weak)}{reach}; {policy}"
        return Finding(place, message, f"turn on {accepted[0]} under Security in Binance, then name it in methods")
    return [
        Finding(
            place._replace(item=method),
            f"takes {method} beside {' and '.join(strong)}, and a thief picks the weaker; {policy}",
            f"turn {method} off under Security in Binance, then take it out of methods",
            Severity.WARNING,
        )
        for method in weak
        if method != "email"
    ]


RULE = AccountRule(
    code="KL502",
    name="two-factor-weak",
    summary="The account takes a second factor that is easily stolen",
    severity=Severity.ERROR,
    check=check,
)
