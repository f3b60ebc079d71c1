"""What the documents show is what keylint prints."""

import importlib.util
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest
import tomli
import yaml

import keylint
from keylint import plugins
from keylint.cli import COMMANDS, cli
from keylint.live.credentials import PARTS, variable
from keylint.live.endpoints import ENDPOINTS, TIME
from keylint.live.pace import LIMITS
from keylint.manifest.load import load

RULES = plugins.load().packs[0].rules
ROOT = Path(__file__).parent.parent
spec = importlib.util.spec_from_file_location("documents", ROOT / "tests" / "documents.py")
assert spec is not None
assert spec.loader is not None
documents = importlib.util.module_from_spec(spec)
spec.loader.exec_module(documents)

ALL = (
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "CHANGELOG.md",
    "docs/live.md",
    "docs/review.md",
    "docs/sandbox.md",
)
LIVE = (ROOT / "docs" / "live.md").read_text(encoding="utf-8")


def blocks(language: str, text: str = LIVE) -> list[str]:
    """What stands in the code blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("path", documents.DOCUMENTS, ids=lambda path: path.name)
def test_generated_parts_are_up_to_date(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert documents.renewed(text, documents.PLACES[path]) == text


def test_the_commands_of_a_block_run_one_after_the_other_in_a_working_copy() -> None:
    before = sorted(ROOT.iterdir())
    text = """\
```console
$ keylint observe examples/first/good.toml --sandbox examples/first/good.sandbox.toml \\
    --as-of 2026-11-20T12:00:00Z -o seen.json
old
$ keylint check examples/first/good.toml --evidence seen.json --as-of 2026-11-20 --select KL101 -q --format concise
$ echo $?
0
```

