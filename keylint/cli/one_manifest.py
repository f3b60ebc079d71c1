"""What a command line names → the one manifest it means."""

from keylint.manifest import discover
from keylint.manifest.load import load
from keylint.manifest.model import Manifest
from keylint.manifest.source import Source, dotted

from .stream import Broken


def one(path: str | None, command: str) -> tuple[Source, Manifest]:
    """The source that `path` means, and its manifest; without a path the nearest keylint.toml. Raises Broken.

    `command` is what the user typed, such as `keylint inventory`; messages say how to type it better.
    """
    try:
        found = discover.expand(() if path is None else (path,))
        if len(found.files) > 1:
            message = f"{len(found.files)} manifests below {discover.shown(path or '.')}; name one: {command} PATH"
            raise Broken(message)
        (file,) = found.files
        if file == discover.STDIN:
            name, data = "<stdin>", discover.standard_input()
        else:
            name, data = discover.shown(file), discover.read(file, f"name a manifest: {command} PATH")
    except discover.Unreadable as error:
        message = str(error).replace("keylint check", command)
        raise Broken(message if path is None else f"{discover.shown(path)}: {message}") from None
    source = load(name, data)
    if source.manifest is None:
        raise Broken(_what_is_wrong(source))
    return source, source.manifest


def _what_is_wrong(source: Source) -> str:
    """The first thing that keeps a source from being a manifest, and where."""
    if source.fault is not None:
        line, column = source.position(source.fault.offset)
        return f"{source.name}:{line}:{column}: {source.fault.message}; `keylint check` says more"
    first, *more = source.violations
    others = f" (and {len(more)} more)" if more else ""
    what = f"{dotted(first.path)} {first.message}".lstrip()
    return f"{source.name}: {what}{others}; `keylint check` says where"
