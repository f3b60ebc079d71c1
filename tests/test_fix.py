"""`keylint check --fix` and `--diff`: what is edited, what is left alone, and that every fix does what it says."""

import os
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
import tomli
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import AS_OF, MOMENT, Ran, is_loaded, literal, manifests, raw_controls, registry, report_on, toml
from strategies import keylint as run

from keylint import engine, gate
from keylint.api import Side, Source
from keylint.engine import LiveState, Report
from keylint.manifest.addresses import network
from keylint.manifest.load import load
from keylint.manifest.positions import Span
from keylint.review.fixes import Scope, Settled, fixes, settle, untouchable, written
from keylint.review.text_edits import Edit, applied, element_gone, table_gone

pytestmark = pytest.mark.skipif(not is_loaded("KL102", "KL950", "KL951"), reason="the rules whose findings are fixed")

HEAD = 'version = 1\n\n[accounts.main]\nowner = "risk"\n'
BOTS = HEAD + '\n[bots.dca]\nkind = "spot"\n'
KEY = '\n[keys.dca]\nbot = "dca"\ntype = "ed25519"\ncreated = 2026-11-01\n'


def waiver(rule: str = "KL950", on: str = "manifest", until: str = "2026-12-31") -> str:
    """A waiver; as it is, of a rule that cannot be waived."""
    return f'[[waivers]]\nrule = "{rule}"\non = "{on}"\nreason = "known"\nby = "risk"\nuntil = {until}\n'


def judge(source: Source) -> Report:
    """The report by all rules that need no live state."""
    rules = gate.select(registry().rules, gate.Selection())
    return gate.apply([engine.run(source, rules, MOMENT, registry().names)], rules)


def scope(*, unsafe: bool = False, tidy: bool = True, **more: Any) -> Scope:
    return Scope({rule.code: rule for rule in registry().rules}, unsafe, tidy, **more)


def settled(text: str, *, unsafe: bool = False, judge: Callable[[Source], Report] = judge) -> Settled:
    return settle(load("keylint.toml", text.encode()), judge, scope(unsafe=unsafe))


def mended(text: str, *, unsafe: bool = False) -> str:
    """The text with every fix applied, of which none was refused."""
    found = settled(text, unsafe=unsafe)
    assert found.refused == ()
    return found.source.text


# Edits of text.

ELEMENTS = {
    "the first": ('a = ["x", "y"]', 0, 'a = ["y"]'),
    "the last takes the comma before it": ('a = ["x", "y"]', 1, 'a = ["x"]'),
    "the last before a comma": ('a = ["x", "y",]', 1, 'a = ["x", ]'),
    "one in between": ('a = [ "x" , "y" , "z" ]', 1, 'a = [ "x" , "z" ]'),
    "the only one": ('a = [ "x" ]', 0, "a = []"),
    "the only one with a comma": ('a = ["x",]', 0, "a = []"),
    "the only one with a comment": ('a = [ # c\n  "x"\n]', 0, "a = [ # c\n]"),
    "the only one before a comment": ('a = ["x" # c\n]', 0, "a = [# c\n]"),
    "a line of its own": ('a = [\n  "x",\n  "y",\n]', 0, 'a = [\n  "y",\n]'),
    "a line of its own, CRLF": ('a = [\r\n  "x",\r\n  "y",\r\n]', 1, 'a = [\r\n  "x",\r\n]'),
    "a comment behind it stays": ('a = [\n  "x",  # c\n  "y",\n]', 0, 'a = [\n  # c\n  "y",\n]'),
    "a comment above it stays": ('a = [\n  # c\n  "x",\n  "y",\n]', 0, 'a = [\n  # c\n  "y",\n]'),
    "the last of a line": ('a = [\n  "x", "y",\n  "z",\n]', 1, 'a = [\n  "x",\n  "z",\n]'),
    "the last line without a comma": ('a = [\n  "x",\n  "y"\n]', 1, 'a = [\n  "x",\n]'),
    "the last behind a comment": ('a = [\n  "x", # c\n  "y" ]', 1, 'a = [\n  "x", # c\n  ]'),
    "a comma behind a comment": ('a = [\n  "x" # a, b\n  , "y"]', 0, 'a = [\n  # a, b\n "y"]'),
    "an inline table over lines": ('a = [\n  { b = ["x,"],\n    c = 1 },\n  {},\n]', 0, "a = [\n  {},\n]"),
}


