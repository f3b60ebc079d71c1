"""Who holds what: the data, and each format as those who read it would."""

import csv
import io
import json
import re
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator
from strategies import Table, manifests, raw_controls, runner_commands, toml

from keylint.evidence.model import BINANCE, OBSERVED, Evidence, KeyFacts, KeyLook
from keylint.manifest.load import load
from keylint.manifest.model import Manifest
from keylint.manifest.permissions import PERMISSION
from keylint.rehearsal import perform, rehearse
from keylint.review import (
    inventory_csv,
    inventory_html,
    inventory_json,
    inventory_markdown,
    inventory_text,
    inventory_words,
)
from keylint.review.inventory import inventory
from keylint.review.inventory_model import Addresses, Cell, Holding, Inventory, Shown
from keylint.sandbox.state import load as load_state

ROOT = Path(__file__).parent.parent.parent
DESK = (ROOT / "examples" / "desk" / "keylint.toml").read_text(encoding="utf-8")
STATE = (ROOT / "examples" / "desk" / "keylint.sandbox.toml").read_text(encoding="utf-8")
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOME = """\
version = 1
[accounts.main]
two_factor = { methods = ["passkey"], attested = 2026-11-01, by = "me" }
[bots.dca]
kind = "spot"
[keys.dca]
bot = "dca"
label = "home"
type = "ed25519"
permissions = ["read", "spot"]
ip_allowlist = ["203.0.113.20"]
created = 2026-11-01
custody = "env-file"
"""


def manifest(text: str) -> Manifest:
    found = load("keylint.toml", text.encode()).manifest
    assert found is not None
    return found


def declared(text: str) -> Inventory:
    return inventory("keylint.toml", manifest(text), NOON)


def live(text: str, state: str = "") -> Inventory:
    """The inventory where all is as declared, but for what `state` says."""
    return inventory("keylint.toml", manifest(text), NOON, [rehearse(manifest(text), state, NOON)])


def desk() -> Inventory:
    """The example's desk, as its sandbox has it."""
    return inventory("keylint.toml", manifest(DESK), NOON, [perform(manifest(DESK), load_state(STATE, "state"), NOON)])


def key(found: Inventory, name: str) -> Holding:
    (one,) = [it for it in found.keys if it.name == name]
    return one


def cells(it: Holding) -> dict[str, str]:
    """What is not a plain no on both sides."""
    plain = ({"no"}, {"no", "not-looked-at"})
    return {
        token: f"{cell.declared.value} {cell.live.value}"
        for token, cell in it.permissions.items()
        if {cell.declared.value, cell.live.value} not in plain
    }


# The data.


def test_without_live_state_nothing_sounds_live() -> None:
    found = declared(HOME)
    (only,) = found.keys

    assert found.live is None
    assert not found.undecided
    assert cells(only) == {"read": "yes not-looked-at", "spot": "yes not-looked-at"}
    assert (only.live, only.seen_at, only.differences) == ("not-looked-at", None, ())
    assert inventory_words.looked_at(found) == "As declared; live state was not looked at"


def test_what_agrees_is_yes_on_both_sides() -> None:
    (only,) = live(HOME).keys

    assert cells(only) == {"read": "yes yes", "spot": "yes yes"}
    assert (only.differences, only.doubts, only.live) == ((), (), "answered")
    assert not any(only.differs(token) for token in PERMISSION)
    assert (only.account, only.age_days, only.next and only.next.day) == ("main", 19, date(2027, 1, 30))


@pytest.mark.parametrize(
    ("state", "differences"),
    [
        (
            'permissions = ["read", "withdraw"]',
            ("live has withdraw, not declared", "live does not have spot, declared"),
        ),
        ("flags = { enableMoon = true }", ("live has enableMoon, for which keylint has no word",)),
        ("created = 2026-10-01T10:00:00Z", ("live was created 2026-10-01, declared 2026-11-01",)),
        ("deleted = true", ("Binance does not know it: it was deleted, or is another one",)),
    ],
)
def test_what_differs_is_said(state: str, differences: tuple[str, ...]) -> None:
    (only,) = live(HOME, f"[keys.dca]\n{state}\n").keys
    assert only.differences == differences
    assert only.doubts == ()


