"""What the command line says of what is accepted → an organisation's policy, and the baseline of a manifest."""

import os.path
from collections.abc import Sequence

from keylint.baseline import BadBaseline, Baseline, is_of
from keylint.baseline import load as load_baseline
from keylint.manifest import discover
from keylint.manifest.organisation import BadPolicy, OrganisationPolicy
from keylint.manifest.organisation import load as load_policy
from keylint.manifest.source import Source
from keylint.plugins import Registry

from .stream import Broken, complain


def policy(path: str, registry: Registry) -> OrganisationPolicy:
    """The policy file at `path`, held to the rules and packs of `registry`, all of them. Raises Broken."""
    name = discover.shown(path)
    data = _read(path, name, "`keylint schema policy` says what stands in a policy file")
    try:
        return load_policy(name, data, registry.rules, [(pack.name, pack.version) for pack in registry.packs])
    except BadPolicy as error:
        *others, last = error.problems
    for problem in others:
        complain(problem)
    raise Broken(last)


def baseline(path: str, sources: Sequence[Source]) -> Baseline:
    """The baseline at `path`, which is to be that of the one manifest in `sources`. Raises Broken."""
    if len(sources) > 1:
        msg = f"a baseline holds the findings of one manifest, and {len(sources)} are judged: name one"
        raise Broken(msg)
    name = discover.shown(path)
    data = _read(path, name, "`keylint baseline create` writes one")
    try:
        found = load_baseline(name, data)
    except BadBaseline as error:
        raise Broken(str(error)) from None
    for source in sources:
        if source.manifest is not None and not is_of(found, source.manifest):
            msg = (
                f"{name}: nothing that it speaks of is in {source.name}, so it is the baseline of another manifest: "
                f"name that of this one; or, where all that it holds is gone, `keylint baseline create --force` writes "
                "it anew"
            )
            raise Broken(msg)
    return found


def _read(path: str, name: str, hint: str) -> bytes:
    if not os.path.lexists(path):
        msg = f"{name}: there is no such file; {hint}"
        raise Broken(msg)
    if os.path.isdir(path):
        msg = f"{name}: is a folder; name a file in it"
        raise Broken(msg)
    if os.path.exists(path) and not os.path.isfile(path):
        msg = f"{name}: is not an ordinary file; write it into one first"
        raise Broken(msg)
    try:
        return discover.read(path)
    except discover.Unreadable as error:
        msg = f"{name}: {error}"
        raise Broken(msg) from None
