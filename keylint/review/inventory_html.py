"""Inventory → one HTML page that loads nothing: for whoever owns the money, on a screen or on paper."""

import html
from collections.abc import Iterator
from typing import Final

from keylint.manifest.permissions import PERMISSIONS, Permission
from keylint.report.escape import clean

from . import inventory_words as words
from .inventory_model import Cell, Holder, Holding, Inventory, Shown, Word
from .inventory_style import STYLE

_MARK: Final = {Shown.YES: "●", Shown.NO: "·", Shown.UNKNOWN: "?"}
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
_COLUMNS: Final = 7 + len(PERMISSIONS)


def render(found: Inventory) -> str:
    """The whole page. Every text in it is escaped, and nothing in it is fetched or run."""
    # A runner of GitHub obeys `##[command]` wherever it stands in a log.
    return ("\n".join(_page(found)) + "\n").replace("##[", "##&#91;")


def escaped(text: str) -> str:
    """`text` as HTML that shows it, in an attribute too."""
    return html.escape(clean(text), quote=True)


def _page(found: Inventory) -> Iterator[str]:
    title = f"Who holds what: {escaped(found.name)}"
    yield "<!doctype html>"
    yield '<html lang="en">'
    yield "<head>"
    yield '<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    yield '<meta name="referrer" content="no-referrer">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="color-scheme" content="light dark">'
    yield f"<title>{title}</title>"
    yield f"<style>{STYLE}</style>"
    yield "</head>"
    yield "<body>"
    yield "<header>"
    yield "<h1>Who holds what</h1>"
    yield f"<p><strong>{escaped(found.name)}</strong>, as of {found.as_of:%Y-%m-%d %H:%M} UTC</p>"
    kind = "declared" if found.live is None else "live"
    yield f'<p class="looked {kind}">{escaped(words.looked_at(found))}.</p>'
    yield "<ul class=facts>"
    yield from (f"<li>{_fact(fact)}</li>" for fact in words.facts(found))
    yield "</ul>"
    yield "</header>"
    yield "<main>"
    yield from _legend(found)
    yield from _matrix(found)
    yield "<h2>Accounts</h2>"
    for account in found.accounts:
        yield from _account(found, account)
    yield "</main>"
    yield "<footer>"
    yield "<p>What people vouched for is noted here with its day; keylint cannot check it.</p>"
    yield "</footer>"
    yield "</body>"
    yield "</html>"


def _fact(fact: str) -> str:
    """A fact with its number set large."""
    number, _, rest = fact.partition(" ")
    return f"<b>{escaped(number)}</b> {escaped(rest)}"


def _legend(found: Inventory) -> Iterator[str]:
    yield '<section class="legend" aria-label="Legend">'
    yield "<p>"
    yield '<span><i class="mark yes">●</i> has the permission</span>'
    yield '<span><i class="mark no">·</i> has it not</span>'
    if found.live is not None:
        yield '<span><i class="mark unknown">?</i> not known</span>'
        yield '<span><i class="pair"><i class="mark yes">●</i><i class="mark no">·</i></i> declared, then live</span>'
        yield '<span><i class="pair differs"><i class="mark no">·</i><i class="mark yes">●</i></i> they differ</span>'
    yield '<span><i class="key-risk high"></i> can move money</span>'
    yield "</p>"
    if found.live is None:
        yield "<p>This page shows what is written down. Nobody asked Binance whether it is true.</p>"
    elif unseen := words.others(found):
        yield f"<p>{escaped(unseen)}.</p>"
    for remark in () if found.live is None else found.live.remarks:
        yield f"<p>Remark: {escaped(remark)}</p>"
    yield "</section>"


def _matrix(found: Inventory) -> Iterator[str]:
    yield '<table class="matrix">'
    yield '<caption class="unseen">Every key with its permissions</caption>'
    yield "<thead><tr>"
    yield '<th scope="col">Key</th><th scope="col">Used by</th>'
    for it in PERMISSIONS:
        yield f'<th scope="col" class="permission {_risk(it)}" title="{escaped(it.label)}"><span>{it.token}</span></th>'
    yield '<th scope="col">Usable from</th><th scope="col" class="number">Age</th><th scope="col">Next step</th>'
    yield '<th scope="col">Custody</th><th scope="col">Type</th>'
    yield "</tr></thead>"
    for account in found.accounts:
        yield "<tbody>"
        yield f'<tr class="account"><th scope="rowgroup" colspan="{_COLUMNS}"><span>{escaped(words.account(account))}'
        yield f"</span> {_second_factor(found, account)}</th></tr>"
        keys = found.of(account.id)
        for key in keys:
            yield from _row(found, key)
        if not keys:
            yield f'<tr><td colspan="{_COLUMNS}">no key</td></tr>'
        yield "</tbody>"
    yield "</table>"