def test_a_key_without_a_list_and_one_with_it() -> None:
    bound = HOME.replace('ip_allowlist = ["203.0.113.20"]\n', "")
    (only,) = live(bound, '[keys.dca]\nip_list = ["203.0.113.20"]\n').keys
    assert only.differences == ("live can be used from some addresses alone, declared from any",)
    assert inventory_words.addresses(only) == "any; live some, which Binance does not show"
    (only,) = live(bound).keys
    assert inventory_words.addresses(only) == "any"
    third = HOME.replace('ip_allowlist = ["203.0.113.20"]', 'ip_third_party = "fastbot"')
    (only,) = live(third).keys
    assert inventory_words.addresses(only) == "those that Binance keeps for fastbot"
    (only,) = declared(HOME.replace("203.0.113.20", "0.0.0.0/0")).keys
    assert inventory_words.addresses(only) == "0.0.0.0/0 (any)"
    assert inventory_words.usable_anywhere(only.addresses)


def test_the_desk_is_known_as_far_as_its_sandbox_tells() -> None:
    found = desk()
    said = {it.name: (it.live, it.differences) for it in found.keys}

    assert said == {
        "spot-dca-2026q4": ("answered", ()),
        "spot-dca-2026q3": ("answered", ()),
        "margin-carry-2026q4": ("answered", ()),
        "margin-carry-2026q3": ("gone", ()),  # it is disabled, and was deleted since
        "tracker-2026q4": ("answered", ("live has enablePredictionTrading, for which keylint has no word",)),
        "grid-2026q3": ("answered", ("live lists 192.0.2.99, not declared",)),
        "options-hedge-2026q3": ("answered", ("live has spot, not declared",)),
        "triangle-2026q3": ("answered", ("live can be used from any address, declared from some",)),
        "inventory": ("answered", ()),
        "fund-inventory": ("unknown", ()),
        "grid trial": ("answered", ("live, and not declared",)),
    }
    assert {it.name for it in found.keys if it.doubts} == {"fund-inventory", "grid trial"}
    assert set(cells(key(found, "fund-inventory")).values()) == {"yes unknown", "no unknown"}
    assert len(cells(key(found, "fund-inventory"))) == len(PERMISSION)
    assert cells(key(found, "options-hedge-2026q3")) == {"read": "yes yes", "spot": "no yes", "options": "yes yes"}
    assert {it.id: it.others for it in found.accounts} == {
        "main": Shown.NOT_SHOWN,
        "grid": Shown.YES,
        "fund": Shown.NOT_SHOWN,
    }
    assert found.undecided
    stranger = key(found, "grid trial")
    assert (stranger.id, stranger.account, stranger.custody, stranger.next) == (None, "grid", None, None)
    assert cells(stranger)["futures"] == "no yes"
    assert cells(stranger)["withdraw"] == "no unknown"


def test_what_a_masters_list_alone_shows_is_compared_too() -> None:
    state = STATE.replace('label = "grid-spot-futures"', 'label = "somebody else"')
    found = inventory("k", manifest(DESK), NOON, [perform(manifest(DESK), load_state(state, "state"), NOON)])
    assert key(found, "grid-2026q3").differences == (
        "live lists 192.0.2.99, not declared",
        'live is called "somebody else", declared "grid-spot-futures"',
    )


def test_the_facts_count_what_a_deleted_key_can_do_no_more() -> None:
    assert inventory_words.facts(desk()) == (
        "11 keys on 3 accounts",
        "none can withdraw, not known of 2",
        "1 can transfer, not known of 2",
        "3 usable from any address",
        "2 past the day of the next step",
        "5 not as declared",
        "2 not wholly known",
    )
    powerful = HOME.replace('"spot"]', '"spot", "withdraw", "internal-transfer"]')
    assert inventory_words.facts(live(powerful))[1:3] == ("1 can withdraw", "1 can transfer")
    assert inventory_words.facts(live(powerful, "[keys.dca]\ndeleted = true\n"))[1:3] == (
        "none can withdraw",
        "none can transfer",
    )


