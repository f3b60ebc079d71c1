"""What the hardening tests share: keylint run in-process, manifests, mutations of them, secrets and hostile text.

What draws from Hypothesis is for the properties; what draws from a `random.Random` is also for `fuzz.py`, which runs
for as long as it is given.
"""

import base64
import io
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from importlib import import_module
from pathlib import Path
from random import Random
from string import ascii_letters, digits
from typing import Any, NamedTuple, cast
from unittest import mock

from hypothesis import strategies as st
from jsonschema import Draft7Validator

from keylint import cli, engine, gate, plugins
from keylint.api import KINDS, PERMISSION, Severity, Side
from keylint.cli import check, stream
from keylint.engine import Census, Report, Summary, Waived
from keylint.manifest.load import load
from keylint.manifest.positions import PositionIndex
from keylint.report import FORMATS
from keylint.tally import Extent, Reported, Unknown

ROOT = Path(__file__).parent.parent
EXAMPLES = tuple(path.read_bytes() for path in sorted((ROOT / "examples").glob("**/*.toml")))
TODAY = date(2026, 11, 20)
MOMENT = datetime(2026, 11, 20, tzinfo=UTC)
AS_OF = ("--as-of", TODAY.isoformat())

Table = dict[str, Any]


# Running keylint.


class Ran(NamedTuple):
    """How a run of the program ended, and what it wrote."""

    code: int
    out: str
    err: str
    files: Mapping[str, str] = {}
    """What went to each `--output FORMAT=PATH`, by its path."""

    @property
    def everything(self) -> str:
        """Every character that the run wrote."""
        return "\n".join([self.out, self.err, *self.files.values()])


class _Screen(io.StringIO):
    """A terminal that keeps what it shows."""

    def isatty(self) -> bool:
        return True


