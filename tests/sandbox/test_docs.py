"""docs/sandbox.md says what the sandbox speaks: its example loads, and no field, path or code is missing."""

import json
import re
from importlib.resources import files
from inspect import getsource
from pathlib import Path

from sandbox.client import desk

from keylint.sandbox import answers, contents
from keylint.sandbox.credentials import made
from keylint.sandbox.endpoints import ENDPOINTS
from keylint.sandbox.state import load

PAGE = (Path(__file__).parents[2] / "docs" / "sandbox.md").read_text(encoding="utf-8")
STATE, FAULTS = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
DEFINITIONS = json.loads(files("keylint.schemas").joinpath("sandbox.schema.json").read_text(encoding="utf-8"))[
    "definitions"
]


def test_the_examples_are_state_files() -> None:
    state = load(STATE + FAULTS, "docs/sandbox.md")

    assert [fault.status for fault in state.misbehaviours] == [403, 429, None]
    one = made(state)["grid-2026q4"]
    assert f"  {one.id}  {one.type}  {one.fingerprint}\n" in PAGE


def test_every_field_stands_in_it() -> None:
    for name, definition in DEFINITIONS.items():
        text = PAGE if name in {"misbehaviour", "repeat", "drip"} else STATE
        missing = [field for field in definition["properties"] if not re.search(rf"\b{field}\b", text)]
        assert missing == [], name


def test_every_path_stands_in_it_with_its_weight() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| `/")]
    for path, endpoint in ENDPOINTS.items():
        [row] = [line for line in rows if f"`{path}`" in line]
        assert re.search(rf"\| {endpoint.weight({})},", row), row
        assert ("account and path" in row) is (endpoint.pool == "sapi-uid")
        assert ("futures" in row) is (endpoint.permission == "futures")


def test_every_code_stands_in_it_with_its_status() -> None:
    source = getsource(answers) + getsource(contents)
    raised = set(re.findall(r"Refused\((\d+), (-\d+),", source))
    table = set(re.findall(r"\| (\d+), (-\d+)", PAGE))

    assert raised == table - {("429", "-1003")}
    assert len(raised) == len({code for _, code in raised})
    assert desk().keys
