"""A rule's page → its tests: every Bad block must print exactly the text beside it, every Good block nothing."""

import re
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import tomli

from . import engine, gate
from .api import BooksRule, Rule, Source, SourceRule
from .manifest.load import checked, load
from .manifest.source import dotted
from .report import Style
from .report.concise import render

MOMENT = datetime(2026, 11, 20, 12, tzinfo=UTC)
"""The moment at which a page's blocks are judged, unless the block says `as-of=…`."""

FILE = "keylint.toml"


class Block(NamedTuple):
    """One manifest of a page, or a fragment of one, and what keylint must print of it."""

    line: int
    title: str
    """The heading it stands under, such as `Bad: declared well, but live`."""
    manifest: str
    expected: str
    """"" under a Good heading."""
    as_of: datetime
    live: str | None = None
    """What Binance is to say, as a part of a sandbox's state; None: it is not asked."""
    policy: str | None = None
    """The organisation's policy file; None: there is none."""
    baseline: str | None = None
    """The baseline, as its file has it; None: there is none."""


class Page(NamedTuple):
    """A rule's page, read."""

    path: Path
    title: str
    summary: str
    headings: tuple[str, ...]
    blocks: tuple[Block, ...]


class PageError(Exception):
    """A page that is not in the form that a rule's page has. Says where, and what is missing."""


def page_path(rule: Rule) -> Path:
    """Where the page of `rule` lies: beside the module that holds its check, with the same name."""
    check = rule.check
    module = sys.modules[getattr(check, "__wrapped__", check).__module__]
    return Path(str(module.__file__)).with_suffix(".md")


def read(path: Path) -> Page:
    """The page at `path`. Raises PageError."""
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    if not lines or not lines[0].startswith("# "):
        msg = f"{path.name}:1: the first line must be `# name (CODE)`"
        raise PageError(msg)
    summary = next((line for line in lines[1:] if line), "")
    headings = tuple(line[3:] for line in lines if line.startswith("## "))
    return Page(path, lines[0][2:], summary, headings, tuple(_blocks(path.name, lines)))


def problems(rule: Rule, page: Page, rules: Sequence[Rule] = ()) -> list[str]:
    """What is wrong with `page` as the page of `rule`: its form, and every block that does not print what it must.

    `rules` are all rules that are loaded, for the pages of rules about waivers.
    """
    found = []
    if page.title != f"{rule.name} ({rule.code})":
        found.append(f"{page.path.name}:1: the title must be `# {rule.name} ({rule.code})`")
    if page.summary != f"{rule.summary}.":
        found.append(f"{page.path.name}: the first line must be the rule's summary: {rule.summary}.")
    found += [
        f"{page.path.name}: has no ## {kind} block"
        for kind in ("Bad", "Good")
        if not any(_kind(block.title) == kind for block in page.blocks)
    ]
    return found + mismatches(rule, page, rules)


def mismatches(rule: Rule, page: Page, rules: Sequence[Rule] = ()) -> list[str]:
    """The blocks of `page` that do not print what they must, each with both texts."""
    found = []
    for block in page.blocks:
        printed = judge(
            rule, block.manifest, block.as_of, rules, block.live, policy=block.policy, baseline=block.baseline
        )
        if printed != block.expected:
            expected = block.expected or "(nothing)\n"
            where = f"{page.path.name}:{block.line}: ## {block.title}"
            found.append(f"{where}\nexpected:\n{expected}printed:\n{printed or '(nothing)'}")
    return found