def keylint(*arguments: str, data: bytes = b"", terminal: bool = False, on_disk: bool = False) -> Ran:
    """Run the command line in this process.

    Args:
        arguments: what stands behind the program's name.
        data: its standard input.
        terminal: whether its standard output is a terminal.
        on_disk: whether reports for files go there; else they are kept in `files`.
    """
    out, err, files = _Screen() if terminal else io.StringIO(), io.StringIO(), dict[str, str]()
    stdin = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8")
    with (
        mock.patch.object(sys, "stdin", stdin),
        mock.patch.object(check, "write", stream.write if on_disk else files.__setitem__),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        code = cli.run(list(arguments))
    return Ran(code, out.getvalue(), err.getvalue(), files)


def judged(data: bytes, *options: str) -> Ran:
    """Judge a manifest and render it in every format: text to standard output, the others to `files`."""
    outputs = [f"--output={name}={name}" for name in FORMATS]
    return keylint("check", "-", *AS_OF, *outputs, *options, data=data)


def report_on(*texts: str, rules: Sequence[Any] | None = None) -> Report:
    """The report on manifests by all loaded rules, or by `rules`."""
    found = registry()
    chosen = found.rules if rules is None else tuple(rules)
    names = {**found.names, **{word: rule.code for rule in chosen for word in (rule.code, rule.name)}}
    sources = [load("keylint.toml", text.encode()) for text in texts]
    return gate.apply([engine.run(source, chosen, MOMENT, names) for source in sources], chosen)


@cache
def registry() -> plugins.Registry:
    """Every rule that is loaded; the tests hold for any set of them."""
    return plugins.load()


def is_loaded(*codes: str) -> bool:
    """Whether all of these rules are loaded."""
    return set(codes) <= {rule.code for rule in registry().rules}


def faults(ran: Ran) -> list[str]:
    """What no run may show, whatever it was given."""
    found = [] if ran.code in {0, 1, 2, 3} else [f"exit code {ran.code}"]
    said = ran.everything
    return found + [word for word in ("Traceback", "internal error", "the rule crashed") if word in said]


@cache
def _report_validator() -> Draft7Validator:
    schema = json.loads(import_module("keylint.schemas").text("report"))
    Draft7Validator.check_schema(schema)
    return Draft7Validator(schema)


@lru_cache(maxsize=4)
def valid_report(text: str) -> Table:
    """A JSON report, held to its schema and to its own counts. It is kept: leave it as it is."""
    report = json.loads(text)
    errors = [f"{error.json_path}: {error.message}" for error in _report_validator().iter_errors(report)]
    assert errors == []
    counts = report["summary"]
    assert counts["planned"] == sum(number for name, number in counts.items() if name != "planned")
    for name in ("findings", "unknown", "waived", "baseline"):
        assert counts[name] == len(report[name]), name
    return cast("Table", report)


# Manifests.


def toml(values: Table) -> str:
    """`values` as TOML: sections of tables by id, lists of tables, the rest in one line each."""
    lines, tables = [], []
    for name, value in values.items():
        if isinstance(value, dict) and value and all(isinstance(item, dict) for item in value.values()):
            tables += [_table(f"[{name}.{key_name(each)}]", table) for each, table in value.items()]
        elif isinstance(value, dict):
            tables.append(_table(f"[{name}]", value))
        elif isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
            tables += [_table(f"[[{name}]]", table) for table in value]
        else:
            lines.append(f"{key_name(name)} = {literal(value)}\n")
    return "\n".join(["".join(lines), *tables])


def _table(header: str, table: Table) -> str:
    return "".join([f"{header}\n", *(f"{key_name(name)} = {literal(value)}\n" for name, value in table.items())])


def literal(value: object) -> str:
    """A value as TOML writes it, tables in one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{key_name(name)} = {literal(each)}' for name, each in value.items())} }}"
    return str(value)


def key_name(name: str) -> str:
    """A key as TOML writes it: bare where that is possible."""
    return name if re.fullmatch("[A-Za-z0-9_-]+", name) else literal(name)


ADDRESSES = (
    "203.0.113.20",
    "203.0.113.21",
    "198.51.100.7",
    "198.51.100.0/28",
    "198.51.100.0/24",
    "10.0.0.1",
    "0.0.0.0/0",
    "0.0.0.0/1",
    "128.0.0.0/1",
    "2001:db8::7",
    "::/0",
)
METHODS = ("passkey", "security-key", "authenticator", "sms", "email")
CUSTODY = ("secret-manager", "hsm", "platform", "env-file", "git", "chat")

_days = st.integers(-400, 30).map(lambda days: TODAY + timedelta(days))
_people = st.sampled_from(["alice", "bob", "risk"])
_addresses = st.lists(st.sampled_from(ADDRESSES), max_size=3)
_permissions = st.lists(st.sampled_from(sorted(PERMISSION)), max_size=4, unique=True)
_words = st.fixed_dictionaries({"attested": _days, "by": _people})
_account = st.fixed_dictionaries(
    {},
    optional={
        "owner": _people,
        "two_factor": st.tuples(st.lists(st.sampled_from(METHODS), max_size=2), _words).map(
            lambda both: {"methods": both[0], **both[1]}
        ),
        "withdrawal_allowlist": st.tuples(st.booleans(), _words).map(lambda both: {"enabled": both[0], **both[1]}),
        "admin_ips": _addresses,
    },
)
_provider = st.fixed_dictionaries(
    {},
    optional={
        "url": st.sampled_from(["https://fastbot.example", "http://fastbot.example", "https://xn--80ak6aa92e.example"]),
        "egress_ips": _addresses,
        "asks_for": _permissions,
        "rejects_withdrawals": st.booleans(),
        "reviewed": _days,
    },
)
_kinds = st.sampled_from(sorted(KINDS))
_bot = st.fixed_dictionaries(
    {"kind": st.one_of(_kinds, st.lists(_kinds, min_size=1, max_size=2))},
    optional={
        "needs": _permissions,
        "because": st.sampled_from(["moves margin", " "]),
        "purpose": st.just("buys weekly"),
        "egress_ips": _addresses,
        "static_ip": st.booleans(),
        "status": st.sampled_from(["active", "active", "paused", "retired"]),
        "owner": _people,
    },
)
_key = st.fixed_dictionaries(
    {"type": st.sampled_from(["ed25519", "rsa", "hmac"]), "permissions": _permissions, "created": _days},
    optional={
        "label": st.sampled_from(["fastbot-spot-dca", "grid", "bot", ""]),
        "ip_allowlist": _addresses,
        "ip_third_party": st.just("fastbot"),
        "status": st.sampled_from(["staged", "active", "active", "disabled"]),
        "reviewed": _days,
        "custody": st.sampled_from(CUSTODY),
        "holders": st.lists(_people, max_size=2),
        "fingerprint": st.sampled_from(["sha256:0123456789abcdef", "sha256:fedcba9876543210"]),
    },
)
_events = st.fixed_dictionaries(
    {
        "on": _days,
        "kind": st.sampled_from(["team-change", "suspected-leak", "migration"]),
        "affects": st.lists(st.sampled_from(["keys.k0", "bots.b0", "accounts.main"]), min_size=1, max_size=2),
    }
)
_policy = st.fixed_dictionaries(
    {},
    optional={
        "rotation": st.fixed_dictionaries({}, optional={"max_age_days": st.integers(1, 400)}),
        "network": st.fixed_dictionaries({}, optional={"max_addresses": st.integers(1, 2**32)}),
    },
)


@st.composite
def manifests(draw: st.DrawFn) -> Table:
    """A manifest that fits the schema: its references mostly lead somewhere, and much else in it is wrong."""
    accounts = draw(st.dictionaries(st.sampled_from(["main", "grid"]), _account, max_size=2))
    if len(accounts) > 1 and draw(st.booleans()):
        accounts["grid"]["master"] = "main"
    providers = draw(st.dictionaries(st.just("fastbot"), _provider, max_size=1))
    bots = {f"b{index}": draw(_bot) for index in range(draw(st.integers(1, 3)))}
    for bot in bots.values():
        with_provider: bool = draw(st.booleans())
        if providers and with_provider:
            bot["provider"] = "fastbot"
        if len(accounts) > 1:
            bot["account"] = draw(st.sampled_from(["main", "grid"]))
    keys = {f"k{index}": draw(_key) for index in range(draw(st.integers(1, 3)))}
    for name, key in keys.items():
        _complete(draw, name, key, bots, accounts, list(keys))
    values: Table = {"version": 1, "accounts": accounts, "providers": providers, "bots": bots, "keys": keys}
    values["policy"] = draw(_policy)
    values["events"] = draw(st.lists(_events, max_size=1))
    return {name: value for name, value in values.items() if value}


def _complete(draw: st.DrawFn, name: str, key: Table, bots: Table, accounts: Table, keys: list[str]) -> None:
    """Give a key what depends on the rest of the manifest."""
    if key.get("status") == "disabled":
        key["disabled"] = draw(_days)
    whose = draw(st.sampled_from(["bot", "bot", "bots", "inventory", "nobody"]))
    if whose == "bot":
        key["bot"] = draw(st.sampled_from([*bots, *bots, "gone"]))
    elif whose == "bots":
        key["bots"] = draw(st.lists(st.sampled_from(sorted(bots)), min_size=1, max_size=2, unique=True))
    elif len(accounts) > 1:
        key["account"] = "main"
    if whose == "inventory":
        key["role"] = "inventory"
    if len(keys) > 1 and draw(st.booleans()):
        key["replaced_by"] = draw(st.sampled_from([other for other in keys if other != name]))


# Secrets.


class Secret(NamedTuple):
    """A secret as somebody may paste it, and the parts of it that may stand nowhere."""

    kind: str
    text: str
    parts: tuple[str, ...]


_BASE64 = f"{ascii_letters}{digits}+/"
_PKCS8 = {"ed25519": "MC4CAQAwBQYDK2VwBCIEI", "rsa": "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC"}


def secret(random: Random, kind: str) -> Secret:
    """An exchange's API key or secret (64 letters and digits), the body of a private key, or a private key file."""
    if kind == "alnum":
        text = "".join([random.choice(alphabet) for alphabet in (digits, "AZ", "az")])
        text += "".join(random.choice(ascii_letters + digits) for _ in range(61))
        return Secret(kind, text, (text,))
    body = _PKCS8["rsa" if kind == "rsa-pem" else "ed25519"]
    body += "".join(random.choice(_BASE64) for _ in range((1624 if kind == "rsa-pem" else 64) - len(body)))
    if kind == "pkcs8":
        return Secret(kind, body, (body,))
    lines = [body[start : start + 64] for start in range(0, len(body), 64)]
    return Secret(kind, "\n".join(["-----BEGIN PRIVATE KEY-----", *lines, "-----END PRIVATE KEY-----"]), tuple(lines))


SECRET_KINDS = ("alnum", "pkcs8", "ed25519-pem", "rsa-pem")
WINDOW = 16


def leaks(found: Secret, output: str) -> set[str]:
    """The 16-character windows of a secret that stand in `output`: as it is, reversed, in hex or in base64."""
    seen = {output[start : start + WINDOW] for start in range(len(output) - WINDOW + 1)}
    return {
        window
        for part in found.parts
        for form in _forms(part)
        for window in (form[start : start + WINDOW] for start in range(len(form) - WINDOW + 1))
        if window in seen
    }


def _forms(text: str) -> Iterator[str]:
    data = text.encode()
    yield from (text, text[::-1], data.hex(), data.hex().upper())
    for shift in range(3):  # base64 looks different with each position in its groups of three
        yield base64.b64encode(bytes(shift) + data).decode()[4 if shift else 0 : -4]


# Hostile text.

HOSTILE = (
    *(chr(code) for code in (*range(1, 0x20), *range(0x7F, 0xA0))),
    *"\u00ad\u061c\u180e\u200b\u200e\u200f\u202a\u202d\u202e\u2066\u2067\u2069\u2028\u2029\ufeff\u115f\u3164\U0001d173\U000e0041",
    "\x1b[31m",
    "\x1b]0;title\x07",
    "\x1b]8;;https://evil.example\x1b\\",
    "\x9b2J",
    "\r\n::error::smuggled",
    "::error file=x::smuggled",
    "\n::add-mask::a",
    "##[error]smuggled",
    "##[command]x",
    "%0A::error::smuggled",
    "%25",
    "`\n```\n# x",
    '"},{"code":"KL000',
    "</script>",
    "=HYPERLINK(1)",
    "日本語",
    "e\u0301",
    "\U0001f511",
)
hostile = st.lists(st.sampled_from([*HOSTILE, "a", " ", "x" * 30]), min_size=1, max_size=6).map("".join)

# What acts on a terminal or hides: written down apart from `keylint.report.escape`, which is what is being tested.
_BIDI_AND_HIDDEN = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb"
    "\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e007f"
)
_RAW = re.compile(f"[\x00-\x09\x0b-\x1f\x7f-\x9f{_BIDI_AND_HIDDEN}\ud800-\udfff]")
_SGR = re.compile("\x1b\\[[0-9;]*m")
# The commands of a GitHub runner: `::` at a line's start, white space before it or not; the older `##[` anywhere. From
# its source, ActionCommand.TryParseV2 and TryParse.
_COMMAND = re.compile(r"^\s*::([A-Za-z][\w-]*)(?: [^\n]*?)?::", re.MULTILINE)