def test_a_disabled_key_that_lost_its_boxes_does_not_differ_and_one_that_kept_them_does() -> None:
    text = HOME + 'status = "disabled"\ndisabled = 2026-11-18\n'
    (lost,) = live(text).keys
    assert (lost.differences, lost.differs("spot")) == ((), False)
    (kept,) = live(text, '[keys.dca]\npermissions = ["read", "spot"]\n').keys
    assert kept.differences == ("live has spot, and it is disabled",)
    assert (kept.next and kept.next.what, kept.next and kept.next.day) == ("delete keys.dca", date(2026, 11, 25))


def test_a_disabled_key_without_credentials_is_not_asked_and_not_unknown() -> None:
    text = HOME + 'status = "disabled"\ndisabled = 2026-11-18\n'
    look = KeyLook("dca", NOON, "no-credentials", "no credentials: set them")
    found = inventory("k", manifest(text), NOON, [Evidence("a.json", BINANCE, NOON, NOON, (look,), ())])
    assert (found.keys[0].live, found.undecided) == ("not-shown", False)
    assert "live not asked" in inventory_words.details(found.keys[0])
    awake = inventory("k", manifest(HOME), NOON, [Evidence("a.json", BINANCE, NOON, NOON, (look,), ())])
    assert (awake.keys[0].live, awake.undecided) == ("unknown", True)


def test_a_flag_in_another_form_is_unknown_and_never_no() -> None:
    flags = {it.field: name == "read" for name, it in PERMISSION.items() if name != "withdraw"}
    facts = KeyFacts(flags, True, None, NOON, doubts={"enableWithdrawals": "is missing"})
    look = KeyLook("dca", NOON, OBSERVED, fingerprint="sha256:0123456789abcdef", type="ed25519", facts=facts)
    found = inventory("k", manifest(HOME), NOON, [Evidence("", BINANCE, NOON, NOON, (look,), ())])
    (only,) = found.keys

    assert only.permissions["withdraw"] == Cell(Shown.NO, Shown.UNKNOWN)
    assert only.doubts == ("keys.dca: enableWithdrawals is missing in what Binance answered",)
    assert inventory_words.facts(found)[1] == "none can withdraw, not known of 1"
    assert "as Binance told of 1 of 1 key (2026-11-20 12:00 UTC)" in inventory_words.looked_at(found)


@pytest.mark.parametrize(
    ("old", "new", "doubt"),
    [
        ('bot = "dca"', 'bot = "dac"', "keys.dca names bots that are not in the manifest: dac"),
        ('kind = "spot"', 'kind = "spot"\nprovider = "x"', "bots.dca names a provider that is not in the manifest: x"),
        ('bot = "dca"', 'bot = "dca"\naccount = "x"', "keys.dca: which account it belongs to cannot be told: x"),
        ('bot = "dca"', 'bot = "dca"\nreplaced_by = "x"', "keys.dca names keys that are not in the manifest: x"),
    ],
)
def test_a_reference_that_leads_nowhere_is_said(old: str, new: str, doubt: str) -> None:
    found = declared(HOME.replace(old, new))
    assert found.keys[0].doubts == (doubt,)
    assert found.undecided
    for text in (inventory_text.render(found, inventory_text.Style(160)), inventory_html.render(found)):
        assert doubt.removeprefix("keys.dca: ") in text


def test_a_word_of_a_master_that_is_not_there_is_said() -> None:
    found = declared('version = 1\n[accounts.a]\n[accounts.b]\nmaster = "c"\n')
    assert found.accounts[1].doubts == ("accounts.b leaves its word to accounts.c, which is no master account here",)


