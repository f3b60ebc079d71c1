"""`keylint check --fix` and `--diff`: manifests and how they are judged → what is mended in them, shown or written."""

import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stdout, suppress
from typing import NamedTuple

from keylint import secret_shapes
from keylint.api import Source
from keylint.engine import Judgement, Report
from keylint.manifest import discover
from keylint.report.escape import UNSAFE, clean, inert, visible
from keylint.review.fixes import Fix, Scope, Settled, settle, untouchable

from .check import Given, Judging
from .stream import Broken, complain, emit

BOM = b"\xef\xbb\xbf"


class Mended(NamedTuple):
    """What became of each manifest."""

    given: tuple[Given, ...]
    settled: tuple[Settled, ...]
    judgements: tuple[Judgement, ...]
    left_alone: tuple[str, ...]
    """Those that are too broken to be edited."""

    @property
    def done(self) -> list[Fix]:
        """All fixes that were applied."""
        return [fix for each in self.settled for fix in each.done]


def mend(given: Sequence[Given], judging: Judging, *, unsafe: bool, tidy: bool) -> Mended:
    """Mend each manifest; what cannot be mended, and why, is said at once."""
    settled, judgements, left_alone = [], [], []
    unwaivable = () if judging.organisation is None else judging.organisation.unwaivable
    by_code = {rule.code: rule for rule in judging.rules}
    for each in given:
        latest: dict[str, Judgement] = {}

        def judged(source: Source, latest: dict[str, Judgement] = latest) -> Report:
            with redirect_stdout(sys.stderr):  # what a plugin prints is talk
                latest[source.text] = judging.judgement(source)
                return judging.report([latest[source.text]])

        report = judged(each.source)
        found = Settled(each.source, report, (), (), ())
        if untouchable(each.source, report):
            left_alone.append(each.source.name)
            complain(f"{each.source.name}: left as it is: it breaks KL001, KL002 or KL003; mend that first")
        else:
            scope = Scope(by_code, unsafe, tidy, unwaivable, latest[each.source.text].not_shown)
            found = settle(each.source, judged, scope)
        settled.append(found)
        judgements.append(latest[found.source.text])
        for fix, why in found.refused:
            what = fix.code or "the order of addresses"
            complain(f"{each.source.name}: {what}: {fix.subject}: not fixed, because {why}; edit it yourself")
    return Mended(tuple(given), tuple(settled), tuple(judgements), tuple(left_alone))


def show(mended: Mended, *, quiet: bool) -> int:
    """Print what would change; 1 where anything would, or a manifest is too broken to say so, else 0."""
    emit(diff(mended))
    _say(mended, would=True, quiet=quiet)
    return int(bool(mended.done or mended.left_alone))


def write(mended: Mended, pour: Callable[[str, str], None], *, quiet: bool) -> None:
    """Write each manifest that was changed by `pour`, whole or not at all. Raises Broken."""
    for given, settled in zip(mended.given, mended.settled, strict=True):
        if not settled.done:
            continue
        try:
            now, mode = discover.read(given.path), os.stat(given.path).st_mode
        except (discover.Unreadable, OSError):
            now, mode = b"", 0
        if now != given.data:
            msg = f"{given.source.name}: changed while it was judged, and was left as it is; run it again"
            raise Broken(msg)
        bom = "\ufeff" if given.data.startswith(BOM) else ""
        pour(given.path, bom + settled.source.text)
        with suppress(OSError):  # who may read it stays what it was, where that can be had
            os.chmod(given.path, mode & 0o777)
    _say(mended, would=False, quiet=quiet)


def _say(mended: Mended, *, would: bool, quiet: bool) -> None:
    """Say how much was fixed, or would be, and what to do about the rest; on standard error, beside any report."""
    for settled in mended.settled:
        for fix in settled.done:
            if fix.note is not None:
                complain(f"{settled.source.name}: {fix.subject}: {fix.change}; {fix.note}")
    if quiet:
        return
    findings = sum(fix.code is not None for fix in mended.done)
    tidied = len(mended.done) - findings
    more = sum(len(settled.left) for settled in mended.settled)
    said = f"{'would fix' if would else 'fixed'} {findings} finding{'' if findings == 1 else 's'}"
    if tidied:
        said += f" and put {tidied} address{'' if tidied == 1 else 'es'} in order"
    complain(f"{said} ({more} more with --unsafe-fixes)" if more else said)


def diff(mended: Mended) -> str:
    """What would change, as a unified diff. Secrets in it are covered, and what acts on a terminal is spelled out."""
    from difflib import unified_diff  # noqa: PLC0415 - only here

    lines: list[str] = []
    for given, settled in zip(mended.given, mended.settled, strict=True):
        name = clean(given.source.name)
        before, after = (list(_lines(source.text)) for source in (given.source, settled.source))
        lines += unified_diff(before, after, f"a/{name}", f"b/{name}", lineterm="")
    return inert("".join(f"{line}\n" for line in lines))


def _lines(text: str) -> Iterator[str]:
    """The lines of a manifest as they may be shown, with git's mark where the last one has no end."""
    *lines, last = secret_shapes.mask(text).split("\n")
    for line in lines:
        yield _shown(line.removesuffix("\r"))
    if last:
        yield f"{_shown(last)}\n\\ No newline at end of file"


def _shown(line: str) -> str:
    return re.sub(UNSAFE, lambda found: found[0] if found[0] == "\t" else visible(found), line)