def raw_controls(output: str, *, colored: bool = False) -> list[str]:
    """The characters in `output` that no output may hold."""
    return _RAW.findall(_SGR.sub("", output) if colored else output)


def runner_commands(output: str) -> list[str]:
    """The commands that a GitHub runner would obey in `output`."""
    return _COMMAND.findall(output) + re.findall(r"##\[[^]\n]*", output)


# Mutations, from a `random.Random`.

NASTY = (
    *(
        b"\x00",
        b"\xff",
        b"\xc0\xaf",
        b"\xed\xa0\x80",
        b"\xef\xbb\xbf",
        b"\r",
        b"\r\n",
        b"\x1b[2J",
        b"\xe2\x80\xae",
        b"\xd0\xb0",
    ),
    *(
        b'"""',
        b"'''",
        b'"',
        b"'",
        b"\\",
        b"\\u0000",
        b"\\uD800",
        b"\\x1b",
        b"#",
        b"=",
        b".",
        b",",
        b"[",
        b"]",
        b"[[",
        b"]]",
    ),
    *(b"{", b"}", b"{}", b"[]", b"nan", b"-inf", b"1e400", b"9" * 5000, b"0x", b"1_000", b"true", b"0001-01-01"),
    *(b"9999-12-31", b"2026-02-30", b"2026-11-20T24:00:00Z", b"1979-05-27T07:32:00-99:99", b"07:32:00"),
    *(b"version = 1\n", b"[keys]\n", b"[keys.k]\n", b"[[keys]]\n", b"[[waivers]]\n", b"[policy]\n", b"a.b.c = 1\n"),
    *(b'bot = "gone"\n', b"permissions = []\n", b'ip_allowlist = ["::/0"]\n', b"[" * 500, b"a." * 20, b"{a=" * 40),
)