def test_who_answers_for_a_key() -> None:
    owned = HOME.replace("[accounts.main]", '[accounts.main]\nowner = "treasury"')
    assert declared(HOME).keys[0].owner is None
    assert declared(owned).keys[0].owner == "treasury"
    assert declared(owned.replace('kind = "spot"', 'kind = "spot"\nowner = "bob"')).keys[0].owner == "bob"
    assert declared(owned + 'owner = "alice"\n').keys[0].owner == "alice"


# What people read.


def test_the_text_of_what_is_declared() -> None:
    assert (
        inventory_text.render(declared(HOME), inventory_text.Style())
        == """\
Who holds what: keylint.toml, as of 2026-11-20 12:00 UTC
As declared; live state was not looked at
1 key on 1 account; none can withdraw; none can transfer; none usable from any
address

              Rd fr Sp Mg Fu Op PM ft iT uT Wd  age  next step

main, owner not named
  2FA passkey, attested 2026-11-01 by me, holds until 2027-04-30
  allowlist nobody has vouched for it
  dca         ●  ·  ●  ·  ·  ·  ·  ·  ·  ·  ·   19d  rotate 2027-01-30
    dca, ed25519, custody env-file, from 203.0.113.20

Rd read, fr fix-read, Sp spot, Mg margin, Fu futures, Op options, PM
portfolio-margin, ft fix-trade, iT internal-transfer, uT universal-transfer, Wd
withdraw
● declared, · not declared; live state was not looked at
"""
    )


def test_the_text_of_both_sides() -> None:
    text = inventory_text.render(
        live(HOME, '[keys.dca]\npermissions = ["read", "withdraw"]\nip_list = ["203.0.113.20"]\n'),
        inventory_text.Style(),
    )
    assert (
        """\
main, owner not named
  2FA passkey, attested 2026-11-01 by me, holds until 2027-04-30
  allowlist nobody has vouched for it
≠ dca         ●● ·· ●· ·· ·· ·· ·· ·· ·· ·· ·●  19d  rotate 2027-01-30
    dca, ed25519, custody env-file, from 203.0.113.20
    ≠ live has withdraw, not declared
    ≠ live does not have spot, declared
"""
        in text
    )
    assert "As declared, and as the sandbox told of 1 of 1 key (2026-11-20 12:00 UTC)\n" in text
    assert "Keys that are not declared would not have been seen on main\n" in text
    assert "live state was not looked at" not in text


@pytest.mark.parametrize("width", [80, 120])
def test_the_desk_fits_its_terminal(width: int) -> None:
    for found in (desk(), declared(DESK)):
        lines = inventory_text.render(found, inventory_text.Style(width)).splitlines()
        assert [line for line in lines if len(line) > width] == []
        rows = [line for line in lines if re.match(r"[ ≠?] \S+.*[●·?]{1,2} .*\d+d ", line)]
        assert len({line.index("d  ") for line in rows}) == 1, rows


def test_a_long_name_is_never_cut() -> None:
    name = "a" * 63
    text = inventory_text.render(declared(HOME.replace("[keys.dca]", f"[keys.{name}]")), inventory_text.Style())
    assert f"\n  {name}\n" in text
    assert all(len(line) <= 80 for line in text.splitlines())


def test_a_terminal_without_the_marks_gets_letters() -> None:
    text = inventory_text.render(desk(), inventory_text.Style(ascii=True))
    assert text.isascii()
    assert "! options-hedge-2026q3 xx .. .x .. .. xx" in text


def test_colours_change_no_letter() -> None:
    plain = inventory_text.render(desk(), inventory_text.Style())
    colored = inventory_text.render(desk(), inventory_text.Style(color=True))
    assert re.sub("\x1b\\[[0-9;]*m", "", colored) == plain
    assert "\x1b[1;31m·●\x1b[0m" in colored


