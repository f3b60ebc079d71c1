"""The distributions on a path → the entry points that they declare in one group, told apart by whose folder it is."""

import os
import site
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from io import FileIO
from stat import S_ISREG
from typing import NamedTuple

_MAX_BYTES = 16 * 1024 * 1024
_FOLDER_ENDS = (".dist-info", ".egg-info")


class UnreadableMetadata(Exception):  # noqa: N818 - it names a state of the installation; the caller makes it an error
    """Metadata that may declare an entry point and cannot be read; says whose it is, not where it lies."""

    def __init__(self, folder_name: str, why: str) -> None:
        super().__init__(f"{folder_name}: {why}")


class EntryPoint(NamedTuple):
    """One `name = value` line of an `entry_points.txt`, and the distribution that it came with."""

    name: str
    value: str
    """`package.module:attr` or `package.module`, with `[extras]` if there are any: as written, unchecked."""
    distribution: str
    """The `Name` in its METADATA or PKG-INFO, else what its folder is called."""
    version: str
    """Empty where neither its METADATA nor its folder's name tells."""
    folder: str
    """The entry of the path in which it was found, as it stands there."""


class Found(NamedTuple):
    """The entry points of one group, each part sorted by distribution, then by name."""

    accepted: tuple[EntryPoint, ...]
    refused: tuple[EntryPoint, ...]
    """Those outside the interpreter's own site folders: never to be loaded, always to be said."""


def find(group: str = "keylint", path: Sequence[str] | None = None, site_folders: Sequence[str] | None = None) -> Found:
    """Say which entry points of `group` the distributions on `path` declare; load none of them.

    These are what `importlib.metadata.entry_points` finds (the same in Python 3.11 to 3.14), but for two things. What
    lies outside the site folders hides nothing inside: an empty folder in a scanned tree could switch a plugin off. And
    several folders of one distribution side by side all count: else the order of a directory listing would decide.

    Args:
        group: the section of `entry_points.txt` to look for.
        path: where to look; `sys.path` if not said.
        site_folders: whose entry points are accepted; what the `site` module says if not said, also under `-S`, where
            they are not on `sys.path` and nothing is accepted.

    Raises:
        UnreadableMetadata: an `entry_points.txt` cannot be read, is not UTF-8 or has a line without `=` in this group,
            or one of the site folders cannot be listed.

    Source: https://packaging.python.org/en/latest/specifications/entry-points/
    """
    own_folders = {os.path.realpath(folder) for folder in (_site_folders() if site_folders is None else site_folders)}
    accepted: list[EntryPoint] = []
    refused: list[EntryPoint] = []
    inside: set[str] = set()
    anywhere: set[str] = set()
    for folder in sys.path if path is None else path:
        own = os.path.realpath(folder) in own_folders
        names, points = _look(folder, group, hidden=inside if own else anywhere, own=own)
        (accepted if own else refused).extend(points)
        anywhere |= names
        if own:
            inside |= names
    return Found(tuple(sorted(accepted, key=_order)), tuple(sorted(refused, key=_order)))


def _site_folders() -> list[str]:
    return [*site.getsitepackages(), *([site.getusersitepackages()] if site.ENABLE_USER_SITE else ())]


def _order(point: EntryPoint) -> tuple[str, str]:
    return _normalised(point.distribution), point.name


class _Metadata(NamedTuple):
    label: str
    """The name of the folder, or of the archive."""
    read: Callable[[str], str | None]

    def text(self, file: str) -> str | None:
        try:
            return self.read(file)
        except Exception as error:  # a broken archive fails in as many ways as there are compressions
            raise UnreadableMetadata(self.label, f"{file} cannot be read as UTF-8") from error

    def headers(self) -> dict[str, str]:
        headers: dict[str, str] = {}
        for line in (self.text("METADATA") or self.text("PKG-INFO") or "").splitlines():
            if not line:
                break
            field, _, value = line.partition(":")
            headers.setdefault(field.lower(), value.strip())
        return headers


def _look(folder: str, group: str, hidden: set[str], *, own: bool) -> tuple[set[str], list[EntryPoint]]:
    """The names of the distributions in a folder, and the entry points of those that no earlier folder hides."""
    points: list[EntryPoint] = []
    told: dict[str, set[tuple[str, str]]] = {}
    for metadata in _distributions(folder, own=own):
        name, version = _told_by(metadata.label)
        # What has no name at all hides nothing, and nothing hides it.
        key = _normalised(name or metadata.headers().get("name", "")) or f"{folder}{os.sep}{metadata.label}"
        if key in hidden:
            continue
        beside = told.setdefault(key, set())
        text = metadata.text("entry_points.txt")
        if text is None or group not in text:
            continue
        pairs = [pair for pair in _parse(text, group, metadata.label) if pair not in beside]
        if pairs:
            beside.update(pairs)
            headers = metadata.headers()
            origin = (headers.get("name") or name or metadata.label, headers.get("version") or version, folder)
            points += [EntryPoint(*pair, *origin) for pair in pairs]
    return set(told), points


def _distributions(folder: str, *, own: bool) -> Iterator[_Metadata]:
    in_egg = folder.lower().endswith(".egg")
    try:
        with os.scandir(folder or ".") as children:
            names = [child.name for child in children]
    except FileNotFoundError:
        return  # the standard library's zip stands on every path and is seldom there
    except NotADirectoryError:
        yield from _packed(folder)
        return
    except OSError as error:
        if own:
            raise UnreadableMetadata(os.path.split(folder)[1], "cannot be listed") from error
        return  # nor does Python import from it
    for name in sorted(names):
        # Files too: what distutils wrote as `pack.egg-info` declares nothing, but it hides what comes later.
        if (low := name.lower()).endswith(_FOLDER_ENDS) or (in_egg and low == "egg-info"):
            yield _Metadata(name, partial(_read, f"{folder or '.'}{os.sep}{name}{os.sep}"))


def _read(place: str, file: str) -> str | None:
    try:
        with FileIO(place + file) as stream:
            status = os.fstat(stream.fileno())
            if not S_ISREG(status.st_mode) or status.st_size > _MAX_BYTES:
                raise OSError  # a link to /dev/zero has no end, one to /dev/stdin would swallow a manifest
            return stream.readall().decode()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _packed(archive: str) -> Iterator[_Metadata]:
    from importlib.metadata import distributions  # noqa: PLC0415 - dearer than all the rest, and seldom needed

    for distribution in distributions(path=[archive]):
        yield _Metadata(os.path.split(archive)[1], distribution.read_text)


def _parse(text: str, group: str, label: str) -> Iterator[tuple[str, str]]:
    section = None
    for line in map(str.strip, text.splitlines()):
        if line.startswith("[") and line.endswith("]"):
            section = line.strip("[]")
        elif section == group and line and not line.startswith("#"):
            name, equals, value = line.partition("=")
            if not equals:
                raise UnreadableMetadata(label, f"entry_points.txt has a line without '=' in [{group}]")
            yield name.strip(), value.strip()


def _told_by(label: str) -> tuple[str, str]:
    """The name and the version in `name-version[-more].dist-info`; empty where they are not told."""
    stem, _, end = label.rpartition(".")
    name, _, rest = stem.partition("-")
    return (name, rest.partition("-")[0]) if f".{end}" in _FOLDER_ENDS else ("", "")


def _normalised(name: str) -> str:
    """The name under which `importlib.metadata` takes two distributions for one."""
    name = name.lower().replace("-", "_").replace(".", "_")
    while "__" in name:
        name = name.replace("__", "_")
    return name