def _flip(random: Random, data: bytearray) -> None:
    if data:
        data[random.randrange(len(data))] = random.randrange(256)


def _truncate(random: Random, data: bytearray) -> None:
    del data[random.randrange(len(data) + 1) :]


def _insert(random: Random, data: bytearray) -> None:
    at = random.randrange(len(data) + 1)
    data[at:at] = random.choice(NASTY)


def _replace_token(random: Random, data: bytearray) -> None:
    tokens = list(re.finditer(rb"[\w.:-]+", data))
    if tokens:
        start, end = random.choice(tokens).span()
        data[start:end] = random.choice((*NASTY, *(token.group() for token in tokens)))


def _lines(change: Callable[[Random, list[bytes]], None]) -> Callable[[Random, bytearray], None]:
    def mutate(random: Random, data: bytearray) -> None:
        lines = data.splitlines(keepends=True)
        if lines:
            change(random, cast("list[bytes]", lines))
            data[:] = b"".join(lines)

    return mutate


@_lines
def _duplicate_line(random: Random, lines: list[bytes]) -> None:
    lines.insert(random.randrange(len(lines) + 1), random.choice(lines))


@_lines
def _drop_line(random: Random, lines: list[bytes]) -> None:
    del lines[random.randrange(len(lines))]


@_lines
def _move_line(random: Random, lines: list[bytes]) -> None:
    line = lines.pop(random.randrange(len(lines)))
    lines.insert(random.randrange(len(lines) + 1), line)