def judge(  # noqa: PLR0913 - all that a block may say
    rule: Rule,
    manifest: str,
    as_of: datetime = MOMENT,
    rules: Sequence[Rule] = (),
    live: str | None = None,
    *,
    policy: str | None = None,
    baseline: str | None = None,
) -> str:
    """What `rule` alone says of `manifest`, or of a fragment of one, in the concise format and without a summary.

    A fragment is completed with what the schema requires and no more: `version = 1`; a key's type ed25519,
    permissions read and creation today; a bot's kind spot. Pages of rules about the text itself are taken as they are.

    With `live`, a part of a sandbox's state that is laid over what is declared, keylint looks at such a sandbox too: ""
    is one in which everything is as declared. `policy` and `baseline` are the texts of an organisation's policy file
    and of a baseline, by which it is judged too.
    """
    known = {rule.code: rule, **{other.code: other for other in rules}}
    names = {word: each.code for each in known.values() for word in (each.code, each.name)}
    judged = tuple(known.values()) if isinstance(rule, BooksRule) else (rule,)
    source = load(FILE, manifest.encode()) if isinstance(rule, SourceRule) else completed(manifest, as_of)
    evidence = None
    if live is not None and source.manifest is not None:
        # Pages without a live block do not pay for the sandbox and for what asks it.
        from .rehearsal import rehearse  # noqa: PLC0415

        evidence = [rehearse(source.manifest, live, as_of)]
    organisation, held = None, None
    if policy is not None:
        from .manifest import organisation as file  # noqa: PLC0415 - as above

        organisation = file.load("policy.toml", policy.encode(), tuple(known.values()), ())
    if baseline is not None:
        from .baseline import load as load_baseline  # noqa: PLC0415 - as above

        held = load_baseline("baseline.json", baseline.encode())
    judgement = engine.run(source, judged, as_of, names, evidence, organisation)
    report = gate.apply([judgement], judged, organisation, held)
    mine = report._replace(
        findings=tuple(finding for finding in report.findings if finding.code == rule.code),
        unknown=tuple(unknown for unknown in report.unknown if unknown.code == rule.code),
    )
    return render(mine, Style(quiet=True))


def completed(fragment: str, as_of: datetime) -> Source:
    """The Source of a fragment, completed with what the schema requires; positions are those of the fragment."""
    values: dict[str, Any] = {"version": 1, **tomli.loads(fragment)}
    required: dict[str, dict[str, Any]] = {
        "keys": {"type": "ed25519", "permissions": ["read"], "created": as_of.date()},
        "bots": {"kind": "spot"},
    }
    for section, fields in required.items():
        tables = values.get(section)
        if isinstance(tables, dict):
            values[section] = {
                name: {**fields, **table} if isinstance(table, dict) else table for name, table in tables.items()
            }
    source = checked(FILE, fragment, values)
    if source.manifest is None:
        wrong = "; ".join(f"{dotted(violation.path)} {violation.message}" for violation in source.violations)
        msg = f"the fragment breaks the schema: {wrong}"
        raise PageError(msg)
    return source


_FENCE = re.compile(r"```(?P<language>\w*) *(?P<words>.*)")
_AS_OF = re.compile(r"as-of=(\S+)")
_PARTS = {"toml live": "live", "toml policy": "policy", "json baseline": "baseline"}
"""What may stand below a manifest, by the words of its fence, and which part of a block it is."""


def _kind(title: str) -> str:
    return title.partition(":")[0].strip()


def _blocks(name: str, lines: Sequence[str]) -> Iterator[Block]:
    """The blocks under the Bad and Good headings, each Bad one with the text that follows it."""
    title, waiting = "", None
    for number, language, words, body in _fences(name, lines):
        part = _PARTS.get(f"{language} {words}")
        if waiting is not None and part is not None:
            waiting = Block(**{**waiting._asdict(), part: body})
        elif waiting is not None and language == "text" and _kind(title) == "Bad":
            yield waiting._replace(expected=body)
            waiting = None
        elif language in {"##", "toml"}:
            if waiting is not None:
                yield _finished(name, waiting)
                waiting = None
            if language == "##":
                title = words
            elif _kind(title) in {"Bad", "Good"}:
                stated = _AS_OF.search(words)
                as_of = datetime.fromisoformat(stated[1]).replace(tzinfo=UTC) if stated else MOMENT
                waiting = Block(number, title, body, "", as_of)
    if waiting is not None:
        yield _finished(name, waiting)


def _finished(name: str, block: Block) -> Block:
    """A block after which no text came: there is none to come under a Good heading."""
    if _kind(block.title) == "Good":
        return block
    raise _without_text(name, block)


def _without_text(name: str, block: Block) -> PageError:
    return PageError(f"{name}:{block.line}: the toml block under ## {block.title} has no text block after it")


def _fences(name: str, lines: Sequence[str]) -> Iterator[tuple[int, str, str, str]]:
    """The headings (as language `##`) and fenced blocks of a page: line, language, further words, body."""
    opened: tuple[int, str, str] | None = None
    body: list[str] = []
    for number, line in enumerate(lines, 1):
        fence = _FENCE.fullmatch(line)
        if opened is None:
            if line.startswith("## "):
                yield number, "##", line[3:], ""
            elif fence:
                opened, body = (number, fence["language"], fence["words"]), []
        elif line == "```":
            yield *opened, "".join(f"{text}\n" for text in body)
            opened = None
        else:
            body.append(line)
    if opened is not None:
        msg = f"{name}:{opened[0]}: the block is not closed"
        raise PageError(msg)
