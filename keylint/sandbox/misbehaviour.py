"""A good response and a scripted fault → the bad response; what only a connection can do is left to the server."""

import json
from collections.abc import Callable, Iterator, Sequence
from threading import Lock
from zlib import MAX_WBITS, compressobj

from .answers import Request, Response
from .state import Json, Misbehaviour, Repeat

_PIECE = 64 * 1024
_GZIP = MAX_WBITS | 16

Change = Callable[[dict[str, Json], str], None]


class Script:
    """Which fault a request gets: the first that fits it and has not run out. May be used from many threads."""

    def __init__(self, misbehaviours: Sequence[Misbehaviour]) -> None:
        self._misbehaviours = tuple(misbehaviours)
        self._seen = [0] * len(self._misbehaviours)
        self._lock = Lock()

    def next(self, path: str, key: str | None) -> Misbehaviour | None:
        """The fault for a request to `path` that came with the API key of `key`, an id; None for a good answer."""
        if not self._misbehaviours:
            return None
        with self._lock:
            for at, each in enumerate(self._misbehaviours):
                if each.path not in {None, path} or each.key not in {None, key}:
                    continue
                self._seen[at] += 1
                number = self._seen[at] - each.after
                if number > 0 and (each.times is None or number <= each.times):
                    return each
        return None


def bent(good: Response, fault: Misbehaviour, request: Request) -> Response:
    """The `good` response as `fault` changes it: its status, its headers, and its body but for what is repeated.

    `{api_key}`, `{signature}`, `{query}` and `{host}` in a body or a header that the fault brings stand for what came
    with the request.
    """
    fill = _filler(request)
    body = good.body if fault.body is None else fill(fault.body)
    if fault.json is not None:
        body = fill(_dumped(fault.json[0]))
    body = b"[" * fault.nest + _edited(body, fault, fill) + b"]" * fault.nest
    body = fill(fault.prepend.encode()) + body + fill(fault.append.encode())
    names = {name.lower() for name in fault.headers}
    headers = [(name, value) for name, value in good.headers if name.lower() not in names]
    headers += [
        (name, fill(value.encode()).decode(errors="replace"))
        for name, values in fault.headers.items()
        for value in values
    ]
    return Response(fault.status or good.status, tuple(headers), body[: fault.truncate])


def pieces(body: bytes, repeat: Repeat | None, *, gzip: bool = False) -> Iterator[bytes]:
    """The body and what is repeated after it, in pieces that fit into memory; without end where there is none."""
    if not gzip:
        yield from _repeated(body, repeat)
        return
    packer = compressobj(9, wbits=_GZIP)
    for piece in _repeated(body, repeat):
        packed = packer.compress(piece)
        if packed:
            yield packed
    yield packer.flush()


def _repeated(body: bytes, repeat: Repeat | None) -> Iterator[bytes]:
    yield body
    if repeat is None:
        return
    one = repeat.of.encode()
    many = one * max(_PIECE // len(one), 1)
    left = repeat.size
    while left is None:
        yield many
    while left > 0:
        yield many[:left]
        left -= len(many)


def _filler(request: Request) -> Callable[[bytes], bytes]:
    signature = request.query.rpartition("signature=")[2] if "signature=" in request.query else ""
    known = {
        "{api_key}": request.header("X-MBX-APIKEY") or "",
        "{signature}": signature,
        "{query}": request.query,
        "{host}": request.header("Host") or "",
    }

    def fill(text: bytes) -> bytes:
        for name, value in known.items():
            text = text.replace(name.encode(), value.encode(errors="replace"))
        return text

    return fill


def _edited(body: bytes, fault: Misbehaviour, fill: Callable[[bytes], bytes]) -> bytes:
    """The body with fields of its JSON replaced, removed, renamed or written twice; left alone where it is no JSON."""
    if not (fault.replace or fault.replace_raw or fault.remove or fault.rename or fault.duplicate):
        return body
    try:
        content: Json = json.loads(body)
    except ValueError:
        return body
    raw: dict[str, str] = {}
    for path in fault.remove:
        _at(content, path, _removed)
    for path, new_name in fault.rename.items():
        _at(content, path, _renaming(new_name))
    for path, value in fault.replace.items():
        _at(content, path, _setting(value))
    for number, (path, text) in enumerate(fault.replace_raw.items()):
        mark = f"\0raw {number}\0"
        raw[json.dumps(mark)] = text
        _at(content, path, _setting(mark))
    dumped = _dumped(content).decode()
    for mark, text in raw.items():
        dumped = dumped.replace(mark, text)
    if fault.duplicate and isinstance(content, dict):
        twice = _dumped(fault.duplicate).decode()[1:-1]
        dumped = f"{dumped[:-1]}{',' if content else ''}{twice}}}"
    return fill(dumped.encode(errors="surrogatepass"))


def _at(content: Json, path: str, change: Change) -> None:
    """Change the last part of a dotted `path` wherever it leads: into tables, and into each element of a list."""
    first, _, rest = path.partition(".")
    if isinstance(content, list):
        for each in content:
            _at(each, path, change)
    elif isinstance(content, dict):
        if not rest:
            change(content, first)
        elif first in content:
            _at(content[first], rest, change)


def _removed(table: dict[str, Json], name: str) -> None:
    table.pop(name, None)


def _setting(value: Json) -> Change:
    def change(table: dict[str, Json], name: str) -> None:
        table[name] = value

    return change


def _renaming(new_name: str) -> Change:
    def change(table: dict[str, Json], name: str) -> None:
        if name in table:
            table[new_name] = table.pop(name)

    return change


def _dumped(content: Json) -> bytes:
    return json.dumps(content, separators=(",", ":")).encode()