@pytest.mark.parametrize(("text", "index", "expected"), ELEMENTS.values(), ids=ELEMENTS)
def test_an_element_goes_and_leaves_its_list_in_order(text: str, index: int, expected: str) -> None:
    source = load("keylint.toml", text.encode())
    values: dict[str, Any] = tomli.loads(text)
    spans = [source.positions.value(("a", each)) for each in range(len(values["a"]))]
    whole = source.positions.value(("a",))
    assert whole is not None

    edited = applied(text, [element_gone(text, whole, [span for span in spans if span is not None], index)])

    assert "\n".join(line.rstrip(" ") for line in edited.split("\n")) == expected.replace(" \n", "\n")
    del values["a"][index]
    assert tomli.loads(edited) == values
    assert edited.count("#") == text.count("#")


TABLES = {
    "between others": ("x = 1\n\n«[a]\ny = 1\n\n»[b]\n", "x = 1\n\n[b]\n"),
    "with the comment above": ("x = 1\n\n«# c\n# d\n[a]\ny = 1 # e\n\n»# f\n[b]\n", "x = 1\n\n# f\n[b]\n"),
    "not with a comment further up": ("x = 1\n# c\n\n«[a]\ny = 1\n»# d\n", "x = 1\n# c\n\n# d\n"),
    "not with the name of the schema": ("#:schema x\n«[a]\ny = 1\n»\n[b]\n", "#:schema x\n\n[b]\n"),
    "not with the end of a string": ('x = """\n# c"""\n«[a]\ny = 1\n»\n[b]\n', 'x = """\n# c"""\n\n[b]\n'),
    "at the end": ("x = 1«\n\n[a]\ny = 1\n»", "x = 1\n"),
    "at the end, without a line end": ("x = 1«\n\n[a]\ny = 1»", "x = 1"),
    "at the end, without a line end, CRLF": ("x = 1 \r\n\r\n[a]\r\ny = 1", "x = 1 "),
    "at the end, with blank lines": ("x = 1\n[a]\ny = 1\n\n", "x = 1\n"),
    "CRLF": ("x = 1\r\n\r\n# c\r\n[a]\r\ny = 1\r\n\r\n[b]\r\n", "x = 1\r\n\r\n[b]\r\n"),
    "all there is": ("[a]\ny = 1", ""),
    "the first of all": ("# c\n[a]\ny = 1\n\n[b]\n", "[b]\n"),
    "right behind another": ("[b]\n[a]\ny = 1\n\n[c]\n", "[b]\n\n[c]\n"),
}


@pytest.mark.parametrize(("marked", "expected"), TABLES.values(), ids=TABLES)
def test_a_table_goes_with_the_comment_above_it_and_one_of_two_gaps(marked: str, expected: str) -> None:
    text = marked.replace("«", "").replace("»", "")
    header, last = text.index("[a]") + 1, text.index("y = 1") + 5
    assert applied(text, [table_gone(text, header, last)]) == expected


def test_edits_are_applied_in_any_order() -> None:
    assert applied("abcd", [Edit(3, 4, ""), Edit(0, 1, "xy"), Edit(1, 2, "")]) == "xyc"


# Fixes: each clears its finding.