def _splice(random: Random, data: bytearray) -> None:
    other = random.choice(EXAMPLES)
    start = random.randrange(len(other))
    at = random.randrange(len(data) + 1)
    data[at:at] = other[start : start + random.randrange(200)]


def _repeat(random: Random, data: bytearray) -> None:
    start = random.randrange(len(data) + 1)
    part = data[start : start + random.randrange(1, 40)]
    data[start:start] = part * random.randrange(1, 60)


_MUTATORS = (
    *(_flip, _truncate, _insert, _insert, _replace_token, _replace_token),
    *(_duplicate_line, _drop_line, _move_line, _splice, _repeat),
)


def mutated(random: Random) -> bytes:
    """An example, or a manifest of the grammar, with one to five mutations."""
    data = bytearray(random.choice(EXAMPLES) if random.random() < 0.6 else grammatical(random))
    for _ in range(random.randrange(1, 6)):
        random.choice(_MUTATORS)(random, data)
    return bytes(data)


# TOML that is mostly well-formed, from a `random.Random`: known sections and fields, and values that mostly do not fit.


@cache
def _fields() -> dict[str, tuple[str, ...]]:
    definitions = json.loads(import_module("keylint.schemas").text("manifest"))["definitions"]
    sections = {"accounts": "account", "providers": "provider", "bots": "bot", "keys": "key", "policy": "policy"}
    return {
        section: tuple(definitions[name]["properties"])
        for section, name in {**sections, "events": "event", "waivers": "waiver"}.items()
    }


_NAMES = ("main", "k", "k-1", '"k"', "'k'", '"a b"', '"\\u202e"', '""', "K", "0", '"ключ"', "a.b", '"a.b"')
_VALUES = (
    *('"read"', '"spot"', '"main"', '"k"', '"ed25519"', '"203.0.113.20"', '"::/0"', '"10.0.0.1/8"', '""', "'x'"),
    *('"""\na\nb"""', "'''\n\\'''", '"\\u001b[0m"', '"ein Wort"', '"kl101"', '"KL101"', '"keys.k"', '"disabled"'),
    *("0", "1", "-1", "1_000_000_000_000", "0xff", "1.5", "1e400", "nan", "true", "false", "[]", "{}", "[[]]"),
    *("2026-11-20", "0001-01-01", "9999-12-31", "2024-02-29", "2026-11-20T00:00:00Z", "2026-11-20 00:00", "07:32:00"),
)


