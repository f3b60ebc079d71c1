"""What the looks at Binance told, as frozen values that hold no secret.

A look is one question to Binance and what came of it. Looks are made by `keylint.live`, kept in files by
`keylint.evidence.file`, and set beside the manifest by `keylint.evidence.known`.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final, NamedTuple

OBSERVED: Final = "observed"
NOT_FOUND: Final = "not-found"
"""Binance does not know the key (−2008). This too is an answer."""
REJECTED: Final = "rejected"
"""Binance knows the request and refuses it (−2015, −1022, −1021 …)."""
LIMITED: Final = "limited"
"""Binance asked for silence (429, 418, 403), in this answer or in an earlier one."""
UNREACHABLE: Final = "unreachable"
MALFORMED: Final = "malformed"
"""An answer in another form than Binance documents."""
NO_CREDENTIALS: Final = "no-credentials"
UNUSABLE_CREDENTIALS: Final = "unusable-credentials"
"""There are credentials, and no request can be signed with them."""
OUTCOMES: Final = (
    OBSERVED,
    NOT_FOUND,
    REJECTED,
    LIMITED,
    UNREACHABLE,
    MALFORMED,
    NO_CREDENTIALS,
    UNUSABLE_CREDENTIALS,
)
ANSWERS: Final = frozenset({OBSERVED, NOT_FOUND})

BINANCE: Final = "binance"
SANDBOX: Final = "sandbox"
"""keylint's own stand-in, or whatever else listened on this machine."""
SOURCES: Final = (BINANCE, SANDBOX)

NONE: Final[Mapping[str, str]] = MappingProxyType({})


class KeyFacts(NamedTuple):
    """What one answer told about a key. None: this kind of answer does not carry it."""

    flags: Mapping[str, bool]
    """Every true or false of the answer, but for `ipRestrict`, by Binance's own name for it, such as `enableFutures`.

    Of a sub-account's key in its master's list: those of `enable…` and `permits…` that its `can…` stand for.
    """
    ip_restricted: bool | None = None
    ip_list: tuple[str, ...] | None = None
    created: datetime | None = None
    """UTC."""
    trading_expires: datetime | None = None
    """When Binance will take trading away, UTC; None where it names no such day."""
    label: str | None = None
    doubts: Mapping[str, str] = NONE
    """What the answer ought to have told and did not, or in another form than documented, and how: by Binance's name
    for it, as in `{"enableFutures": "is missing"}`."""


class KeyLook(NamedTuple):
    """What came of asking Binance about one key with the key's own credentials."""

    key: str
    """The id of the key in the manifest."""
    at: datetime
    """UTC."""
    outcome: str
    """One of OUTCOMES."""
    reason: str = ""
    """What came instead of an answer, and what to do about it; "" where there is an answer."""
    fingerprint: str | None = None
    """Of the API key that was asked with; None where there was none."""
    type: str | None = None
    """hmac, rsa or ed25519, as the credentials have it."""
    facts: KeyFacts | None = None
    """None unless observed."""
    account: str | None = None
    """A salted hash of the account's uid, the same for every key of one account; None where it is not known."""
    account_reason: str = ""
    """Why `account` is not known; "" where it is, or was not asked for."""


class Status(NamedTuple):
    """`account/status`: "Normal", or the restriction in Binance's words."""

    text: str


class Trading(NamedTuple):
    """`account/apiTradingStatus`."""

    locked: bool
    until: datetime | None = None
    """When it is planned to end, UTC."""


class Features(NamedTuple):
    """`account/info`: which businesses the account has opened."""

    margin: bool
    futures: bool
    options: bool
    portfolio_margin: bool


class WithdrawalAddresses(NamedTuple):
    """`capital/withdraw/address/list`: the saved addresses."""

    saved: int
    unlisted: tuple[str, ...]
    """Those that are not on the withdrawal allowlist, each as coin, network and the ends of the address."""


