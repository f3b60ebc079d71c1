"""Evidence becomes a file that holds no secret, and a file becomes the same evidence or is refused."""

import copy
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib import import_module
from string import ascii_letters, digits
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from keylint import secret_shapes
from keylint.evidence import fields
from keylint.evidence.file import BadEvidence, dump, load
from keylint.evidence.json_file import MAX_BYTES
from keylint.evidence.model import (
    ADDRESSES,
    ANSWERS,
    BINANCE,
    FEATURES,
    FUTURES_ORDERS,
    LISTED_KEYS,
    NO_CREDENTIALS,
    NOT_FOUND,
    OBSERVED,
    OUTCOMES,
    POSITIONS,
    QUESTIONS,
    SANDBOX,
    SOURCES,
    STATUS,
    SUB_ACCOUNTS,
    TRADING,
    UNREACHABLE,
    WITHDRAWALS,
    AccountLook,
    Evidence,
    Features,
    KeyFacts,
    KeyLook,
    ListedKey,
    ListedKeys,
    Order,
    Orders,
    Positions,
    Status,
    SubAccount,
    SubAccounts,
    Trading,
    WithdrawalAddresses,
    Withdrawals,
)

SCHEMA = json.loads(import_module("keylint.schemas").text("evidence"))
VALIDATOR = Draft7Validator(SCHEMA)
AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
NAME = "host1.json"
SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"  # noqa: S105 - Binance's own sample
PEM = (
    "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIIJEYWtGBrhACmb9Dvy+qa8WEf0lQOl1s4CLIAB9m89u\n"
    "-----END PRIVATE KEY-----"
)

FACTS = KeyFacts(
    {"enableFutures": False, "enableReading": True, "enablePredictionTrading": True},
    ip_restricted=True,
    ip_list=("203.0.113.20", "2001:db8::/32"),
    created=AT - timedelta(days=9, milliseconds=1),
    trading_expires=AT + timedelta(days=9),
    label="grid → spot",
    doubts={"enableMargin": "is missing"},
)
WHOLE = Evidence(
    NAME,
    SANDBOX,
    AT,
    AT + timedelta(seconds=3),
    (
        KeyLook("grid", AT, OBSERVED, "", f"sha256:{'a1' * 8}", "ed25519", FACTS, "0f" * 8),
        KeyLook("gone", AT, NOT_FOUND, "", f"sha256:{'b2' * 8}", "hmac"),
        KeyLook("dca", AT, NO_CREDENTIALS, "no credentials: set KEYLINT_DCA_API_KEY"),
        KeyLook("far", AT, UNREACHABLE, "no answer", f"sha256:{'c3' * 8}", "rsa", account_reason="not asked"),
    ),
    (
        AccountLook("main", STATUS, AT, OBSERVED, "", "grid", Status("Normal")),
        AccountLook("main", TRADING, AT, OBSERVED, "", "grid", Trading(locked=True, until=AT)),
        AccountLook("main", FEATURES, AT, OBSERVED, "", "grid", Features(True, False, True, False)),
        AccountLook("main", ADDRESSES, AT, OBSERVED, "", "grid", WithdrawalAddresses(2, ("BTC on BTC 1A1z…vfNa",))),
        AccountLook(
            "main", SUB_ACCOUNTS, AT, OBSERVED, "", "grid", SubAccounts((SubAccount("0f" * 8, "g…@e.x", True),))
        ),
        AccountLook(
            "sub", LISTED_KEYS, AT, OBSERVED, "", "grid", ListedKeys((ListedKey(f"sha256:{'d4' * 8}", FACTS),))
        ),
        AccountLook("main", WITHDRAWALS, AT, OBSERVED, "", "grid", Withdrawals((AT,), complete=False)),
        AccountLook("main", POSITIONS, AT, OBSERVED, "", "grid", Positions(("BTCUSDT",))),
        AccountLook("main", FUTURES_ORDERS, AT, OBSERVED, "", None, Orders((Order("futures", "BTCUSDT", "x-1"),))),
        AccountLook("sub", STATUS, AT, UNREACHABLE, "no answer"),
    ),
    ("keys.grid can do more than read",),
)
DOCUMENT: Any = json.loads(dump(WHOLE, "1.2.3"))

