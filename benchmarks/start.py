"""Cold start: `keylint check` of a 60-line manifest against a bare interpreter and against peers."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import measure

ROUNDS = 25


def yaml_of(lines: int) -> str:
    """A YAML file of so many lines, for yamllint."""
    return "---\n" + "".join(f'key-{number}: "value {number}"\n' for number in range(lines - 1))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        manifest = Path(folder, "keylint.toml")
        manifest.write_text(measure.desk(3, faulty=1000), encoding="utf-8")
        faulty = Path(folder, "faulty.toml")
        faulty.write_text(measure.desk(3, faulty=1), encoding="utf-8")
        lines = len(manifest.read_text(encoding="utf-8").splitlines())
        yaml = Path(folder, "keys.yaml")
        yaml.write_text(yaml_of(lines), encoding="utf-8")
        schema = Path(folder, "schema.json")
        schema.write_text(measure.schema(), encoding="utf-8")
        commands = {
            "python -c pass": measure.PASS,
            "python -c 'import click, pluggy, tomli'": [sys.executable, "-c", "import click, pluggy, tomli"],
            f"keylint check, {lines} lines, clean": measure.keylint("check", str(manifest)),
            f"keylint check, {lines} lines, three findings": measure.keylint("check", str(faulty)),
        }
        peers = {
            "yamllint": ["yamllint", str(yaml)],
            "check-jsonschema": ["check-jsonschema", "--schemafile", str(schema), str(manifest)],
            "taplo": ["taplo", "check", "--schema", schema.as_uri(), str(manifest)],
            "tombi": ["tombi", "lint", "--offline", str(manifest)],
        }
        commands |= measure.present(peers)
        measure.table(
            f"Cold start ({measure.machine()}; {rounds} rounds)", measure.compare(commands, rounds, Path(folder))
        )
        measure.missing(peers)


if __name__ == "__main__":
    main()
