"""The text of a state file → State: the accounts and API keys that the sandbox serves, and how it is to misbehave."""

from base64 import b64decode
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any, Literal, NamedTuple, TypeAlias

import tomli

from keylint.manifest.addresses import Network, merged, network
from keylint.manifest.positions import PositionIndex

from .violations import Path, Violation, sentence, violations

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"

MAX_CHARACTERS = 16 * 1024 * 1024

_MOST_SHOWN = 20
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = datetime(9999, 1, 1, tzinfo=UTC) - _EPOCH


class BadState(Exception):  # noqa: N818 - it is said to the user as it is
    """Why a text is no state file. Its `problems` are sentences, each with the line and column it is about."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        more = f" (and {len(self.problems) - 1:,} more)" if len(self.problems) > 1 else ""
        super().__init__(self.problems[0] + more)


class WithdrawalAddress(NamedTuple):
    """An entry of an account's address book."""

    coin: str
    network: str
    address: str
    name: str
    whitelisted: bool


class Withdrawal(NamedTuple):
    """A withdrawal; `order_id` is "" where it was not made through the API."""

    on_ms: int
    coin: str
    amount: str
    order_id: str


class Futures(NamedTuple):
    """An open futures position; a negative amount is a short one."""

    symbol: str
    amount: str


class Order(NamedTuple):
    """An open order."""

    market: Literal["spot", "futures"]
    symbol: str
    client_id: str


class Account(NamedTuple):
    """An account, or a sub-account: then `master` is the id of the account above it."""

    id: str
    uid: int
    master: str | None
    email: str
    frozen: bool
    status: str
    locked: bool
    planned_recover_ms: int
    features: frozenset[str]
    withdrawal_addresses: tuple[WithdrawalAddress, ...]
    withdrawals: tuple[Withdrawal, ...]
    positions: tuple[Futures, ...]
    orders: tuple[Order, ...]


class Key(NamedTuple):
    """An API key; `networks` are the addresses that it answers to, merged, and empty where it answers to any."""

    id: str
    account: str
    type: Literal["ed25519", "rsa", "hmac"]
    label: str
    permissions: frozenset[str]
    flags: Mapping[str, Json]
    ip_list: tuple[str, ...]
    networks: tuple[Network, ...]
    created_ms: int
    trading_expires_ms: int | None
    deleted: bool

    def answers_to(self, address: str) -> bool:
        """Whether its list allows `address`."""
        if not self.networks:
            return True
        found = network(address)
        return found is not None and any(
            one.version == found.version and one.first <= found.first <= one.last for one in self.networks
        )


class Repeat(NamedTuple):
    """A text sent again and again until `size` bytes are sent, or for ever where that is None."""

    of: str
    size: int | None


class Drip(NamedTuple):
    """The part of an answer that is sent byte by byte."""

    part: Literal["headers", "body"]
    every_ms: int


class Misbehaviour(NamedTuple):
    """A scripted fault: which requests it is for, and what it changes in the good answer. None changes nothing."""

    path: str | None = None
    key: str | None = None
    times: int | None = None
    after: int = 0
    status: int | None = None
    headers: Mapping[str, tuple[str, ...]] = {}
    body: bytes | None = None
    json: tuple[Json] | None = None
    replace: Mapping[str, Json] = {}
    replace_raw: Mapping[str, str] = {}
    remove: tuple[str, ...] = ()
    rename: Mapping[str, str] = {}
    duplicate: Mapping[str, Json] = {}
    nest: int = 0
    prepend: str = ""
    append: str = ""
    truncate: int | None = None
    repeat: Repeat | None = None
    gzip: bool = False
    chunked: bool = False
    raw: bytes | None = None
    delay_ms: int = 0
    drip: Drip | None = None
    cut: Literal["before", "headers", "body"] | None = None
    reset: bool = False
    continue_forever: bool = False


class State(NamedTuple):
    """All that a state file says. `seen_from` is None where each request comes from an address its key allows."""

    seen_from: str | None
    server_time_offset_ms: int
    sub_account_field: Literal["rows", "list"]
    sub_account_ip_restrict: Literal["string", "boolean"]
    accounts: Mapping[str, Account]
    keys: Mapping[str, Key]
    misbehaviours: tuple[Misbehaviour, ...]