# -- Any evidence ------------------------------------------------------------------------------------------------------

texts = st.text(st.characters(), max_size=80) | st.sampled_from([SECRET, PEM, f"a{SECRET}b", "\ud800", "::error::x"])
said = texts.filter(bool)
ids = st.from_regex(r"[a-z0-9][a-z0-9-]{0,62}", fullmatch=True)
times = st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001
hashes = st.text("0123456789abcdef", min_size=16, max_size=16)
prints = hashes.map(lambda digits_: f"sha256:{digits_}")
short = st.text(ascii_letters, max_size=30)
addresses = st.ip_addresses(v=4).map(str) | st.ip_addresses(v=6).map(str) | st.just("10.0.0.0/8")
facts = st.builds(
    KeyFacts,
    st.dictionaries(short, st.booleans(), max_size=4),
    ip_restricted=st.none() | st.booleans(),
    ip_list=st.none() | st.lists(addresses, max_size=3).map(tuple),
    created=st.none() | times,
    trading_expires=st.none() | times,
    label=st.none() | texts,
    doubts=st.dictionaries(short, texts, max_size=3),
)
tuples: dict[Any, st.SearchStrategy[Any]] = {
    Status: st.builds(Status, texts),
    Trading: st.builds(Trading, st.booleans(), st.none() | times),
    Features: st.builds(Features, st.booleans(), st.booleans(), st.booleans(), st.booleans()),
    WithdrawalAddresses: st.builds(WithdrawalAddresses, st.integers(3, 10**9), st.lists(texts, max_size=3).map(tuple)),
    SubAccounts: st.builds(
        SubAccounts, st.lists(st.builds(SubAccount, hashes, texts, st.booleans()), max_size=3).map(tuple)
    ),
    ListedKeys: st.builds(ListedKeys, st.lists(st.builds(ListedKey, prints, facts), max_size=2).map(tuple)),
    Withdrawals: st.builds(Withdrawals, st.lists(times, max_size=3).map(tuple), st.booleans()),
    Positions: st.builds(Positions, st.lists(texts, max_size=3).map(tuple)),
    Orders: st.builds(
        Orders, st.lists(st.builds(Order, st.sampled_from(["spot", "futures"]), texts, texts), max_size=3).map(tuple)
    ),
}


@st.composite
def key_looks(draw: st.DrawFn) -> KeyLook:
    outcome = draw(st.sampled_from(OUTCOMES))
    observed = outcome == OBSERVED
    return KeyLook(
        draw(ids),
        draw(times),
        outcome,
        "" if outcome in ANSWERS else draw(said),
        draw(st.none() | prints),
        draw(st.sampled_from([None, *fields.KEY_TYPES])),
        draw(facts) if observed else None,
        draw(st.none() | hashes) if observed else None,
        draw(texts),
    )


@st.composite
def account_looks(draw: st.DrawFn) -> AccountLook:
    question = draw(st.sampled_from(tuple(QUESTIONS)))
    outcome = draw(st.sampled_from(fields.ACCOUNT_OUTCOMES))
    observed = outcome == OBSERVED
    told = draw(tuples[QUESTIONS[question]]) if observed else None
    reason = "" if observed else draw(said)
    return AccountLook(draw(ids), question, draw(times), outcome, reason, draw(st.none() | ids), told)


evidences = st.builds(
    Evidence,
    st.just(NAME),
    st.sampled_from(SOURCES),
    times,
    times,
    st.lists(key_looks(), max_size=3, unique_by=lambda look: look.key).map(tuple),
    st.lists(account_looks(), max_size=3, unique_by=lambda look: (look.account, look.question)).map(tuple),
    st.lists(texts, max_size=2).map(tuple),
)


def covered(value: Any) -> Any:
    """Evidence as it may be expected back: without what has the shape of a secret."""
    if isinstance(value, str):
        return "covered" if "**********" in value or secret_shapes.find(value) else value
    if isinstance(value, dict):
        return {covered(name): covered(each) for name, each in value.items()}
    if isinstance(value, tuple):
        parts = [covered(each) for each in value]
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    return value