```console
$ keylint check nowhere.toml --evidence seen.json
```
"""
    renewed = documents.renewed(text)
    first, second = blocks("console", renewed)
    assert first.splitlines()[:3] == [
        *text.splitlines()[1:3],
        "1 of 1 key answered, by the sandbox and not by Binance, evidence written to seen.json",
    ]
    assert "unknown for keys.dca: keys.dca was looked at 2026-11-20 12:00 UTC (seen.json), after the moment" in first
    assert first.endswith("$ echo $?\n3\n")
    assert second.startswith(f"{text.splitlines()[-2]}\nkeylint: nowhere.toml: there is no such file; ")
    assert documents.renewed(renewed) == renewed
    assert sorted(ROOT.iterdir()) == before


@pytest.mark.parametrize("block", ["keylint check\n", "$ rm -rf x\n", "", "output\n$ keylint rules\n"])
def test_a_console_block_that_cannot_be_kept_true_is_no_console_block(block: str) -> None:
    with pytest.raises(ValueError, match="console block"):
        documents.renewed(f"```console\n{block}```\n")


@pytest.mark.parametrize("path", documents.DOCUMENTS, ids=lambda path: path.name)
def test_every_console_block_is_one_that_is_run(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(documents.CONSOLE.findall(text)) == text.count("```console")
    assert text.count("\n```") == 2 * len(re.findall(r"^```\w+$", text, re.MULTILINE))


def test_the_readme_shows_commands_and_a_table() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(documents.CONSOLE.findall(text)) >= 4
    assert "| KL101 | withdrawals-enabled |" in text


def test_the_readmes_manifests_parse_and_the_first_one_is_whole() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    assert all(tomli.loads(block) for block in blocks)
    assert load("keylint.toml", blocks[0].encode()).manifest is not None


def test_the_changelog_names_every_rule_that_is_there() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    named = set()
    for first, last in re.findall(r"KL(\d{3})(?:–KL(\d{3}))?", text):
        named |= {f"KL{number:03}" for number in range(int(first), int(last or first) + 1)}
    assert {rule.code for rule in RULES} <= named


def test_every_path_that_a_document_links_to_is_there() -> None:
    for name in ALL:
        text = (ROOT / name).read_text(encoding="utf-8")
        for target in re.findall(r"\]\((?!https?:)([^)#]+)[^)]*\)", text):
            # The suite also runs against an installed keylint, without the folder of that name.
            beside = Path(keylint.__file__).parent.parent if target.startswith("keylint/") else (ROOT / name).parent
            assert (beside / target).exists(), f"{name} links to {target}"


# What the page about live state shows beside what keylint prints.


def shown_commands() -> list[str]:
    """Every command line of keylint in docs/live.md, wherever it stands."""
    found = []
    for block in re.findall(r"^```\w+\n(.*?)^```$", LIVE, re.DOTALL | re.MULTILINE):
        for line in block.splitlines():
            match = re.match(r"(?:\$ |ExecStart=|\s*- (?:run: )?)?((?:\S*/)?keylint (?:check|observe) [^|]*)", line)
            if match:
                found.append(match[1])
    return [*found, *re.findall(r"`(keylint [a-z]+[^`]*)`", LIVE)]


@pytest.mark.parametrize("line", sorted(set(shown_commands())))
def test_every_command_that_is_shown_is_one_that_keylint_takes(line: str) -> None:
    _, name, *arguments = shlex.split(line)
    assert name in COMMANDS
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    command.make_context(name, arguments)  # parses, and runs nothing


def test_the_walk_shows_a_drifted_key_a_dead_key_and_a_late_host() -> None:
    *_, first_look, second_look = [block for block in blocks("console") if "check --evidence" in block]
    assert "error[KL101]: keys.dca can withdraw (live)" in first_look
    assert "warning[KL906]: keys.carry is not known to Binance" in first_look
    said = " ".join(first_look.split())
    for key in ("grid", "hedge"):
        assert f"keys.{key} last answered 2026-11-19 09:00 UTC (host-b.json), 27 hours ago; the policy allows" in said
    assert "incomplete: keylint.toml: 2 findings (1 error, 1 warning)" in said
    assert first_look.endswith("$ echo $?\n1\n")
    assert "2 findings (1 error, 1 warning)" in second_look
    assert " 0 unknown," in second_look


def test_the_pages_manifests_and_settings_parse() -> None:
    [inventory] = blocks("toml")
    source = load("keylint.toml", f"version = 1\n[accounts.main]\n{inventory}".encode())
    assert source.manifest is not None
    assert source.manifest.keys["inventory"].role == "inventory"
    assert all(yaml.safe_load(text) for text in blocks("yaml"))


def test_a_workflow_for_pull_requests_is_offline_and_one_that_asks_is_for_nobody_else() -> None:
    _, untrusted, scheduled = blocks("yaml")
    assert yaml.safe_load(untrusted)[True] == "pull_request"  # `on` is a boolean in YAML 1.1
    assert not re.search(r"secrets\.|observe|--live|KEYLINT_", untrusted)
    workflow = yaml.safe_load(scheduled)
    assert set(workflow[True]) == {"schedule", "workflow_dispatch"}
    [job] = workflow["jobs"].values()
    assert job["runs-on"][0] == "self-hosted"
    assert "environment" in job
    for each in (untrusted, scheduled):
        assert yaml.safe_load(each)["permissions"] == {"contents": "read"}
        assert "persist-credentials: false" in each


def test_the_secrets_of_a_workflow_and_of_a_unit_bear_names_that_keylint_looks_for() -> None:
    desk = tomli.loads((ROOT / "examples" / "hosts" / "keylint.toml").read_text(encoding="utf-8"))
    variables = {variable(key, part) for key in desk["keys"] for part in PARTS}
    files = {f"{key}.{part}" for key in desk["keys"] for part in PARTS}
    named = re.findall(r"(KEYLINT_\w+): \$\{\{ secrets\.(\w+) \}\}", LIVE)
    assert named
    assert all(one == other and one in variables for one, other in named)
    loaded = re.findall(r"LoadCredentialEncrypted=(\S+)", "".join(blocks("ini")))
    assert len(loaded) == 6
    assert set(loaded) <= files
    assert set(re.findall(r"--from-file=(\S+)", LIVE)) <= {*files, "keylint.toml"}


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not here")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    service, timer = blocks("ini")
    program = "/opt/keylint/bin/keylint"
    assert f"ExecStart={program} observe" in service
    here = shutil.which("true")
    units = {"keylint-observe.service": service.replace(program, str(here)), "keylint-observe.timer": timer}
    for name, text in units.items():
        assert f"/etc/systemd/system/{name}`" in LIVE
        (tmp_path / name).write_text(text, encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *(tmp_path / name for name in units)],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "")
    assert "keylint-observe" not in done.stderr
    calendar = re.search(r"OnCalendar=(.+)", timer)
    assert calendar is not None
    subprocess.run(["systemd-analyze", "calendar", calendar[1]], capture_output=True, timeout=60, check=True)


def test_every_request_that_can_be_made_stands_in_the_table_with_its_weight_and_limit() -> None:
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in LIVE.splitlines() if re.search(r"\| `/", line)]
    shown: dict[str, Any] = {match[1]: row for row in rows if (match := re.match(r"`(\S+)`", row[1]))}
    assert len(shown) == len(rows)
    assert set(shown) == {endpoint.path for endpoint in ENDPOINTS}
    for endpoint in ENDPOINTS:
        when, _, weight, limit = shown[endpoint.path]
        assert weight == f"{endpoint.weight:,}"
        assert limit.startswith(f"{LIMITS[endpoint.pool]:,} a minute")
        assert ("by account" in limit) is (endpoint.pool == "sapi-uid")
        assert ("once a run" in when) is (endpoint is TIME)