def grammatical(random: Random) -> bytes:
    """A document that TOML's grammar mostly allows, about the tables that keylint knows."""
    parts = ["version = 1\n"] if random.random() < 0.9 else []
    for _ in range(random.randrange(1, 7)):
        section = random.choice((*_fields(), "keys", "keys", "bots", "strange"))
        fields = _fields().get(section, ("x",))
        name = random.choice(_NAMES)
        lists = section in {"events", "waivers"} or random.random() < 0.05
        header = f"[[{section}]]" if lists else "[policy]" if section == "policy" else f"[{section}.{name}]"
        lines = [header]
        for field in random.sample(fields, random.randrange(min(len(fields), 8) + 1)):
            odd = field if random.random() < 0.95 else random.choice((field.upper(), f"{field} ", f'"{field}"', "x.y"))
            lines.append(f"{odd} = {_value(random, field)}{random.choice(('', '', ' # why'))}")
        parts.append(random.choice(("\n", "\n", "\r\n")).join(lines) + "\n")
    return "\n".join(parts).encode()


_FITTING = {
    "permissions": '["read", "spot"]',
    "type": '"ed25519"',
    "created": "2026-11-01",
    "kind": '"spot"',
    "bot": '"k"',
    "ip_allowlist": '["203.0.113.20", "198.51.100.0/24"]',
    "egress_ips": '["203.0.113.20"]',
    "rotation": "{ max_age_days = 30 }",
    "two_factor": '{ methods = ["sms"], attested = 2026-10-01, by = "alice" }',
    "rule": '"withdrawals-enabled"',
    "on": '"keys.k"',
    "until": "2026-12-31",
    "reason": '"because"',
    "by": '"alice"',
    "affects": '["keys.k"]',
    "status": '"active"',
    "disabled": "2026-11-10",
    "replaced_by": '"k-1"',
}


def _value(random: Random, field: str, depth: int = 0) -> str:
    if field in _FITTING and random.random() < 0.8:
        return _FITTING[field]
    form = random.random()
    if depth < 4 and form < 0.15:
        items = [_value(random, "", depth + 1) for _ in range(random.randrange(4))]
        return random.choice(("[{}]", "[\n  {},\n]", "[ # why\n{}]")).format(", ".join(items)).replace("\n,", "\n")
    if depth < 4 and form < 0.25:
        pairs = [f"{random.choice(_NAMES)} = {_value(random, '', depth + 1)}" for _ in range(random.randrange(3))]
        return f"{{ {', '.join(pairs)} }}"
    return random.choice(_VALUES)


# Reports made by hand.


def finding(text: str, at: str, message: str = "keys.k is bad", **changes: Any) -> Reported:
    """A finding that points at the first `at` in the manifest `text`, or at nothing."""
    extent = None
    if at:
        index = PositionIndex(text)
        start, end = index.position(text.index(at)), index.position(text.index(at) + len(at))
        extent = Extent(*start, *end)
    found = Reported(
        "keylint.toml",
        "TST101",
        "made-up",
        Severity.ERROR,
        "keys.k",
        "keys.k.label",
        Side.DECLARED,
        message,
        "mend it",
        extent,
        "TST101/keys.k/label",
    )
    return found._replace(**changes)


def hand_made(
    text: str, *findings: Reported, unknown: Sequence[Unknown] = (), waived: Sequence[Waived] = (), **changes: Any
) -> Report:
    """A report on the manifest `text`, which is called keylint.toml."""
    counts = Summary(7 + len(findings) + len(unknown) + len(waived), 4, len(findings), len(unknown), len(waived), 3)
    sources = (load("keylint.toml", text.encode()),)
    report = Report(MOMENT, sources, counts, findings, tuple(unknown), tuple(waived), Census(1, 0, 1, 1))
    return report._replace(**changes)