@given(evidences)
@example(WHOLE)
def test_what_is_written_is_read_back(evidence: Evidence) -> None:
    text = dump(evidence, "1.2.3")
    assert text.isascii()
    assert text.endswith("}\n")
    assert not secret_shapes.find(text)
    VALIDATOR.validate(json.loads(text))
    read = load(NAME, text.encode())
    assert covered(read) == covered(evidence)
    assert load(NAME, dump(read, "1.2.3").encode()) == read
    assert dump(read, "1.2.3") == text


def test_whole_evidence_is_read_back() -> None:
    assert load(NAME, dump(WHOLE, "1.2.3").encode()) == WHOLE
    assert load("other.json", b"\xef\xbb\xbf" + dump(WHOLE, "1").encode()) == WHOLE._replace(name="other.json")


def test_names_of_flags_come_in_one_order() -> None:
    read = load(NAME, dump(WHOLE, "1").encode())
    assert read.keys[0].facts is not None
    assert list(read.keys[0].facts.flags) == ["enableFutures", "enablePredictionTrading", "enableReading"]


def test_a_day_and_a_thousandth_are_kept() -> None:
    text = dump(WHOLE, "1")
    assert '"at": "2026-11-20T09:30:00Z"' in text
    assert '"created": "2026-11-11T09:29:59.999000Z"' in text


# -- Any other document ------------------------------------------------------------------------------------------------

Path = tuple[str | int, ...]
ODD: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 1.5, 10**30, "", "x", "true", "observed", "not-found", "2026-11-20T09:30:00Z",
    "2026-11-20", [], {}, ["x"], {"x": 1}, "x" * 3000,
)  # fmt: skip


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    yield path
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(inner, (*path, key))


PLACES = [path for path in places(DOCUMENT) if path]


def changed(path: Path, change: Any) -> Any:
    document = copy.deepcopy(DOCUMENT)
    holder = document
    for part in path[:-1]:
        holder = holder[part]
    change(holder, path[-1])
    return document


def refusal(document: Any) -> str | None:
    """What `load` says against a document; None if it takes it."""
    try:
        load(NAME, json.dumps(document).encode())
    except BadEvidence as bad:
        return str(bad)
    return None


STRICTER = ("second look", "no day or no time", "is less than the number", "shape of a secret", "version")
"""What the reader says where the schema cannot."""


def compare(document: Any) -> None:
    said_, valid = refusal(document), VALIDATOR.is_valid(document)
    if valid and said_ is not None:
        assert any(word in said_ for word in STRICTER), said_
    else:
        assert valid is (said_ is None), (said_, [error.message for error in VALIDATOR.iter_errors(document)])


@pytest.mark.parametrize("path", PLACES, ids=lambda path: ".".join(map(str, path)))
def test_reader_and_schema_agree_on_each_change_of_each_place(path: Path) -> None:
    compare(changed(path, lambda holder, part: holder.pop(part)))
    for odd in ODD:
        compare(changed(path, lambda holder, part, odd=odd: holder.__setitem__(part, odd)))
    if isinstance(path[-1], str):
        compare(changed(path, lambda holder, part: holder.__setitem__(part.upper(), holder.pop(part))))
    if isinstance(path[-1], str):
        compare(changed((*path[:-1], "more"), lambda holder, part: holder.__setitem__(part, 1)))


@given(st.lists(st.tuples(st.sampled_from(PLACES), st.sampled_from(ODD)), min_size=2, max_size=4))
def test_reader_and_schema_agree_on_several_changes(changes: list[tuple[Path, Any]]) -> None:
    document = copy.deepcopy(DOCUMENT)
    for path, odd in changes:
        holder = document
        try:
            for part in path[:-1]:
                holder = holder[part]
            holder[path[-1]] = odd
        except (KeyError, IndexError, TypeError):
            assume(False)  # an earlier change took the place away
    compare(document)


@pytest.mark.parametrize("path", [path for path in PLACES if path[-1] in {"at", "key", "fingerprint", "outcome"}])
def test_a_line_end_too_many_is_refused(path: Path) -> None:
    """For jsonschema `$` stands in front of one too, so that it lets it through."""
    text = "x"
    document = changed(path, lambda holder, part: holder.__setitem__(part, f"{holder[part] or text}\n"))
    assert refusal(document) is not None