FIXES = {
    "an unused waiver (KL951)": (BOTS + "\n" + waiver(), BOTS, False),
    "an expired waiver whose finding counts again (KL950)": (
        BOTS + KEY + 'permissions = ["read", "withdraw"]\n\n# c\n' + waiver("KL101", "keys.dca", "2026-11-19"),
        BOTS + KEY + 'permissions = ["read", "withdraw"]\n',
        False,
    ),
    "an expired waiver that is not used either (KL951)": (
        BOTS + KEY + 'permissions = ["read"]\n\n' + waiver("withdrawals-enabled", "keys.dca", "2026-11-19"),
        BOTS + KEY + 'permissions = ["read"]\n',
        False,
    ),
    "a waiver in a list": (
        'waivers = [{ rule = "KL950", on = "manifest", reason = "r", by = "b", until = 2026-12-31 }]\n' + BOTS,
        "waivers = []\n" + BOTS,
        False,
    ),
    "waivers all over": (
        HEAD + waiver() + "\n" + waiver("KL951") + '\n[bots.dca]\nkind = "spot"\n\n' + waiver("KL952"),
        HEAD + '\n[bots.dca]\nkind = "spot"\n',
        False,
    ),
    "the same waiver twice": (BOTS + "\n" + waiver() + "\n" + waiver(), BOTS, False),
    "a permission beyond the kind (KL102)": (
        BOTS + KEY + 'permissions = ["futures", "read", "spot"] # c\n',
        BOTS + KEY + 'permissions = ["read", "spot"] # c\n',
        True,
    ),
    "every permission beyond the kind, also twice": (
        BOTS + KEY + 'permissions = ["read", "options", "futures", "futures"]\n',
        BOTS + KEY + 'permissions = ["read"]\n',
        True,
    ),
    "an address that stands twice": (
        BOTS + 'egress_ips = [\n  "203.0.113.20", # a\n  "203.0.113.20", # b\n  "203.0.113.20/32",\n]\n',
        BOTS + 'egress_ips = [\n  "203.0.113.20", # a\n  # b\n]\n',
        False,
    ),
    "many that stand twice": (
        BOTS + 'egress_ips = ["1.1.1.1", "1.1.1.1", "1.1.1.1", "1.1.1.1", "1.1.1.1"]\n',
        BOTS + 'egress_ips = ["1.1.1.1"]\n',
        False,
    ),
    "addresses in unusual spellings": (
        HEAD
        + "admin_ips = ['2001:DB8:0:0::7', \"2001:db8::/128\", '''1.1.1.0/24''', \"::ffff:192.0.2.1\", '2.2.2.2/32']\n",
        HEAD + "admin_ips = ['2001:db8::7', \"2001:db8::\", '''1.1.1.0/24''', \"192.0.2.1\", '2.2.2.2']\n",
        False,
    ),
    "an unusual spelling of one that is judged by its text": (
        BOTS + KEY + 'permissions = ["read", "spot"]\nip_allowlist = ["::ffff:10.0.0.1"]\n',
        BOTS + KEY + 'permissions = ["read", "spot"]\nip_allowlist = ["10.0.0.1"]\n',
        False,
    ),
}


@pytest.mark.parametrize(("before", "after", "unsafe"), FIXES.values(), ids=FIXES)
def test_a_fix_does_what_it_says(before: str, after: str, unsafe: bool) -> None:
    found = settled(before, unsafe=unsafe)
    assert found.source.text.replace("[ ", "[").replace(", ]", "]") == after
    assert not found.refused
    assert not found.left
    gone = {fix.trace for fix in found.done}
    assert gone
    assert not gone & {fix.trace for fix in fixes(found.source, found.report, scope())}
    assert mended(found.source.text, unsafe=unsafe) == found.source.text


@pytest.mark.parametrize(("before", "after", "unsafe"), FIXES.values(), ids=FIXES)
def test_line_ends_stay(before: str, after: str, unsafe: bool) -> None:
    text = mended(before.replace("\n", "\r\n"), unsafe=unsafe)
    assert text.replace("\r\n", "\n") == mended(before, unsafe=unsafe)
    assert text.count("\n") == text.count("\r\n")
    assert mended(before.removesuffix("\n"), unsafe=unsafe) == mended(before, unsafe=unsafe).removesuffix("\n")


def test_a_permission_stays_unless_asked_for_and_where_binance_has_it() -> None:
    text = BOTS + KEY + 'permissions = ["read", "futures"]\n'
    found = settled(text)
    assert (found.source.text, found.done) == (text, ())
    (fix,) = found.left
    assert (fix.code, fix.subject, fix.safe) == ("KL102", "keys.dca", False)
    assert fix.note == 'the manifest says less than Binance has until "Enable Futures" is unticked in API Management'
    live = found.report._replace(
        findings=tuple(each._replace(observed_at=MOMENT) for each in found.report.findings if each.code == "KL102")
    )
    assert fixes(found.source, live, scope()) == ()
    declared = tuple(each._replace(observed_at=None, side=Side.LIVE) for each in live.findings)
    assert fixes(found.source, live._replace(findings=declared), scope()) == ()


def test_a_waiver_that_live_state_may_need_goes_only_where_that_was_looked_at() -> None:
    text = BOTS + KEY + 'permissions = ["read"]\n\n' + waiver("KL101", "keys.dca")
    source = load("keylint.toml", text.encode())
    report = judge(source)
    live = report._replace(live=LiveState((), 1))

    def safe(report: Report, asked: Scope) -> list[bool]:
        return [fix.safe for fix in fixes(source, report, asked)]

    assert safe(report, scope()) == [False]
    assert safe(live, scope()) == [True]
    assert safe(live, scope(unseen={("KL101", "keys.dca")})) == [False]
    assert safe(report, scope(unwaivable={"KL101"})) == [True]
    assert safe(report, Scope({})) == [False]
    assert mended(text) == text
    assert mended(text, unsafe=True) == BOTS + KEY + 'permissions = ["read"]\n'


