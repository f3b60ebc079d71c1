"""Text → the places in it that have the shape of an API key, an API secret or a private key."""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

SHORTEST = 60
"""Binance's keys and HMAC secrets are 64 letters and digits; samples in its documentation lose up to two of them."""

KEY = "an API key or an HMAC secret"
HEX = "a secret in hexadecimal digits"
BASE64 = "a secret in base64"
PRIVATE_KEY = "a private key"


class Secret(NamedTuple):
    """A stretch of a text that has the shape of a secret: offsets in characters, the end exclusive."""

    start: int
    end: int
    shape: str
    """One of KEY, HEX, BASE64 and PRIVATE_KEY; what may be said of it."""


# All loops in the patterns are possessive: they give nothing back, so that every pattern is linear on any text. `re`
# compiles and keeps them at their first use: a text without long runs does not pay for them.
_B64 = "[A-Za-z0-9+/]"
_END = r"\\(?:[nrt]|x0[9ad]|u000[9ad])"  # of a line, as TOML and our own reports write it
_GAP = rf"(?:{_END}|[\s#\"',\\])*+"  # between the lines of a key
_FIELD = r"[A-Z][A-Za-z-]*+: [^\n\\\"']*+"  # `DEK-Info: …`, above the body of an old PEM
_FRAMED = (
    r"-----BEGIN (?P<label>[A-Z0-9 ]{0,40}+)-----"
    rf"(?P<body>(?:{_GAP}(?:{_FIELD}|{_B64}{{16,}}+={{0,2}}+))*+)"
    rf"(?P<end>(?:{_GAP}=?+{_B64}*+={{0,2}}+){{0,2}}{_GAP}-----END [A-Z0-9 ]{{0,40}}+-----)?+"
)
# The base64 of what a key in DER begins with. Private: in PKCS#8 Ed25519 with and without its public half, RSA and EC;
# RSA in PKCS#1; EC in SEC 1; any of them encrypted; and OpenSSH's own form. Public: Ed25519, RSA, EC, and OpenSSH's.
_PRIVATE = (
    r"M(?:C4CAQAwBQYDK2Vw|FECAQEwBQYDK2Vw|II...IB(?:ADAN|AAK[BC])|I[GH].AgEAMB.GByqGSM49|EECAQAwEwYHKoZIzj0|HcCAQEEI"
    r"|I[GH].AgEBBD|(?:II...|I[GH].M)..(?:BgkqhkiG9w0BBQ|GCSqGSIb3DQEFD))|b3BlbnNzaC1rZXktdjE"
)
_PUBLIC = r"M(?:CowBQYDK2Vw|II...ANBgkqhkiG9w0BAQEFAAOC|FkwEwYHKoZIzj0)|AAAA(?:C3NzaC1l|B3NzaC1y|E2VjZHNh)"
_BODY = rf"(?P<private>{_PRIVATE})|{_PUBLIC}"
_LINE = rf"(?:{_END}|[\s#\\])++({_B64}++={{0,2}}+)(?=[ \t]*+(?:[\r\n\\\"']|\Z))"  # a line that holds nothing else
_DIGEST = r"(?i)(?:sha-?[0-9]{1,3}|blake[0-9a-z]{1,2}|md5|digest|checksum)\W{0,4}\Z"  # says what follows it
_PIECE = rf"[A-Za-z0-9]{{{SHORTEST},}}+"
_HEX = "[0-9A-Fa-f]"
_ESCAPE = rf"\\(?:[nrtbfe]|x{_HEX}{{2}}|u{_HEX}{{4}}|U{_HEX}{{8}})"
# What is frequent in random letters and rare in words: two capitals in a row, a digit between letters.
_ODD = r"(?=[A-Z][A-Z]|[A-Za-z][0-9][A-Za-z])"

_SHORTEST_BODY = 40  # of a key in a frame; with less in it, it is a word about keys
_WIDEST = 76  # a line of a wrapped body
_HEX_LENGTH = 64
_LEAST_DISTINCT = 10  # fewer are a ruler or a row of x
_LEAST_MIXED = 50  # letters of base64 that are in no word between slashes
_LEAST_REST = 16  # the same, beside a piece that is a secret already

_LONG = b"a" * SHORTEST
_CLASSES = bytes(
    ord("a") if chr(code).isascii() and (chr(code).isalnum() or chr(code) in "+/") else ord(" ") for code in range(256)
)
_CHUNK = 65_536  # stays in a processor's cache, where three passes over it take half the time


def find(text: str) -> tuple[Secret, ...]:
    """Where something in `text` has the shape of a secret, in order and without overlap; a key of many lines is one."""
    if len(text) < SHORTEST:
        return ()
    found: list[Secret] = []
    at = 0
    if "-----BEGIN " in text:
        for block in re.compile(_FRAMED).finditer(text):
            private = "PRIVATE KEY" in block["label"]
            if private and sum(map(len, re.findall(rf"{_B64}{{16,}}", block["body"]))) >= _SHORTEST_BODY:
                found += _outside_frames(text, at, block.start())
                found.append(Secret(*block.span(), PRIVATE_KEY))
                at = block.end()
            elif block["end"] and block["label"].endswith(("PUBLIC KEY", "CERTIFICATE")):
                found += _outside_frames(text, at, block.start())
                at = block.end()
    return (*found, *_outside_frames(text, at, len(text)))