def _risk(it: Permission) -> str:
    return "high" if it.risk in {"high", "critical"} else ""


def _second_factor(found: Inventory, account: Holder) -> str:
    if account.id is None:
        return ""
    word = account.two_factor
    stale = " stale" if words.is_stale(word, found) else ""
    what = words.NOBODY if word is None else f"{', '.join(word.says) or 'none'} ({word.attested})"
    return f'<small class="word{stale}">2FA {escaped(what)}</small>'


def _row(found: Inventory, key: Holding) -> Iterator[str]:
    state = "differs" if key.differences else "unknown" if key.doubts else ""
    status = "" if key.status in {None, "active"} else f" <small>{escaped(key.status or '')}</small>"
    stranger = " <small>not declared</small>" if key.id is None else ""
    gone = " <small>not known to Binance</small>" if key.live == "gone" else ""
    label = f"<small>{escaped(key.label)}</small>" if key.label and key.id is not None else ""
    yield f'<tr class="key {state}">'
    yield f'<th scope="row">{escaped(key.name)}{status}{stranger}{gone}{label}</th>'
    yield f"<td>{escaped(words.users(key)) if key.id is not None else '?'}</td>"
    for it in PERMISSIONS:
        yield _cell(it, key.permissions[it.token], differs=key.differs(it.token))
    anywhere = " warn" if words.usable_anywhere(key.addresses) else ""
    yield f'<td class="addresses{anywhere}">{escaped(words.addresses(key))}</td>'
    age = "" if key.age_days is None else f"{key.age_days} d"
    yield f'<td class="number">{age}</td>'
    late = words.late(key, found)
    tail = f" <small>{late}</small>" if late else ""
    yield f'<td class="step{" late" if late else ""}">{escaped(words.step(key))}{tail}</td>'
    yield f"<td>{escaped(key.custody or '')}</td><td>{escaped(key.type or '')}</td>"
    yield "</tr>"


def _cell(it: Permission, cell: Cell, *, differs: bool) -> str:
    """One permission of one key: marks for the eye, words for who hears the page."""
    spoken = f"{it.token}: {words.cell(cell)}"
    marks = [cell.declared] if cell.live is Shown.NOT_LOOKED_AT else [cell.declared, cell.live]
    shown = "".join(f'<i class="mark {shown.value}">{_MARK.get(shown, "–")}</i>' for shown in marks)
    holds = f" holds {_risk(it)}".rstrip() if Shown.YES in cell else ""
    hidden = f'<span class="unseen">{escaped(spoken)}</span>'
    pair = "pair differs" if differs else "pair"
    marked = f'<span class="{pair}" aria-hidden="true">{shown}</span>{hidden}'
    return f'<td class="cell{holds}" title="{escaped(spoken)}">{marked}</td>'


def _account(found: Inventory, account: Holder) -> Iterator[str]:
    yield "<section class=account>"
    yield f"<h3>{escaped(words.account(account))}</h3>"
    if account.id is not None:
        yield "<dl>"
        yield from _word(found, "Second factor", account.two_factor)
        yield from _word(found, "Withdrawal allowlist", account.withdrawal_allowlist)
        yield "</dl>"
    yield from (f'<p class="doubt">not known: {escaped(doubt)}</p>' for doubt in account.doubts)
    yield "<ul>"
    for key in found.of(account.id):
        yield f"<li><strong>{escaped(key.name)}</strong>: {escaped(_can(key))}"
        yield f"<small>{escaped('; '.join(words.details(key)))}</small>"
        yield from (f'<p class="difference">≠ {escaped(it)}</p>' for it in key.differences)
        yield from (f'<p class="doubt">? {escaped(it)}</p>' for it in key.doubts)
        yield "</li>"
    yield "</ul>"
    if not found.of(account.id):
        yield "<p>No key.</p>"
    yield "</section>"


def _can(key: Holding) -> str:
    """What a key can do, in the words of Binance's own screen."""
    boxes = [it.label for it in PERMISSIONS if key.has(it.token)]
    return ", ".join(boxes) if boxes else "no permission that is known"


def _word(found: Inventory, label: str, word: Word | None) -> Iterator[str]:
    stale = ' class="stale"' if words.is_stale(word, found) else ""
    ended = " — that day has passed" if stale and word is not None and word.until is not None else ""
    yield f"<dt>{label}</dt><dd{stale}>{escaped(words.word(word))}{ended}</dd>"
