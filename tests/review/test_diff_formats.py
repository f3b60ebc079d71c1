"""A diff as people and programs read it: text at several widths, Markdown that does nothing, JSON by its schema."""

import json
import re
from importlib import import_module
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator
from strategies import HOSTILE, MOMENT, leaks, literal, manifests, raw_controls, registry, runner_commands, secret, toml

from keylint.manifest.load import load
from keylint.report import Style
from keylint.review import diff_json, diff_markdown, diff_text
from keylint.review.diff import Diff, Version, diff, judged

GOOD = """\
version = 1

[bots.dca]
kind = "spot"
egress_ips = ["203.0.113.20"]

[keys.dca]
bot = "dca"
label = "home-spot-dca"
type = "ed25519"
permissions = ["read", "spot"]
ip_allowlist = ["203.0.113.20"]
created = 2026-11-01
custody = "env-file"
"""
WIDE = GOOD.replace('"spot"]', '"spot", "withdraw"]').replace("env-file", "hsm").replace("home-spot-dca", "home-dca")
FORMATS = (diff_text, diff_json, diff_markdown)


def difference(before: str, after: str, base: Version | None = None) -> Diff:
    found = registry()
    sides = (base or Version("main:keylint.toml", "1a2b3c4d" * 5), before), (Version("keylint.toml"), after)
    judgements = [judged(it, load(it.name, text.encode()), found.rules, MOMENT, found.names) for it, text in sides]
    return diff(judgements[0], judgements[1], found.names)


def text(found: Diff, width: int = 80, *, color: bool = False) -> str:
    return diff_text.render(found, Style(color, width))


TEXT_80 = """\
main:keylint.toml (1a2b3c4) → keylint.toml

~ keys.dca
    widening   + permissions  withdraw (Enable Withdrawals, critical risk)
    narrowing  ~ custody      env-file → hsm (fewer can read its secret)
    neutral    ~ label        home-spot-dca → home-dca

new findings
  error[KL101]: keys.dca can withdraw (declared)
    --> keylint.toml:11:32
    help: untick "Enable Withdrawals" in API Management; no bot that trades
      needs it

cleared findings
  warning[KL601]: keys.dca has its secret in a plain env file, which every
      program of that user can read

1 widening, 1 narrowing, 1 neutral; 1 new finding, 1 cleared; live state was not
looked at
"""


def only(found: Diff, *codes: str) -> Diff:
    """`found` with the findings of these rules alone, so that what is printed does not depend on the others."""
    new, cleared = (tuple(it for it in part if it.finding.code in codes) for part in (found.new, found.cleared))
    return found._replace(new=new, cleared=cleared)


def test_text_at_80_columns() -> None:
    assert text(only(difference(GOOD, WIDE), "KL101", "KL601")) == TEXT_80


@pytest.mark.parametrize("width", [40, 60, 120])
def test_text_keeps_to_its_width_and_its_words(width: int) -> None:
    found = only(difference(GOOD, WIDE), "KL101", "KL601")
    lines = text(found, width).splitlines()
    assert max(map(len, lines)) <= width
    assert " ".join(text(found, width).split()) == " ".join(TEXT_80.split())


def test_colours_change_nothing_but_colours() -> None:
    found = difference(GOOD, WIDE)
    colored = text(found, color=True)
    assert re.sub("\x1b\\[[0-9;]*m", "", colored) == text(found)
    assert "\x1b[1;31mwidening \x1b[0m  \x1b[1;32m+\x1b[0m permissions" in colored


def test_nothing_new_is_said_in_one_line() -> None:
    assert text(difference(GOOD, GOOD)) == (
        "main:keylint.toml (1a2b3c4) → keylint.toml\n\n"
        "nothing changed its meaning; 0 new findings, 0 cleared; live state was not\nlooked at\n"
    )