def test_a_fix_that_brings_in_a_finding_is_refused_and_the_others_are_not() -> None:
    def spiteful(source: Source) -> Report:
        report = judge(source)
        more = report_on(BOTS + KEY + 'permissions = ["withdraw"]\n').findings
        return report if '"futures"' in source.text else report._replace(findings=(*report.findings, *more))

    text = BOTS + KEY + 'permissions = ["read", "options", "futures"]\n\n' + waiver()
    found = settled(text, unsafe=True, judge=spiteful)
    assert found.source.text == BOTS + KEY + 'permissions = ["read", "futures"]\n'
    ((fix, why),) = found.refused
    assert fix.change == "takes futures out of permissions"
    assert why.startswith("it would bring in KL101")
    assert {each.code for each in found.done} == {"KL102", "KL951"}


@pytest.mark.skipif(not is_loaded("KL407"), reason="the rule about replacements")
def test_a_real_fix_that_brings_in_a_finding_is_refused() -> None:
    new = KEY.replace("[keys.dca]", "[keys.new]").replace('"dca"', '"perp"') + 'permissions = ["read", "futures"]\n'
    old = KEY + 'permissions = ["read", "futures"]\nreplaced_by = "new"\n'
    text = BOTS + '\n[bots.perp]\nkind = "futures"\n' + old + new
    found = settled(text, unsafe=True)
    assert [(each.fix.code, each.why) for each in found.refused] == [("KL102", "it would bring in KL407")]
    assert found.source.text == text


@pytest.mark.skipif(not is_loaded("KL407"), reason="the rule about replacements")
def test_a_fix_that_does_harm_at_first_is_tried_again_after_the_others() -> None:
    new = KEY.replace("[keys.dca]", "[keys.new]") + 'permissions = ["read", "futures"]\n'
    old = KEY + 'permissions = ["read", "futures"]\nreplaced_by = "new"\n'
    third = KEY.replace("[keys.dca]", "[keys.third]") + 'permissions = ["read", "options"]\n'

    def spiteful(source: Source) -> Report:
        report = judge(source)
        more = report_on(BOTS + KEY + 'permissions = ["withdraw"]\n').findings
        return report if '"options"' in source.text else report._replace(findings=(*report.findings, *more))

    found = settled(BOTS + old + new + third, unsafe=True, judge=spiteful)
    assert found.source.text == BOTS + (old + new).replace(', "futures"', "") + third
    assert [each.fix.subject for each in found.refused] == ["keys.third"]


def test_a_fix_that_does_not_clear_its_finding_is_refused() -> None:
    first = judge(load("keylint.toml", (BOTS + waiver()).encode()))
    stubborn = BOTS + KEY + 'permissions = ["read", "futures"]\n'
    report = judge(load("keylint.toml", stubborn.encode()))
    assert first.findings
    found = settled(stubborn, unsafe=True, judge=lambda _source: report)
    assert found.source.text == stubborn
    assert [why for _, why in found.refused] == ["it would not clear what it is for"]


def test_a_fix_that_would_break_the_manifest_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keylint.review.fixes.table_gone", lambda _text, start, _end: Edit(start, start + 1, "="))
    found = settled(BOTS + waiver())
    assert found.source.text == BOTS + waiver()
    assert [why for _, why in found.refused] == ["the manifest would be broken"]


@pytest.mark.parametrize(
    "text",
    [
        "version = = 1\n",
        "version = 2\n" + waiver(),
        BOTS + KEY.replace('"dca"', '"gone"') + "permissions = []\n" + waiver(),
    ],
    ids=["KL001", "KL002", "KL003"],
)
def test_a_broken_manifest_is_never_edited(text: str) -> None:
    source = load("keylint.toml", text.encode())
    report = judge(source)
    assert untouchable(source, report)
    assert fixes(source, report, scope()) == ()
    found = settled(text, unsafe=True)
    assert (found.source.text, found.done) == (text, ())