class SubAccount(NamedTuple):
    """A sub-account in its master's list."""

    email_hash: str
    """See `email_hash`."""
    shown: str
    """The e-mail with most of its name left out, as in `gr…@example.com`."""
    frozen: bool


class SubAccounts(NamedTuple):
    """`sub-account/list`."""

    found: tuple[SubAccount, ...]


class ListedKey(NamedTuple):
    """A key of a sub-account in its master's list."""

    fingerprint: str
    facts: KeyFacts


class ListedKeys(NamedTuple):
    """`sub-account/subAccountApi` and `…/ipRestriction` of one sub-account."""

    found: tuple[ListedKey, ...]


class Withdrawals(NamedTuple):
    """`capital/withdraw/history` of the last 90 days: the withdrawals that bear an id which only a program gives."""

    by_api: tuple[datetime, ...]
    """When they were applied for, UTC, newest first."""
    complete: bool
    """False where there were more than Binance shows in one answer."""


class Positions(NamedTuple):
    """`fapi/v3/account`: the futures contracts in which the account holds a position."""

    symbols: tuple[str, ...]


class Order(NamedTuple):
    """An open order."""

    market: str
    """spot or futures."""
    symbol: str
    client_id: str


class Orders(NamedTuple):
    """`openOrders` of one market."""

    open: tuple[Order, ...]


Told = Status | Trading | Features | WithdrawalAddresses | SubAccounts | ListedKeys | Withdrawals | Positions | Orders

STATUS: Final = "status"
TRADING: Final = "api-trading"
FEATURES: Final = "features"
ADDRESSES: Final = "withdrawal-addresses"
SUB_ACCOUNTS: Final = "sub-accounts"
LISTED_KEYS: Final = "keys"
WITHDRAWALS: Final = "withdrawals"
POSITIONS: Final = "futures-positions"
SPOT_ORDERS: Final = "spot-orders"
FUTURES_ORDERS: Final = "futures-orders"
QUESTIONS: Final[Mapping[str, type[Told]]] = MappingProxyType(
    {
        STATUS: Status,
        TRADING: Trading,
        FEATURES: Features,
        ADDRESSES: WithdrawalAddresses,
        SUB_ACCOUNTS: SubAccounts,
        LISTED_KEYS: ListedKeys,
        WITHDRAWALS: Withdrawals,
        POSITIONS: Positions,
        SPOT_ORDERS: Orders,
        FUTURES_ORDERS: Orders,
    }
)
"""What can be asked about an account, and what is told."""
ON_REQUEST: Final = frozenset({WITHDRAWALS, POSITIONS, SPOT_ORDERS, FUTURES_ORDERS})
"""What is asked only with `--activity`."""


class AccountLook(NamedTuple):
    """What came of asking Binance one question about one account."""

    account: str
    """The id of the account in the manifest."""
    question: str
    """One of QUESTIONS."""
    at: datetime
    """UTC."""
    outcome: str
    """One of OUTCOMES."""
    reason: str = ""
    asked_with: str | None = None
    """The id of the key that was asked with; None where there was none to ask with."""
    told: Told | None = None
    """None unless observed."""


def email_hash(email: str) -> str:
    """What stands for an e-mail address where it need not be read: the same for upper and lower case."""
    from hashlib import sha256  # noqa: PLC0415 - evidence that speaks of no sub-account needs it not

    return sha256(f"keylint e-mail {email.strip().lower()}".encode()).hexdigest()[:16]


def when(moment: datetime) -> str:
    """A moment as reports write it: `2026-11-20 09:30 UTC`."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"


class Evidence(NamedTuple):
    """What one run of `keylint observe`, or of `keylint check --live`, came to know."""

    name: str
    """The file it was read from, as reports call it; "" where Binance was asked in this run."""
    source: str
    """One of SOURCES."""
    started: datetime
    finished: datetime
    keys: tuple[KeyLook, ...]
    accounts: tuple[AccountLook, ...]
    remarks: tuple[str, ...] = ()
    """What else a reader should know, such as that the inventory key can do more than read."""