def mask(text: str) -> str:
    """`text` with each secret in it covered, character by character, so that columns stay what they are."""
    while secrets := find(text):  # what is left beside one that is covered may be seen better without it
        text = covered(text, [(secret.start, secret.end) for secret in secrets])
    return text


def covered(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """`text` with `spans` of it covered, which are in order and do not overlap; line ends stay."""
    parts = []
    at = 0
    for start, end in spans:
        parts += [text[at:start], re.sub(r"[^\r\n]", "*", text[start:end])]
        at = end
    return "".join([*parts, text[at:]])


def _outside_frames(text: str, begin: int, end: int) -> Iterator[Secret]:
    """The secrets between two offsets, where nothing is framed as PEM."""
    done = begin
    for start, stop in _runs(text, begin, end):
        if start < done:
            continue
        if text[start - 1 : start] == "\\" and (escape := re.compile(_ESCAPE).match(text, start - 1, stop - SHORTEST)):
            start = escape.end()  # noqa: PLW2901 - an escape in front of a run is no part of it
        body = re.compile(_BODY).search(text, start, stop)
        if body is not None and stop - body.start() >= _SHORTEST_BODY:
            done = _last_line(text, body.start(), stop, end)
            yield from _pieces(text, start, body.start())
            if body["private"]:
                yield Secret(body.start(), done, PRIVATE_KEY)
        elif _is_base64(text[start:stop]):
            done = _last_line(text, start, stop, end)
            yield Secret(start, done, BASE64)
        else:
            yield from _pieces(text, start, stop)


def _pieces(text: str, start: int, stop: int) -> Iterator[Secret]:
    """The secrets between two offsets that are letters and digits alone."""
    for piece in re.compile(_PIECE).finditer(text, start, stop):
        shape = _shape(piece[0], text[max(0, piece.start() - 16) : piece.start()])
        if shape is not None:
            yield Secret(*piece.span(), shape)


def _last_line(text: str, start: int, stop: int, end: int) -> int:
    """Where a key ends whose first line is a run: with its padding, or with the last line of a body that was wrapped.

    All lines of a body but the last are as long as the first. What is longer, or follows the last, is something else.
    """
    padding = re.compile("={0,2}").match(text, stop, end)
    done = padding.end() if padding else stop
    width = stop - start
    while width <= _WIDEST and (line := re.compile(_LINE).match(text, done, end)) and len(line[1]) <= width:
        done = line.end()
        if len(line[1]) < width:
            break
    return done


def _runs(text: str, begin: int, end: int) -> Iterator[tuple[int, int]]:
    """The stretches of at least SHORTEST letters, digits, `+` and `/`: looked for in C, over what may be megabytes."""
    done = begin
    for at in range(begin, end, _CHUNK):
        chunk = text[at : min(at + _CHUNK + SHORTEST - 1, end)].encode("ascii", "replace").translate(_CLASSES)
        found = chunk.find(_LONG, max(done - at, 0))
        while found >= 0:
            run = re.compile(rf"{_B64}++").match(text, at + found, end)
            done = run.end() if run else end
            yield at + found, done
            found = chunk.find(_LONG, done - at)


def _shape(piece: str, before: str) -> str | None:
    """The shape of a secret that letters and digits have, if they are no digest, no ruler and no words strung together.

    `before` is what stands in front of them, as much as says that a digest follows.
    """
    if len(set(piece)) < _LEAST_DISTINCT:
        return None
    if re.fullmatch(rf"(?:0[xX])?(?:[0-9a-f]{{{_HEX_LENGTH},}}+|[0-9A-F]{{{_HEX_LENGTH},}}+)", piece):
        address = before.endswith("/")  # of a page about a digest or a transaction
        return None if piece.isdigit() or address or re.search(_DIGEST, before) else HEX
    if piece.lower() == piece or piece.upper() == piece:
        return None
    words = len(re.findall(_ODD, piece)) <= 1 and sum(map(len, re.findall("[a-z]{3,}", piece))) * 3 >= len(piece)
    return None if words else KEY


def _is_base64(run: str) -> bool:
    """Whether a run is random bytes in base64, beside letters and digits that are a secret by themselves."""
    if run.isalnum() or not _is_random(run, _LEAST_MIXED):
        return False
    return "+" in run or _is_random(re.sub(_PIECE, "", run), _LEAST_REST)


def _is_random(run: str, least: int) -> bool:
    """Whether letters, digits, `+` and `/` stand at random, and make no path or address: between slashes are words."""
    mixed = [part for part in run.split("/") if part.lower() != part and part.upper() != part]
    length = sum(map(len, mixed))
    odd = sum(len(re.findall(_ODD, part)) for part in mixed)
    return length >= least and odd * 10 >= length and len(set(run)) >= _LEAST_DISTINCT