@pytest.mark.parametrize("word", ["0.0.0.0/0", "::/0", "198.51.100.0/28", "2001:db8::/33", "203.0.113.9", "::1"])
def test_the_normal_form_is_one(word: str) -> None:
    found = network(word)
    assert found is not None
    assert written(found) == word


# Fixes: random manifests.


@st.composite
def laid_out(draw: st.DrawFn) -> tuple[str, int]:
    """A manifest with waivers, repeated addresses and comments, and how many comments must stay."""
    values = draw(manifests())
    random = Random(draw(st.integers(0, 2**32)))
    subjects = [f"{section}.{name}" for section in ("keys", "bots", "accounts") for name in values.get(section, ())]
    text, comment = "", "# keep\n"

    for written_line in toml(values).splitlines(keepends=True):
        line = written_line
        name, _, value = line.partition(" = ")
        if line.startswith("[") and random.random() < 0.4:
            rule = random.choice(["KL101", "KL102", "KL301", "KL602", "KL950", "withdrawals-enabled"])
            last = random.choice(["2026-11-19", "2026-11-20", "2027-01-31"])
            above = random.choice(["", "# goes\n", "# goes\n# goes\n"])
            text += comment + random.choice(["\n", "\n\n"]) + above + waiver(rule, random.choice(subjects), last)
            text += random.choice(["", "\n", "\n" + comment, comment + "\n"])
        if name in {"egress_ips", "ip_allowlist", "admin_ips", "permissions"} and random.random() < 0.7:
            words = tomli.loads(line)[name]
            spellings = ["2001:DB8::7", "203.0.113.20/32"] if name != "permissions" else []
            words += random.choices([*words, *spellings], k=random.randint(0, 3)) if words or spellings else []
            if random.random() < 0.5:
                value = f"[{', '.join(map(literal, words))}{random.choice(['', ',']) if words else ''}]\n"
            else:
                parts = [f"  {literal(word)},{random.choice(['', ' '])}{comment}" for word in words]
                value = f"[\n{comment}{''.join(parts)}]\n"
            line = f"{name} = {value}"
        text += line
    if random.random() < 0.5:
        text += "\n" + waiver("KL950")
    text = text.removesuffix("\n") if random.random() < 0.3 else text
    return (text.replace("\n", "\r\n") if random.random() < 0.3 else text), text.count("# keep")


@settings(max_examples=120)
@given(laid_out(), st.booleans())
def test_fixing_keeps_comments_and_meaning_and_is_done_at_once(drawn: tuple[str, int], unsafe: bool) -> None:
    text, kept = drawn
    before = tomli.loads(text)
    found = settled(text, unsafe=unsafe)
    source = found.source

    assert source.text.count("# keep") == kept
    assert source.text.endswith("\n") == text.endswith("\n")
    assert ("\r\n" in source.text) == ("\r\n" in text)
    assert source.text.count("\n") == (source.text.count("\r\n") or source.text.count("\n"))
    assert source.manifest is not None
    assert _plain(tomli.loads(source.text)) == _plain(before)
    waivers = [str(each) for each in before.get("waivers", ())]
    for each in source.values.get("waivers", ()):
        waivers = waivers[waivers.index(str(each)) + 1 :]  # in their order, and none that was not there
    assert [each.fix.code for each in found.refused if each.why == "the manifest would be broken"] == []
    assert [each for each in found.refused if each.why == "it would not clear what it is for"] == []
    again = settled(source.text, unsafe=unsafe)
    assert (again.source.text, again.done) == (source.text, ())
    for name, key in source.values["keys"].items():
        assert set(key["permissions"]) <= set(before["keys"][name]["permissions"])
        if not unsafe:
            assert key["permissions"] == before["keys"][name]["permissions"]


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """What no fix may change: everything but waivers and permissions, addresses by what they mean."""
    return {
        section: {
            name: {
                field: (
                    list(dict.fromkeys(map(network, value)))
                    if field in {"egress_ips", "ip_allowlist", "admin_ips"}
                    else value
                )
                for field, value in table.items()
                if field != "permissions"
            }
            if isinstance(table, dict)
            else table
            for name, table in tables.items()
        }
        if isinstance(tables, dict)
        else tables
        for section, tables in values.items()
        if section != "waivers"
    }


# The program.


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def check(*arguments: str, data: bytes = b"") -> Ran:
    return run("check", *arguments, *AS_OF, data=data, on_disk=True)


