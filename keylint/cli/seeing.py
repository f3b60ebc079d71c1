"""What the command line says of live state → the evidence to judge: read from files, or asked for now."""

import os.path
from collections.abc import Sequence
from datetime import datetime

from keylint.evidence.file import BadEvidence, load
from keylint.evidence.model import Evidence
from keylint.manifest import discover
from keylint.manifest.model import Manifest
from keylint.manifest.source import Source

from .live_options import Looking
from .looking import look
from .stream import Broken, complain


def seen(
    sources: Sequence[Source], files: Sequence[str], looking: Looking, *, asking: bool, as_of: datetime | None
) -> list[Evidence]:
    """What is known of the live state of the one manifest in `sources`. Raises Broken.

    `files` hold evidence; where `asking`, whoever `looking` names is asked as well.
    """
    if len(sources) > 1:
        msg = "live state is judged for one manifest at a time, because the ids in evidence are those of one: name one"
        raise Broken(msg)
    if asking and as_of is not None and looking.sandbox is None:
        msg = (
            "--as-of judges another moment than now, and Binance answers now; `keylint observe` writes evidence down, "
            "and --evidence judges it as of any moment"
        )
        raise Broken(msg)
    evidence = [_read(path) for path in dict.fromkeys(files)]
    if asking:
        evidence += [_asked(source.manifest, looking, as_of) for source in sources if source.manifest is not None]
    return evidence


def _asked(manifest: Manifest, looking: Looking, as_of: datetime | None) -> Evidence:
    from keylint.live.observe import Interrupted  # noqa: PLC0415 - the libraries of the network, for this alone

    try:
        return look(manifest, looking, as_of=as_of)
    except Interrupted as early:
        complain("interrupted; what was known by then is judged, the rest is unknown")
        return early.evidence


def _read(path: str) -> Evidence:
    name = discover.shown(path)
    try:
        if not os.path.lexists(path):
            msg = f"{name}: there is no such file; `keylint observe -o {name}` writes one"
            raise Broken(msg)
        return load(name, discover.read(path, "name a file that `keylint observe -o` has written"))
    except (discover.Unreadable, BadEvidence) as error:
        text = str(error)
        raise Broken(text if text.startswith(name) else f"{name}: {text}") from None