def test_unknowns_and_remarks_are_said() -> None:
    base = Version("main:keylint.toml", None, held=False)
    found = difference("version = 1\n", GOOD.replace('bot = "dca"', 'bot = "gone"'), base)
    said = " ".join(text(found).split())
    assert "remark: main:keylint.toml does not exist: everything counts as added" in said
    assert "new unknown unknown[" in said
    assert "keys.dca names bots that are not in the manifest: gone" in said
    assert re.search(r"[0-9]+ new unknown, 0 cleared; live state", said)
    back = difference(GOOD.replace('bot = "dca"', 'bot = "gone"'), GOOD)
    assert "cleared unknown" in text(back)
    assert "does not exist" in diff_markdown.render(found, Style())
    assert "new unknown" in diff_markdown.render(found, Style())


def test_a_long_list_is_cut_for_people_and_whole_for_programs() -> None:
    many = ", ".join(f'"203.0.113.{it}"' for it in range(20, 60))
    found = difference(GOOD, GOOD.replace('ip_allowlist = ["203.0.113.20"]', f"ip_allowlist = [{many}]"))
    assert "203.0.113.28, and 31 more (39 addresses:" in " ".join(text(found).split())
    assert len(json.loads(diff_json.render(found, Style()))["changed"][0]["changes"][0]["after"]) == 39
    long = difference(GOOD, GOOD.replace("home-spot-dca", "very " * 30))
    assert "home-spot-dca → very very" in text(long)
    assert "…" in text(long)


MARKDOWN = """\
### keylint: 1 widening, 1 narrowing, 1 neutral; 1 new finding, 1 cleared; live state was not looked at

main&#58;keylint.toml (1a2b3c4) → keylint.toml

|  | what | change | what it means |
| --- | --- | --- | --- |
| 🔺 **widening** | keys.dca | + permissions: withdraw | Enable Withdrawals, critical risk |
| 🔻 narrowing | keys.dca | &#126; custody: env-file → hsm | fewer can read its secret |
| neutral | keys.dca | &#126; label: home-spot-dca → home-dca |  |

<details open><summary>1 new finding</summary>

| severity | rule | finding | place | help |
| --- | --- | --- | --- | --- |
| error | KL101 | keys.dca can withdraw (declared) | keylint.toml&#58;11&#58;32 | untick "Enable Withdrawals" in API \
Management; no bot that trades needs it |

</details>

<details><summary>1 cleared finding</summary>

| severity | rule | finding | place | help |
| --- | --- | --- | --- | --- |
| warning | KL601 | keys.dca has its secret in a plain env file, which every program of that user can read | \
main&#58;keylint.toml&#58;14&#58;11 | move it into a secret manager, an encrypted env file or a systemd credential, \
then say so in custody |

</details>
"""


def test_markdown() -> None:
    assert diff_markdown.render(only(difference(GOOD, WIDE), "KL101", "KL601"), Style()) == MARKDOWN


MARKUP = [
    "@everyone #1 acme/repo#2 GH-3",
    "| a | b |",
    "`code` **bold** _it_ ~~no~~ [x](https://evil.example) ![i](x) <img src=x onerror=y> <!-- -->",
    "www.evil.example https://evil.example $x$ \\| &lt;",
    "</details></summary>",
]


@pytest.mark.parametrize("words", MARKUP)
def test_markdown_shows_markup_and_does_not_obey_it(words: str) -> None:
    found = difference(GOOD, GOOD.replace('"home-spot-dca"', literal(words)))
    page = diff_markdown.render(found, Style())
    (row,) = [line for line in page.splitlines() if "label" in line and line.startswith("| neutral")]
    cell = row.split(" | ")[2]
    assert not re.search(r"[@#<>`*_~\[\]$\\](?![0-9]+;)", cell.replace("&#", "")), cell
    assert row.count("|") == 5
    assert "://" not in cell
    assert "www." not in cell
    shown = re.sub("&#([0-9]+);", lambda it: chr(int(it[1])), cell).replace("\u200b", "")
    assert words in shown
    assert not re.search("[@#](?!\u200b)", re.sub("&#([0-9]+);", lambda it: chr(int(it[1])), cell))


def test_markdown_stays_short_enough_for_a_comment_and_says_what_it_left_out() -> None:
    key = "\n[keys.k{}]\n" + GOOD.partition("[keys.dca]\n")[2].replace('"spot"]', '"withdraw"]')
    after = GOOD + "".join(key.format(number) for number in range(900))
    page = diff_markdown.render(difference(GOOD, after), Style())
    assert 50_000 < len(page) < 65_536
    assert re.search(r"\n[0-9]+ rows did not fit; `keylint diff` shows them all.\n$", page)
    assert page.count("<details") == page.count("</details>")


