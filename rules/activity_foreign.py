"""KL802 activity-foreign."""

from collections.abc import Iterator

from keylint.api import (
    NOT_APPLICABLE,
    PERMISSION,
    Account,
    Context,
    Finding,
    LiveAccount,
    LiveAccountRule,
    LiveKey,
    NotApplicable,
    NotShown,
    Severity,
    Undecided,
)

FUTURES = frozenset({"futures", "portfolio-margin"})
NAMED = 3


def check(account: Account, live: LiveAccount, ctx: Context) -> Iterator[Finding]:
    """What happens on an account is done by a bot, a key or a person of whom the manifest knows."""
    judged, doubt = False, None
    for part in (_positions, _withdrawals):
        try:
            outcome = part(account, live, ctx)
        except NotShown:  # nobody asked
            continue
        except Undecided as undecided:  # what is certain is said first
            doubt = doubt or undecided
            continue
        if outcome is None or isinstance(outcome, Finding):
            judged = True
        if isinstance(outcome, Finding):
            yield outcome
    if doubt is not None:
        raise doubt
    if not judged:
        raise NotShown


def _positions(account: Account, live: LiveAccount, ctx: Context) -> Finding | NotApplicable | None:
    running = [bot for bot in ctx.manifest.bots.values() if bot.status != "retired"]
    traders = [bot for bot in running if not FUTURES.isdisjoint(bot.allowed)]
    if not FUTURES.isdisjoint(account.manual) or any(bot.account_found == account for bot in traders):
        return NOT_APPLICABLE  # whose position it is nobody can tell
    symbols = live.positions
    if not symbols:
        return None
    natives = [bot for bot in running if "native" in bot.kinds]
    # A bot whose account is not known leaves this undecided; the exchange's own do not say in which market they trade.
    for bot in (*traders, *natives):
        if bot.account == account:
            message = f"{account} holds futures positions, and {bot}, which is native, may hold them"
            raise Undecided(
                reason="not-shown", message=f'{message}: if it does, say manual = ["futures"] in the account'
            )
    named = ", ".join(symbols[:NAMED]) + (f" and {len(symbols) - NAMED} more" if len(symbols) > NAMED else "")
    return Finding(
        account.at("futures-positions"),
        f"holds {named} on the futures market, where no bot of it trades and nobody is said to trade by hand",
        'find out who opened it; if a person did, say so in the account: manual = ["futures"]',
        live=f"positionAmt is not 0 for {len(symbols)} symbol{'' if len(symbols) == 1 else 's'}",
        seen=live.look("futures-positions").at,
    )


def _withdrawals(account: Account, live: LiveAccount, ctx: Context) -> Finding | NotApplicable | None:
    keys = [] if ctx.live is None else [it for it in ctx.live.keys.values() if it.account_found in {account, None}]
    if any("withdraw" in key.declared.permissions for key in live.keys.values()):
        return NOT_APPLICABLE  # of such a key speaks KL101
    made = live.withdrawals
    if not made.by_api and not made.complete:
        message = f"{account} withdrew more often in 90 days than Binance shows at a time, and the rest was not seen"
        raise Undecided(reason="not-shown", message=f"{message}: look through the withdrawal history")
    if not made.by_api:
        return None
    number, last = len(made.by_api), f"{made.by_api[0]:%Y-%m-%d}"
    words = [(key, _may_withdraw(key)) for key in keys]
    if any(word is True and key.account == account for key, word in words):
        return NOT_APPLICABLE  # whose withdrawal it is nobody can tell
    for key, word in words:
        if isinstance(word, Undecided):
            message = f"{account} withdrew through the API, last on {last}, and whether {key} may do so is not known"
            raise Undecided(word.reason, f"{message}; {word.message}")
    times = ("" if made.complete else "at least ") + ("once" if number == 1 else f"{number} times")
    return Finding(
        account.at("withdrawals"),
        f"withdrew through the API {times}, last on {last}, and no key of it may withdraw",
        "look each up in the withdrawal history; if nobody knows it, delete the keys and disable the account",
        live=f"withdrawOrderId is set in {number} withdrawal{'' if number == 1 else 's'}",
        seen=live.look("withdrawals").at,
    )


def _may_withdraw(key: LiveKey) -> bool | Undecided:
    """Whether a key may withdraw, declared or live; why that is not known."""
    if "withdraw" in key.declared.permissions:
        return True
    try:
        able = "withdraw" in key.permissions
    except NotShown:
        return False  # there is no such key any more
    except Undecided as undecided:
        # At one that is disabled, and has no credentials here, nobody looks.
        return False if key.status == "disabled" and key.look is None else undecided
    told = key.facts.flags.get(PERMISSION["withdraw"].field)
    return told if isinstance(told, Undecided) else able


RULE = LiveAccountRule(
    code="KL802",
    name="activity-foreign",
    summary="Something happens on the account that no bot, key or person in the manifest does",
    severity=Severity.WARNING,
    check=check,
)