def load(text: str, name: str) -> State:
    """The State that the TOML in `text` describes; `name` is how messages call the file.

    Raises BadState, which says where the text is wrong and what must stand there.
    """
    if len(text) > MAX_CHARACTERS:
        raise BadState([f"{name}: is larger than {MAX_CHARACTERS // 1024 // 1024} MiB"])
    text = text.removeprefix("\ufeff")
    try:
        values = tomli.loads(text)
    except tomli.TOMLDecodeError as error:
        said = f"{error.msg[:1].lower()}{error.msg[1:]}"
        raise BadState([f"{name}:{error.lineno}:{error.colno}: is not valid TOML: {said}"]) from None
    except (RecursionError, ValueError, OverflowError, MemoryError):
        raise BadState([f"{name}: holds a number, a date or a nesting that is out of range"]) from None
    wrong = violations(values)
    if not wrong:
        builder = _Builder()
        state = builder.state(values)
        wrong = builder.wrong
        if not wrong:
            return state
    index = PositionIndex(text)
    problems = [_located(violation, index, name) for violation in wrong[:_MOST_SHOWN]]
    if len(wrong) > _MOST_SHOWN:
        problems.append(f"{name}: has {len(wrong) - _MOST_SHOWN:,} more mistakes; correct these, then look again")
    raise BadState(problems)


def _located(violation: Violation, index: PositionIndex, name: str) -> str:
    path = violation.path
    span = index.key(path) if violation.names else None
    while span is None and path:
        span = index.value(path) or index.table(path) or index.key(path)
        path = path[:-1]
    line, column = index.position(span.start if span else 0)
    return f"{name}:{line}:{column}: {sentence(violation)}"