def put(path: Path, text: str) -> Path:
    path.write_bytes(text.encode())
    return path


TWO = BOTS + 'egress_ips = ["1.1.1.1", "1.1.1.1"]\n' + KEY + 'permissions = ["read", "futures"]\n\n' + waiver()
DIFF = """\
--- a/keylint.toml
+++ b/keylint.toml
@@ -5,17 +5,10 @@
 \n\
 [bots.dca]
 kind = "spot"
-egress_ips = ["1.1.1.1", "1.1.1.1"]
+egress_ips = ["1.1.1.1"]
 \n\
 [keys.dca]
 bot = "dca"
 type = "ed25519"
 created = 2026-11-01
 permissions = ["read", "futures"]
-
-[[waivers]]
-rule = "KL950"
-on = "manifest"
-reason = "known"
-by = "risk"
-until = 2026-12-31
"""


def test_diff_prints_what_would_change_and_changes_nothing(desk: Path) -> None:
    manifest = put(desk / "keylint.toml", TWO)
    ran = check("--diff")
    assert (ran.code, ran.out) == (1, DIFF)
    assert ran.err == "keylint: would fix 1 finding and put 1 address in order (1 more with --unsafe-fixes)\n"
    assert manifest.read_bytes() == TWO.encode()
    assert check("--diff", "--fix").out == DIFF
    assert manifest.read_bytes() == TWO.encode()


def test_diff_of_what_needs_no_fix_ends_with_0(desk: Path) -> None:
    put(desk / "keylint.toml", BOTS)
    assert check("--diff") == Ran(0, "", "keylint: would fix 0 findings\n")
    assert check("--diff", "-q") == Ran(0, "", "")


def test_diff_of_standard_input_and_of_a_file_without_a_line_end(desk: Path) -> None:
    ran = check("--diff", "-", data=(BOTS + 'owner = "risk"\negress_ips = ["2.2.2.2/32"]').encode())
    assert ran.code == 1
    assert ran.out.endswith(
        ' owner = "risk"\n-egress_ips = ["2.2.2.2/32"]\n\\ No newline at end of file\n'
        '+egress_ips = ["2.2.2.2"]\n\\ No newline at end of file\n'
    )


def test_diff_shows_no_secret_and_nothing_that_acts_on_a_terminal(desk: Path) -> None:
    secret = "aB3dE5fG7hJ9kL1mN2pQ4rS6tU8vW0xY" * 2
    put(desk / "keylint.toml", f"{BOTS}# {secret}\n\t# \u202e::warning::x\n\n{waiver()}".replace("\n", "\r\n"))
    ran = check("--diff")
    assert ran.code == 1
    assert secret not in ran.everything
    assert "\\u202e" in ran.out
    assert raw_controls(ran.out.replace("\t", "")) == []


def test_fix_writes_prints_what_remains_and_is_done_the_first_time(desk: Path) -> None:
    manifest = put(desk / "keylint.toml", TWO)
    manifest.chmod(0o640)
    ran = check("--fix", "--select", "KL102,KL951,ALL", "--format", "concise")
    assert ran.err == "keylint: fixed 1 finding and put 1 address in order (1 more with --unsafe-fixes)\n"
    assert "KL102 keys.dca has futures" in ran.out
    assert "KL951" not in ran.out
    assert ran.code == 1
    once = manifest.read_bytes()
    assert once == TWO.replace(', "1.1.1.1"]', "]").removesuffix("\n" + waiver()).encode()
    assert manifest.stat().st_mode & 0o777 == 0o640
    inode = manifest.stat().st_ino
    assert check("--fix").err == "keylint: fixed 0 findings (1 more with --unsafe-fixes)\n"
    assert (manifest.read_bytes(), manifest.stat().st_ino) == (once, inode)


def test_fix_with_unsafe_fixes_says_what_is_left_to_do_by_hand(desk: Path) -> None:
    manifest = put(desk / "keylint.toml", TWO)
    ran = check("--fix", "--unsafe-fixes")
    assert ran.err == (
        "keylint: keylint.toml: keys.dca: takes futures out of permissions; "
        'the manifest says less than Binance has until "Enable Futures" is unticked in API Management\n'
        "keylint: fixed 2 findings and put 1 address in order\n"
    )
    assert 'permissions = ["read"]' in manifest.read_text(encoding="utf-8")