def test_an_account_without_keys_and_an_account_that_is_not_known() -> None:
    text = 'version = 1\n[accounts.a]\n[accounts.b]\n[keys.x]\ntype = "rsa"\npermissions = []\ncreated = 2026-11-01\n'
    found = declared(text)
    shown = inventory_text.render(found, inventory_text.Style())
    assert (
        "a, owner not named\n  2FA nobody has vouched for it\n  allowlist nobody has vouched for it\n  no key\n"
        in shown
    )
    assert "account unknown\n? x" in shown
    for render in (inventory_markdown.render, inventory_html.render):
        assert "account unknown" in render(found)
        assert "o key" in render(found)


# What programs read.


def validator() -> Draft7Validator:
    schema = json.loads(import_module("keylint.schemas").text("inventory"))
    Draft7Validator.check_schema(schema)
    return Draft7Validator(schema)


VALID = validator()


def valid(found: Inventory) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(inventory_json.render(found))
    assert [f"{error.json_path}: {error.message}" for error in VALID.iter_errors(document)] == []
    return document


def test_the_json_says_both_sides() -> None:
    document = valid(desk())
    by_id = {it["id"]: it for it in document["keys"]}

    assert document["looked_at"]["live"] is True
    assert document["looked_at"]["keys_answered"] == 9
    assert by_id["options-hedge-2026q3"]["permissions"]["spot"] == {"declared": False, "live": "yes", "differs": True}
    assert by_id["grid-2026q3"]["next"] == {"step": "rotate", "day": "2026-11-12", "late": True}
    assert by_id["grid-2026q3"]["addresses"]["live"] == ["203.0.113.20", "192.0.2.99"]
    assert by_id[None]["label"] == "grid trial"
    assert [it["two_factor"]["inherited"] for it in document["accounts"]] == [False, True, False]
    assert [it["withdrawal_allowlist"]["holds"] for it in document["accounts"]] == [True, True, False]
    assert valid(declared(DESK))["looked_at"] == {"live": False, "sources": [], "keys_answered": None, "remarks": []}


def test_every_field_of_the_schema_is_described() -> None:
    def bare(schema: Any, path: str) -> list[str]:
        if not isinstance(schema, dict):
            return []
        found = [
            f"{path}.{name}"
            for name, field in schema.get("properties", {}).items()
            if not str(field.get("description", "")).endswith(".")
        ]
        inner = [
            *schema.get("properties", {}).items(),
            ("[]", schema.get("items")),
            *enumerate(schema.get("oneOf", [])),
        ]
        return found + [line for name, each in inner for line in bare(each, f"{path}.{name}")]

    assert bare(VALID.schema, "") == []


def rows(text: str) -> list[dict[str, str]]:
    assert "\n" not in text.replace("\r\n", "")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_the_csv_has_a_line_for_each_key() -> None:
    found = rows(inventory_csv.render(desk()))
    hedge = next(it for it in found if it["key"] == "options-hedge-2026q3")

    assert len(found) == 11
    assert (hedge["spot declared"], hedge["spot live"], hedge["differences"]) == (
        "no",
        "yes",
        "live has spot, not declared",
    )
    assert (hedge["account"], hedge["2fa"], hedge["2fa attested"]) == ("fund", "authenticator", "2026-10-06")
    assert (found[-1]["key"], found[-1]["declared"], found[-1]["label"]) == ("", "no", "grid trial")
    assert rows(inventory_csv.render(declared(DESK)))[0]["read live"] == "not looked at"


@pytest.mark.parametrize("label", ["=1+1", "+1", "-1", "@SUM(A1)", " =1", '=HYPERLINK("x")', "＝1"])
def test_no_cell_is_a_formula(label: str) -> None:
    literal = json.dumps(label, ensure_ascii=False)
    (only,) = rows(inventory_csv.render(declared(HOME.replace('"home"', literal))))
    assert only["label"] == f"'{label}"


def test_an_age_of_a_day_to_come_is_no_formula() -> None:
    (only,) = rows(inventory_csv.render(declared(HOME.replace("created = 2026-11-01", "created = 2026-12-01"))))
    assert only["age days"] == "'-11"