def schema() -> Draft7Validator:
    document: Any = json.loads(import_module("keylint.schemas").text("diff"))
    Draft7Validator.check_schema(document)
    return Draft7Validator(document)


def valid(found: Diff) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(diff_json.render(found, Style()))
    assert [f"{error.json_path}: {error.message}" for error in schema().iter_errors(document)] == []
    every = [change["direction"] for entry in document["changed"] for change in entry["changes"]]
    for direction in ("widening", "narrowing", "neutral"):
        assert document["summary"][direction] == every.count(direction)
    for name in ("new_findings", "cleared_findings", "new_unknown", "cleared_unknown"):
        assert document["summary"][name] == len(document[name])
    return document


def test_json() -> None:
    document = valid(only(difference(GOOD, WIDE), "KL101", "KL601"))
    assert document["base"] == {"name": "main:keylint.toml", "commit": "1a2b3c4d" * 5, "exists": True}
    assert document["changed"] == [
        {
            "section": "keys",
            "subject": "keys.dca",
            "was": None,
            "change": "changed",
            "changes": [
                {
                    "direction": "widening",
                    "change": "added",
                    "field": "permissions",
                    "before": [],
                    "after": ["withdraw"],
                    "note": "Enable Withdrawals, critical risk",
                },
                {
                    "direction": "narrowing",
                    "change": "changed",
                    "field": "custody",
                    "before": ["env-file"],
                    "after": ["hsm"],
                    "note": "fewer can read its secret",
                },
                {
                    "direction": "neutral",
                    "change": "changed",
                    "field": "label",
                    "before": ["home-spot-dca"],
                    "after": ["home-dca"],
                    "note": "",
                },
            ],
        }
    ]
    assert document["new_findings"][0]["line"] == 11


@given(manifests(), manifests())
def test_every_diff_fits_the_schema_and_a_terminal(before: Any, after: Any) -> None:
    found = difference(toml(before), toml(after))
    valid(found)
    for width in (40, 80):
        assert text(found, width).endswith("\n")


def test_the_schema_describes_every_field_and_lets_no_other_in() -> None:
    def look(part: Any, at: str) -> None:
        if isinstance(part, dict):
            if part.get("type") == "object":
                assert part["additionalProperties"] is False, at
                assert set(part["required"]) == set(part["properties"]), at
                for name, each in part["properties"].items():
                    assert "$ref" in each or each.get("description"), f"{at}.{name}"
            for name, each in part.items():
                look(each, f"{at}.{name}")

    look(json.loads(import_module("keylint.schemas").text("diff")), "")


@given(st.sampled_from(HOSTILE))
def test_hostile_text_is_shown_and_does_nothing(words: str) -> None:
    try:
        words.encode()
    except UnicodeEncodeError:
        return
    after = GOOD.replace('"home-spot-dca"', literal(words)).replace(
        'bot = "dca"', f'bot = "dca"\nowner = {literal(words)}'
    )
    if load("x", after.encode()).manifest is None:
        return
    found = difference(GOOD, after)
    for each in FORMATS:
        page = each.render(found, Style(width=60))
        assert raw_controls(page) == []
        assert runner_commands(page) == []


@pytest.mark.parametrize("kind", ["alnum", "pkcs8"])
def test_a_secret_in_a_manifest_is_never_printed(kind: str) -> None:
    random = Random(4)
    for _ in range(10):
        held = secret(random, kind)
        note = literal(held.text)
        after = GOOD.replace('"home-spot-dca"', note).replace('bot = "dca"', f'bot = "dca"\nholders = [{note}]')
        after += f'[[waivers]]\nrule = "KL101"\non = "keys.dca"\nreason = {note}\nby = {note}\nuntil = 2026-12-01\n'
        for found in (difference(GOOD, after), difference(after, GOOD)):
            for each in FORMATS:
                assert leaks(held, each.render(found, Style())) == set()
