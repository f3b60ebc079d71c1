"""The permissions of a Binance API key and the kinds of bot that need them, each fact in one table."""

from typing import NamedTuple


class Permission(NamedTuple):
    """A permission: its token here, its field in Binance's answer, its box in API Management, and its risk."""

    token: str
    field: str
    label: str
    risk: str


# Fields: Binance, GET /sapi/v1/account/apiRestrictions. Labels: API Management as quoted by Binance's own
# documentation where it names them (reading, spot and margin, futures, withdrawals, universal transfer), else as
# users of that screen quote it; the two FIX boxes are worded after their fields. Order: from the least to the most
# that a stolen key could do.
PERMISSIONS = (
    Permission("read", "enableReading", "Enable Reading", "low"),
    Permission("fix-read", "enableFixReadOnly", "FIX API Read Only", "low"),
    Permission("spot", "enableSpotAndMarginTrading", "Enable Spot & Margin Trading", "medium"),
    Permission("margin", "enableMargin", "Enable Margin Loan, Repay & Transfer", "medium"),
    Permission("futures", "enableFutures", "Enable Futures", "medium"),
    Permission("options", "enableVanillaOptions", "Enable European Options", "medium"),
    Permission("portfolio-margin", "enablePortfolioMarginTrading", "Enable Portfolio Margin Trading", "medium"),
    Permission("fix-trade", "enableFixApiTrade", "FIX API Trade", "medium"),
    Permission("internal-transfer", "enableInternalTransfer", "Enable Internal Transfer", "high"),
    Permission("universal-transfer", "permitsUniversalTransfer", "Permits Universal Transfer", "high"),
    Permission("withdraw", "enableWithdrawals", "Enable Withdrawals", "critical"),
)
PERMISSION = {permission.token: permission for permission in PERMISSIONS}

READING = frozenset({"read", "fix-read"})
TRANSFERS = frozenset({"internal-transfer", "universal-transfer"})
TRADING = frozenset(PERMISSION) - READING - TRANSFERS - {"withdraw"}


def ordered(permissions: frozenset[str]) -> tuple[str, ...]:
    """The tokens in `permissions` from the least to the most powerful: the one order in which they are printed."""
    return tuple(token for token in PERMISSION if token in permissions)


class Kind(NamedTuple):
    """A kind of bot: what its key must be able to do, and what it may do besides."""

    needs: frozenset[str]
    may: frozenset[str] = frozenset()
    uses_key: bool = True


KINDS = {
    "data": Kind(frozenset({"read"})),
    # Binance has one box for spot and margin orders; borrowing, repaying and moving collateral is another.
    "spot": Kind(frozenset({"read", "spot"})),
    "margin": Kind(frozenset({"read", "spot"}), frozenset({"margin"})),
    "futures": Kind(frozenset({"read", "futures"}), frozenset({"spot"})),
    "options": Kind(frozenset({"read", "options"})),
    "portfolio-margin": Kind(frozenset({"read", "portfolio-margin"}), frozenset({"spot", "margin"})),
    "native": Kind(frozenset(), uses_key=False),
    "public": Kind(frozenset(), uses_key=False),
    "custom": Kind(frozenset()),
}
