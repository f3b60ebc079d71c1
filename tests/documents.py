"""The documents' generated parts: tables between markers, and what each `$ keylint …` in them prints.

`python tests/documents.py --write` renews them; `tests/test_documents.py` holds them to what keylint prints now.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / "README.md"]
CONSOLE = re.compile(
    r"(?P<open>```console\n\$ (?P<command>keylint [^\n]*)\n)(?P<output>.*?)(?P<close>^```$)", re.DOTALL | re.MULTILINE
)
TABLE = re.compile(r"(?P<open><!-- rules -->\n)(?P<body>.*?)(?P<close><!-- /rules -->)", re.DOTALL)


def keylint(arguments: str) -> str:
    """What `keylint` prints to somebody in the root of the repository, on no terminal."""
    script = Path(sysconfig.get_path("scripts")) / "keylint"
    environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
    done = subprocess.run(
        [str(script), *arguments.split()], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


def renewed(text: str) -> str:
    """`text` with every generated part as it is now."""
    text = CONSOLE.sub(
        lambda block: block["open"] + keylint(block["command"].removeprefix("keylint ")) + block["close"], text
    )
    return TABLE.sub(lambda part: part["open"] + keylint("rules --format markdown") + part["close"], text)


if __name__ == "__main__":
    for document in DOCUMENTS:
        before = document.read_text(encoding="utf-8")
        after = renewed(before)
        if before != after and "--write" in sys.argv:
            document.write_text(after, encoding="utf-8")
        elif before != after:
            sys.exit(f"{document.name} is not what keylint prints now; run `make generate`")
