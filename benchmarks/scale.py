"""Scale: one manifest of ten thousand bots and keys, its growth, and many files in one process."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import measure

ROUNDS = 7
SIZES = (100, 1_000, 10_000)
FILES = 100


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--no-peers", action="store_true", help="keylint alone")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        schema = folder / "schema.json"
        schema.write_text(measure.schema(), encoding="utf-8")
        commands = {"python -c pass": measure.PASS}
        for size in SIZES:
            manifest = folder / f"{size}.toml"
            manifest.write_text(measure.desk(size), encoding="utf-8")
            megabytes = manifest.stat().st_size / 1e6
            commands[f"keylint check, {size:,} bots and keys, {megabytes:.2f} MB"] = measure.keylint(
                "check", str(manifest)
            )
        largest = folder / f"{SIZES[-1]}.toml"
        parse = "import gc; gc.disable(); import os, sys, tomli; tomli.loads(open(sys.argv[1]).read()); os._exit(0)"
        commands["tomli alone on the largest"] = [*measure.PASS[:-1], parse, str(largest)]
        many = folder / "many"
        for number in range(FILES):
            below = many / f"{number:03}"
            below.mkdir(parents=True)
            (below / "keylint.toml").write_text(measure.desk(SIZES[-1] // FILES), encoding="utf-8")
        commands[f"keylint check, the same in {FILES} files"] = measure.keylint("check", str(many))
        peers = {
            "taplo": ["taplo", "check", "--schema", schema.as_uri(), str(largest)],
            "tombi": ["tombi", "lint", "--offline", str(largest)],
            "check-jsonschema": ["check-jsonschema", "--schemafile", str(schema), str(largest)],
        }
        results = measure.compare(commands, options.rounds, folder)
        if not options.no_peers:
            slow = {"python -c pass": measure.PASS, **measure.present(peers)}
            results |= {key: value for key, value in measure.compare(slow, 1, folder).items() if key in peers}
        measure.table(f"Scale ({measure.machine()}; {options.rounds} rounds, peers one)", results)
        if not options.no_peers:
            measure.missing(peers)


if __name__ == "__main__":
    main()
