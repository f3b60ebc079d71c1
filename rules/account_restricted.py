"""KL505 account-restricted."""

from collections.abc import Iterator

from keylint.api import Account, Context, Finding, LiveAccount, LiveAccountRule, NotShown, Severity, Undecided


def check(account: Account, live: LiveAccount, ctx: Context) -> Iterator[Finding]:
    """An account that Binance restricts, locks or freezes is a finding for each of these."""
    answered, doubt = False, None
    for cause in (_status, _trading, _frozen):
        try:
            finding = cause(account, live, ctx)
        except NotShown:  # a master cannot be frozen, and an account without a key shows no status
            continue
        except Undecided as undecided:  # what is certain is said first
            doubt = doubt or undecided
            continue
        answered = True
        if finding is not None:
            yield finding
    if doubt is not None:
        raise doubt
    if not answered:
        raise NotShown


def _status(account: Account, live: LiveAccount, _ctx: Context) -> Finding | None:
    text = live.status.text
    if text == "Normal":
        return None
    return Finding(
        account.at("status"),
        f'is restricted: Binance calls its state "{text}"',
        "ask Binance's support for the reason and the duration, and pause the bots of this account until it is Normal",
        live=f'account/status = "{text}"',
        seen=live.look("status").at,
    )


def _trading(account: Account, live: LiveAccount, _ctx: Context) -> Finding | None:
    trading = live.trading
    if not trading.locked:
        return None
    way = "stop it before the lock ends" if trading.until else "stop it; then ask Binance's support"
    until = f"until {trading.until:%Y-%m-%d %H:%M} UTC" if trading.until else "and Binance names no end"
    return Finding(
        account.at("api-trading"),
        f"cannot trade through the API: it is locked {until}",
        f"find out which bot broke Binance's trading rules, and {way}",
        live="apiTradingStatus isLocked = true",
        seen=live.look("api-trading").at,
    )


def _frozen(account: Account, live: LiveAccount, ctx: Context) -> Finding | None:
    if not live.frozen:
        return None
    master = None if ctx.live is None else ctx.live.accounts.get(account.master or "")
    return Finding(
        account.at("frozen"),
        f"is frozen: accounts.{account.master} lists it so",
        "ask who froze it and why; if that is right, disable its keys and retire its bots here",
        live="isFreeze = true",
        seen=None if master is None else master.look("sub-accounts").at,
    )


RULE = LiveAccountRule(
    code="KL505",
    name="account-restricted",
    summary="Binance restricts, locks or freezes the account",
    severity=Severity.WARNING,
    check=check,
)