def test_the_schema_is_one() -> None:
    Draft7Validator.check_schema(SCHEMA)

    def closed(schema: Any) -> Iterator[bool]:
        for each in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
            yield from closed(each)
        if isinstance(schema, dict) and schema.get("type") == "object" and "properties" in schema:
            yield schema["additionalProperties"] is False
            yield set(schema["required"]) == set(schema["properties"])
            yield all("description" in field or "$ref" in field for field in schema["properties"].values())

    assert all(closed(SCHEMA))
    assert SCHEMA["definitions"]["key-look"]["properties"]["outcome"]["enum"] == list(OUTCOMES)
    assert SCHEMA["definitions"]["account-look"]["properties"]["question"]["enum"] == list(QUESTIONS)


# -- What is said ------------------------------------------------------------------------------------------------------


def replaced(path: Path, value: Any) -> bytes:
    return json.dumps(changed(path, lambda holder, part: holder.__setitem__(part, value))).encode()


AGAIN = "write it anew with `keylint observe`"
REFUSED: dict[str, tuple[bytes, str | None]] = {
    "empty": (b"", f"host1.json: is not JSON (line 1, column 1); {AGAIN}"),
    "not UTF-8": (b'{"version": "\xff"}', f"host1.json: is not UTF-8; {AGAIN}"),
    "UTF-16": ("{}".encode("utf-16"), f"host1.json: is not UTF-8; {AGAIN}"),
    "too large": (b" " * (MAX_BYTES + 1), "host1.json: is larger than 16 MiB: split the desk into several manifests"),
    "truncated": (dump(WHOLE, "1")[:-9].encode(), None),
    "two documents": (dump(WHOLE, "1").encode() * 2, None),
    "twice": (b'{"version": 1, "version": 1}', f"host1.json: names one field twice; {AGAIN}"),
    "NaN": (b'{"version": NaN}', f"host1.json: holds what is no number in JSON; {AGAIN}"),
    "infinite": (b'{"version": -Infinity}', f"host1.json: holds what is no number in JSON; {AGAIN}"),
    "huge number": (b'{"version": 1%s}' % (b"0" * 5000), f"host1.json: holds a number that is out of range; {AGAIN}"),
    "deep": (b"[" * 100_000, f"host1.json: nests deeper than any evidence; {AGAIN}"),
    "list": (b"[]", f"host1.json: is no object; {AGAIN}"),
    "null": (b"null", f"host1.json: is no object; {AGAIN}"),
    "no version": (b"{}", f"host1.json: version is missing; {AGAIN}"),
    "newer": (
        b'{"version": 2}',
        "host1.json: was written by a newer keylint (version 2 of the format): update keylint",
    ),
    "older": (b'{"version": 0}', f"host1.json: has version 0 of the format, which keylint never wrote; {AGAIN}"),
    "version true": (b'{"version": true}', f"host1.json: version is no whole number from 0 to 1,000,000,000; {AGAIN}"),
    "a word for true": (
        replaced(("keys", 0, "facts", "flags", "enableReading"), "true"),
        f"host1.json: keys[0].facts.flags.enableReading is neither true nor false; {AGAIN}",
    ),
    "a strange name": (
        replaced(("keys", 0, "facts", "flags", "::error::\x1b"), 1),
        f"host1.json: keys[0].facts.flags, value 4, is neither true nor false; {AGAIN}",
    ),
    "an outcome": (
        replaced(("keys", 0, "outcome"), "fine"),
        f"host1.json: keys[0].outcome is none of {', '.join(OUTCOMES)}; {AGAIN}",
    ),
    "a claim without facts": (
        replaced(("keys", 0, "facts"), None),
        f"host1.json: keys[0].facts is null, and its outcome is observed; {AGAIN}",
    ),
    "facts without a claim": (
        replaced(("keys", 1, "facts"), DOCUMENT["keys"][0]["facts"]),
        f"host1.json: keys[1].facts is there, and its outcome is not-found; {AGAIN}",
    ),
    "a failure without a reason": (
        replaced(("keys", 2, "reason"), ""),
        f"host1.json: keys[2].reason is empty, and its outcome is no-credentials; {AGAIN}",
    ),
    "an account without facts": (
        replaced(("keys", 1, "account"), "0f" * 8),
        f"host1.json: keys[1].account is there without facts; {AGAIN}",
    ),
    "a second look": (
        replaced(("keys", 1, "key"), "grid"),
        f"host1.json: keys[1] is a second look at the same thing; {AGAIN}",
    ),
    "a second question": (
        replaced(("accounts", 1), DOCUMENT["accounts"][0]),
        f"host1.json: accounts[1] is a second look at the same thing; {AGAIN}",
    ),
    "an answer to another question": (
        replaced(("accounts", 0, "told"), {"symbols": []}),
        f"host1.json: accounts[0].told.text is missing; {AGAIN}",
    ),
    "more unlisted than saved": (
        replaced(("accounts", 3, "told", "saved"), 0),
        f"host1.json: accounts[3].told.saved is less than the number of those not on the list; {AGAIN}",
    ),
    "30 February": (
        replaced(("started",), "2026-02-30T09:30:00Z"),
        f"host1.json: started is no day or no time of day; {AGAIN}",
    ),
    "an address": (
        replaced(("keys", 0, "facts", "ip_list"), ["010.0.0.1"]),
        f"host1.json: keys[0].facts.ip_list[0] is no address or network; {AGAIN}",
    ),
    "a long text": (
        replaced(("remarks", 0), "x" * 2001),
        f"host1.json: remarks[0] is longer than 2,000 characters; {AGAIN}",
    ),
    "a field too many": (
        replaced(("keys", 0, "secret"), "x"),
        f"host1.json: keys[0] has a field that keylint does not write; {AGAIN}",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_evidence_is_refused_and_said(name: str) -> None:
    data, expected = REFUSED[name]
    with pytest.raises(BadEvidence) as raised:
        load(NAME, data)
    assert expected in {None, str(raised.value)}
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


@pytest.mark.parametrize("secret", [SECRET, PEM, f"x{SECRET}"])
@pytest.mark.parametrize("path", [("remarks", 0), ("keys", 0, "facts", "label"), ("keys", 0, "facts", "flags", SECRET)])
@pytest.mark.parametrize("escaped", [False, True])
def test_a_secret_is_refused_and_not_repeated(secret: str, path: Path, escaped: bool) -> None:
    data = replaced(path, secret).decode()
    if escaped:  # so that the text does not show what a reader of it gets
        data = data.replace(json.dumps(secret), '"' + "".join(f"\\u{ord(char):04x}" for char in secret) + '"')
        data = data.replace(json.dumps(SECRET), '"' + "".join(f"\\u{ord(char):04x}" for char in SECRET) + '"')
    with pytest.raises(BadEvidence, match="has the shape of a secret") as raised:
        load(NAME, data.encode())
    assert not any(secret[at : at + 16] in str(raised.value) for at in range(len(secret) - 16))


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda it: it.encode("utf-8", "surrogatepass")))
def test_bytes_are_evidence_or_refused(data: bytes) -> None:
    with pytest.raises(BadEvidence):
        load(NAME, data)


@given(st.data())
def test_bent_text_is_evidence_or_refused(data: st.DataObject) -> None:
    text = dump(WHOLE, "1")
    at = data.draw(st.integers(0, len(text)))
    cut = data.draw(st.integers(0, 5))
    bent = text[:at] + data.draw(st.text('{}[]":,\\u0' + digits, max_size=3)) + text[at + cut :]
    try:
        load(NAME, bent.encode())
    except BadEvidence as bad:
        assert str(bad).startswith("host1.json: ")  # noqa: PT017 - either way is right


def test_ten_thousand_keys_are_read_in_time() -> None:
    looks = tuple(WHOLE.keys[0]._replace(key=f"key-{index}") for index in range(10_000))
    data = dump(WHOLE._replace(keys=looks), "1").encode()
    assert len(data) < MAX_BYTES
    began = time.process_time()
    assert len(load(NAME, data).keys) == 10_000
    assert time.process_time() - began < 10


def test_source_of_binance_is_kept() -> None:
    assert load(NAME, dump(WHOLE._replace(source=BINANCE), "1").encode()).source == BINANCE