class _Builder:
    """Parsed values that fit the schema → State; what the schema cannot say is collected in `wrong`."""

    def __init__(self) -> None:
        self.wrong: list[Violation] = []

    def state(self, values: Mapping[str, Any]) -> State:
        keys = {id_: self._key(id_, table) for id_, table in values.get("keys", {}).items()}
        declared = values.get("accounts", {})
        named = [*declared, *(key.account for key in keys.values())]
        named += [table["master"] for table in declared.values() if "master" in table]
        accounts = {id_: self._account(id_, declared.get(id_, {})) for id_ in dict.fromkeys(named)}
        self._check_accounts(accounts)
        faults = values.get("misbehaviour", [])
        return State(
            seen_from=values.get("seen_from"),
            server_time_offset_ms=values.get("server_time_offset_ms", 0),
            sub_account_field=values.get("sub_account_field", "rows"),
            sub_account_ip_restrict=values.get("sub_account_ip_restrict", "string"),
            accounts=accounts,
            keys=keys,
            misbehaviours=tuple([self._misbehaviour(at, table, keys) for at, table in enumerate(faults)]),
        )

    def _key(self, id_: str, table: Mapping[str, Any]) -> Key:
        path: Path = ("keys", id_)
        addresses = tuple(table.get("ip_list", ()))
        return Key(
            id=id_,
            account=table.get("account", "main"),
            type=table.get("type", "ed25519"),
            label=table.get("label", id_),
            permissions=frozenset(table.get("permissions", ("read",))),
            flags=self._plain((*path, "flags"), table.get("flags", {})),
            ip_list=addresses,
            networks=tuple(merged([found for text in addresses if (found := network(text)) is not None])),
            created_ms=self._ms((*path, "created"), table["created"]),
            trading_expires_ms=self._ms((*path, "trading_expires"), table.get("trading_expires")) or None,
            deleted=table.get("deleted", False),
        )

    def _account(self, id_: str, table: Mapping[str, Any]) -> Account:
        path: Path = ("accounts", id_)
        digest = int.from_bytes(sha256(f"keylint sandbox uid {id_}".encode()).digest()[:6])
        return Account(
            id=id_,
            uid=table.get("uid", 100_000_000 + digest % 900_000_000),
            master=table.get("master"),
            email=table.get("email", f"{id_}@sandbox.example"),
            frozen=table.get("frozen", False),
            status=table.get("status", "Normal"),
            locked=table.get("locked", False),
            planned_recover_ms=self._ms((*path, "planned_recover"), table.get("planned_recover")),
            features=frozenset(table.get("features", ())),
            withdrawal_addresses=tuple(
                WithdrawalAddress(
                    each["coin"],
                    each.get("network", each["coin"]),
                    each["address"],
                    each.get("name", ""),
                    each.get("whitelisted", False),
                )
                for each in table.get("withdrawal_addresses", ())
            ),
            withdrawals=tuple(
                Withdrawal(
                    self._ms((*path, "withdrawals", at, "on"), each["on"]),
                    each["coin"],
                    each["amount"],
                    each.get("order_id", ""),
                )
                for at, each in enumerate(table.get("withdrawals", ()))
            ),
            positions=tuple(Futures(each["symbol"], each["amount"]) for each in table.get("positions", ())),
            orders=tuple(
                Order(each["market"], each["symbol"], each.get("client_id", "")) for each in table.get("orders", ())
            ),
        )

    def _check_accounts(self, accounts: Mapping[str, Account]) -> None:
        emails: dict[str, str] = {}
        for account in accounts.values():
            path: Path = ("accounts", account.id)
            if account.master is not None and accounts[account.master].master is not None:
                said = "names a sub-account, or itself; only a master account has sub-accounts"
                self.wrong.append(Violation((*path, "master"), said))
            other = emails.setdefault(account.email, account.id)
            if other != account.id:
                self.wrong.append(Violation((*path, "email"), f"is that of accounts.{other} too; each has its own"))

    def _misbehaviour(self, at: int, table: Mapping[str, Any], keys: Mapping[str, Key]) -> Misbehaviour:
        path: Path = ("misbehaviour", at)
        if table.get("key") not in {None, *keys}:
            self.wrong.append(Violation((*path, "key"), "names no key of this file"))
        bodies = [field for field in ("body", "body_base64", "json", "raw_base64") if field in table]
        if len(bodies) > 1:
            self.wrong.append(Violation((*path, bodies[1]), f"stands beside `{bodies[0]}`; an answer has one of them"))
        body = table["body"].encode() if "body" in table else _bytes(table.get("body_base64"))
        repeat, drip = table.get("repeat"), table.get("drip")
        plain = {
            field: self._plain((*path, field), table[field])
            for field in ("replace", "duplicate", "replace_raw", "rename", "json")
            if field in table
        }
        if "json" in plain:
            plain["json"] = (plain["json"],)
        same = {
            field: table[field]
            for field in (
                *("path", "key", "times", "after", "status", "nest", "prepend", "append", "truncate"),
                *("gzip", "chunked", "delay_ms", "cut", "reset", "continue_forever"),
            )
            if field in table
        }
        headers = {
            name: (value,) if isinstance(value, str) else tuple(value)
            for name, value in table.get("headers", {}).items()
        }
        return Misbehaviour(
            **same,
            **plain,
            headers=headers,
            body=body,
            remove=tuple(table.get("remove", ())),
            repeat=None if repeat is None else Repeat(repeat["of"], repeat.get("bytes")),
            raw=_bytes(table.get("raw_base64")),
            drip=None if drip is None else Drip(drip["part"], drip["every_ms"]),
        )

    def _plain(self, path: Path, value: Any) -> Any:
        """`value` as it is: JSON has no dates, so one in it is said."""
        inside: list[tuple[Path, Any]] = [(path, value)]
        while inside:
            place, one = inside.pop()
            if isinstance(one, Mapping):
                inside += [((*place, name), each) for name, each in one.items()]
            elif isinstance(one, list):
                inside += [((*place, at), each) for at, each in enumerate(one)]
            elif not isinstance(one, bool | int | float | str):
                said = "is a date, which JSON has not; write milliseconds since 1970, or a text"
                self.wrong.append(Violation(place, said))
        return value

    def _ms(self, path: Path, value: date | None) -> int:
        """Milliseconds since 1970; a day begins at midnight UTC, and a time without an offset is UTC. None is 0."""
        if value is None:
            return 0
        moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day, tzinfo=UTC)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
        elapsed = moment - _EPOCH
        if not timedelta(0) <= elapsed < _LAST:
            said = "must be after 1969 and before 9999; a misbehaviour's `replace` sends any other time"
            self.wrong.append(Violation(path, said))
        return elapsed // timedelta(milliseconds=1)


def _bytes(base64: str | None) -> bytes | None:
    return None if base64 is None else b64decode(base64)