def test_no_key_is_a_header_alone() -> None:
    empty = declared("version = 1\n")
    header = inventory_csv.render(empty)
    assert header.count("\r\n") == 1
    assert header == inventory_csv.render(declared(HOME)).partition("\r\n")[0] + "\r\n"
    assert "0 keys on 1 account" in inventory_text.render(empty, inventory_text.Style())
    assert valid(empty)["keys"] == []


# What somebody wrote who does not mean well.

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</title><style>*{display:none}</style>",
    "| a | [x](javascript:alert(1)) `b` @someone #1 **c** https://evil.example www.evil.example",
    "&lt;b&gt;&#0;",
    "##[error]no",
]


class Page(HTMLParser):
    """The elements and the text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.names: set[str] = set()
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.names |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


PLAIN = Page(inventory_html.render(declared(HOME)))


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_is_shown_and_nothing_more(text: str) -> None:
    literal = json.dumps(text)
    found = declared(HOME.replace('"home"', literal).replace('by = "me"', f"by = {literal}"))
    page = Page(inventory_html.render(found))

    assert page.tags == PLAIN.tags
    assert page.names == PLAIN.names
    assert text in page.text
    markdown = inventory_markdown.render(found)
    assert not re.search(r"<|\]\(|@someone|(?<!&)#1|\*\*c|https://evil|www\.evil|`", markdown)
    assert len({line.count("|") for line in markdown.splitlines() if line.startswith("|")}) == 1
    for shown in (markdown, inventory_html.render(found), inventory_csv.render(found), inventory_json.render(found)):
        assert "##[" not in shown
    assert runner_commands(inventory_text.render(found, inventory_text.Style())) == []


def test_the_page_loads_and_runs_nothing() -> None:
    text = inventory_html.render(desk())
    page = Page(text)

    assert (
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        in text
    )
    assert {"script", "link", "img", "iframe", "a", "form", "base", "object"}.isdisjoint(page.tags)
    assert {"src", "href", "srcset", "onclick", "onload", "style"}.isdisjoint(page.names)
    assert not re.search(r"url\(|@import|https?:", text)
    assert text.count("<style>") == 1
    assert page.names <= {"lang", "charset", "content", "http-equiv", "name", "class", "aria-label", "aria-hidden"} | {
        "scope",
        "colspan",
        "title",
    }


def test_a_page_of_what_is_declared_says_so() -> None:
    text = Page(inventory_html.render(declared(DESK))).text
    assert "As declared; live state was not looked at." in text
    assert "Nobody asked Binance whether it is true." in text
    assert " live" not in text.replace("live state", "")


@given(manifests(), st.booleans())
def test_every_format_of_any_manifest(values: Table, looked: bool) -> None:
    text = toml(values)
    found = live(text) if looked else declared(text)
    assert len(valid(found)["keys"]) == len(values.get("keys", {}))
    shown = {
        "text": inventory_text.render(found, inventory_text.Style()),
        "csv": inventory_csv.render(found),
        "markdown": inventory_markdown.render(found),
        "html": inventory_html.render(found),
    }
    assert [line for line in shown["text"].splitlines() if len(line) > 80] == []
    assert len(rows(shown["csv"])) == len(found.keys)
    for name, body in shown.items():
        assert raw_controls(body.replace("\r\n", "\n")) == [], name
        assert all(it.name in body for it in found.keys), name
    if not looked:
        assert all("live state was not looked at" in shown[name] for name in ("text", "markdown", "html"))


def test_a_stranger_without_a_label_is_called_by_its_fingerprint() -> None:
    nowhere = Addresses((), None, any=False, restricted=Shown.UNKNOWN)
    assert Holding(None, "main", {}, nowhere, fingerprint="sha256:0123456789abcdef").name == "sha256:0123456789abcdef"
    assert Holding(None, "main", {}, nowhere).name == "a key without a name"
