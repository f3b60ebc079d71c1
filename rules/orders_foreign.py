"""KL803 orders-foreign."""

from collections.abc import Iterator, Sequence

from keylint.api import (
    TRADING,
    Account,
    Bot,
    Context,
    Finding,
    LiveAccount,
    LiveAccountRule,
    NotShown,
    Order,
    Severity,
    Undecided,
)

NAMED = 3


def check(account: Account, live: LiveAccount, ctx: Context) -> Iterator[Finding]:
    """Where every trading bot of the account names its prefix, each open order bears one of them."""
    traders = [bot for bot in ctx.manifest.bots.values() if bot.status != "retired" and _trades(bot)]
    prefixes = [bot.order_prefix for bot in traders if bot.account_found == account]
    named = tuple(prefix for prefix in prefixes if prefix is not None)
    answered, doubt = False, None
    for market, orders in (("spot", _spot), ("futures", _futures)):
        if not named or len(named) < len(prefixes) or market in account.manual:
            continue
        try:
            finding = _strange(account, orders(live), named, traders)
        except NotShown:  # nobody asked
            continue
        except Undecided as undecided:  # what is certain of the other market is said all the same
            doubt = doubt or undecided
            continue
        answered = True
        if finding is not None:
            yield finding._replace(at=account.at(f"{market}-orders"), seen=live.look(f"{market}-orders").at)
    if doubt is not None:
        raise doubt
    if not answered:
        raise NotShown


def _trades(bot: Bot) -> bool:
    """Whether it places orders, through a key or as the exchange's own."""
    return "native" in bot.kinds or not TRADING.isdisjoint(bot.allowed)


def _spot(live: LiveAccount) -> Sequence[Order]:
    return live.spot_orders


def _futures(live: LiveAccount) -> Sequence[Order]:
    return live.futures_orders


def _strange(
    account: Account, orders: Sequence[Order], prefixes: tuple[str, ...], traders: Sequence[Bot]
) -> Finding | None:
    strange = [order for order in orders if not order.client_id.startswith(prefixes)]
    if not strange:
        return None
    # A bot whose account is not known leaves this undecided.
    ours = " or ".join(str(bot) for bot in traders if bot.account == account)
    number, more = len(strange), len(strange) - NAMED
    named = ", ".join(f'{order.symbol} "{order.client_id}"' for order in strange[:NAMED])
    return Finding(
        account.at(),
        f"has {number} of {len(orders)} open {strange[0].market} orders without the prefix of {ours}: {named}"
        + (f" and {more} more" if more > 0 else ""),
        "find out who placed them, and cancel what nobody knows; if a person did, name the market in manual",
        live=f"clientOrderId begins otherwise in {number} of {len(orders)}",
    )


RULE = LiveAccountRule(
    code="KL803",
    name="orders-foreign",
    summary="An open order bears the prefix of no bot of the account",
    severity=Severity.WARNING,
    check=check,
)