def test_fix_keeps_the_byte_order_mark_and_line_ends(desk: Path) -> None:
    text = "\ufeff" + TWO.replace("\n", "\r\n")
    manifest = put(desk / "keylint.toml", text)
    check("--fix", "-q")
    expected = TWO.replace(', "1.1.1.1"]', "]").removesuffix("\n" + waiver())
    assert manifest.read_bytes() == ("\ufeff" + expected.replace("\n", "\r\n")).encode()


def test_fix_of_several_files_leaves_broken_and_clean_ones_alone(desk: Path) -> None:
    texts = {"a.toml": TWO, "b.toml": BOTS, "c.toml": "version = = 1\n" + waiver(), "d.toml": BOTS + waiver()}
    files = {name: put(desk / name, text) for name, text in texts.items()}
    inodes = {name: file.stat().st_ino for name, file in files.items()}
    ran = check("--fix", *texts)
    assert ran.err.splitlines() == [
        "keylint: c.toml: left as it is: it breaks KL001, KL002 or KL003; mend that first",
        "keylint: fixed 2 findings and put 1 address in order (1 more with --unsafe-fixes)",
    ]
    assert {name for name, file in files.items() if file.stat().st_ino != inodes[name]} == {"a.toml", "d.toml"}
    assert files["c.toml"].read_bytes() == texts["c.toml"].encode()
    assert files["d.toml"].read_bytes() == BOTS.encode()
    assert check("--diff", "b.toml", "c.toml").code == 1
    assert check("--diff", "b.toml", "none.toml").code == 2
    assert check("--fix", "b.toml", "none.toml").code == 2


def test_rules_that_were_not_asked_for_fix_nothing(desk: Path) -> None:
    manifest = put(desk / "keylint.toml", TWO)
    check("--fix", "--unsafe-fixes", "--select", "KL102")
    assert manifest.read_text(encoding="utf-8") == TWO.replace('["read", "futures"]', '["read"]')


def test_a_refused_fix_is_said(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keylint.review.fixes.table_gone", lambda _text, start, _end: Edit(start, start + 1, "="))
    put(desk / "keylint.toml", BOTS + waiver())
    said = (
        "keylint: keylint.toml: KL951: waivers[0]: not fixed, because the manifest would be broken; edit it yourself\n"
    )
    assert check("--fix").err == said + "keylint: fixed 0 findings\n"


def test_a_file_that_changes_meanwhile_is_left_as_it_is(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = put(desk / "keylint.toml", TWO)
    real = engine.run

    def slow(*arguments: Any) -> engine.Judgement:
        if manifest.exists():
            manifest.write_text(BOTS, encoding="utf-8")
        return real(*arguments)

    monkeypatch.setattr(engine, "run", slow)
    ran = check("--fix")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "keylint: keylint.toml: changed while it was judged, and was left as it is; run it again\n"
    assert manifest.read_text(encoding="utf-8") == BOTS

    def slower(*arguments: Any) -> engine.Judgement:
        manifest.unlink(missing_ok=True)
        return real(*arguments)

    monkeypatch.setattr(engine, "run", slower)
    put(manifest, TWO)
    assert check("--fix").code == 2
    assert not manifest.exists()


def test_a_folder_that_cannot_be_written_is_said(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_draft: str, _path: str) -> None:
        raise PermissionError(13, "Permission denied")

    manifest = put(desk / "keylint.toml", TWO)
    monkeypatch.setattr(os, "replace", refuse)
    ran = check("--fix")
    assert (ran.code, ran.out) == (2, "")
    assert "cannot write keylint.toml: Permission denied" in " ".join(ran.err.replace(str(desk) + "/", "").split())
    assert manifest.read_bytes() == TWO.encode()
    assert [each.name for each in desk.iterdir()] == ["keylint.toml"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--unsafe-fixes"], "add --fix or --diff"),
        (["--fix", "-"], "standard input is none"),
        (["--diff", "--format", "json"], "leave --format and --output out"),
        (["--diff", "--output", "json=x.json"], "leave --format and --output out"),
    ],
)
def test_what_does_not_go_together_is_refused(desk: Path, arguments: list[str], said: str) -> None:
    put(desk / "keylint.toml", TWO)
    ran = check(*arguments, data=TWO.encode())
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err


def test_places_are_spans() -> None:
    assert element_gone("[1, 2]", Span(0, 6), [Span(1, 2), Span(4, 5)], 0) == Edit(1, 4, "")
