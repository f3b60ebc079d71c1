"""Rule packs of third parties: a whole one judges, a broken one stops the run, a rule that fails is an unknown."""

import json
import os
import shutil
import signal
import site
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from enum import Enum
from importlib import import_module
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING, NamedTuple

import pytest
from jsonschema import Draft7Validator

from keylint import bounded, cli, engine, plugins, tally, testing
from keylint.api import BOTH_SIDES, Context, KeyRule, Rule, Severity
from keylint.manifest.load import load

if TYPE_CHECKING:
    from conftest import Environment

ROOT = Path(__file__).parent.parent
ACME = ROOT / "tests" / "packs" / "acme"
ADVICE = "; repair, pin or uninstall it: a plugin that does not load whole is a rule that does not judge\n"
SELECT = ("--select", "ACME,KL101", "--as-of", "2026-11-20")
MANIFEST = """\
version = 1

[bots.grid]
kind = "spot"

[keys.first]
bot = "grid"
type = "ed25519"
permissions = ["read", "spot"]
created = 2026-11-01
owner = "alice"

[keys.second]
bot = "grid"
type = "ed25519"
permissions = ["read", "spot"]
created = 2026-11-01
"""

HEAD = """
from keylint.api import *
from keylint.api import hookimpl
"""
HOOK = """
@hookimpl
def keylint_rules():
    return RULES
"""


def of_a_check(body: str, code: str = "ACME666") -> str:
    """A pack of two rules: a hostile one, and a sound one after it that finds `keys.second`."""
    return "\n".join(
        [
            HEAD,
            "def hostile(key, ctx):",
            textwrap.indent(textwrap.dedent(body), "    "),
            "def sound(key, ctx):",
            "    return None if key.owner else Finding(key.at('owner'), 'has no owner', 'name one')",
            f"RULES = [KeyRule('{code}', 'hostile', 'Is hostile', Severity.WARNING, hostile),",
            "    KeyRule('ACME999', 'sound', 'Is sound', Severity.WARNING, sound)]",
            HOOK,
        ]
    )


def of_rules(expression: str) -> str:
    """A pack whose hook returns `expression`."""
    return "\n".join(
        [
            HEAD,
            "def check(key, ctx): return None",
            "RULE = KeyRule('ACME001', 'owner-missing', 'Nobody answers', Severity.WARNING, check)",
            f"@hookimpl\ndef keylint_rules(): return {expression}",
        ]
    )


def put(
    folder: Path, text: str, *, name: str = "acme", version: str = "1.0", module: str = "", value: str | None = None
) -> None:
    """Install a pack of one module into a folder, as pip leaves it there."""
    module = module or f"{name}_rules"
    place = folder.joinpath(*module.split(".")).with_suffix(".py")
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text, encoding="utf-8")
    metadata = folder / f"{name}-{version}.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8")
    declared = module if value is None else value
    (metadata / "entry_points.txt").write_text(f"[keylint]\n{name} = {declared}\n", encoding="utf-8")


@pytest.fixture
def site_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty site folder, the interpreter's only one while the test runs."""
    folder = tmp_path / "site-packages"
    folder.mkdir()
    monkeypatch.setattr(site, "getsitepackages", lambda: [str(folder)])
    monkeypatch.setattr(site, "ENABLE_USER_SITE", False)
    monkeypatch.setattr(sys, "path", [*sys.path, str(folder)])
    yield folder
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]


class Ran(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def check(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> "Check":
    # A busy machine may take longer than a user would wait; the tests of the limit set one of their own.
    monkeypatch.setattr(bounded, "SECONDS", 600)
    return Check(tmp_path, capsys)


class Check(NamedTuple):
    """Judges MANIFEST in this process by the rules of the packs and KL101."""

    folder: Path
    capsys: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str, command: str = "check", manifest: str = MANIFEST) -> Ran:
        path = self.folder / "keylint.toml"
        path.write_text(manifest, encoding="utf-8")
        line = [str(path), *SELECT, *arguments] if command == "check" else list(arguments)
        code = cli.run([command, *line])
        return Ran(code, *self.capsys.readouterr())


def outcomes(ran: Ran) -> tuple[list[str], list[str]]:
    """The subjects of findings and of unknowns in a JSON report, each with its code."""
    report = json.loads(ran.out)
    findings, unknown = ([f"{it['code']} {it['subject']}" for it in report[part]] for part in ("findings", "unknown"))
    return findings, unknown


# A whole pack.


@pytest.fixture
def acme(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.setattr(sys, "path", [str(ACME), *sys.path])
    yield import_module("acme_key_rules")
    for name in [name for name in sys.modules if name.partition(".")[0] == "acme_key_rules"]:
        del sys.modules[name]


def test_the_page_of_the_example_pack_holds_for_its_rule(acme: ModuleType) -> None:
    (rule,) = acme.RULES
    assert plugins.wrong_with(rule) is None
    assert testing.problems(rule, testing.read(testing.page_path(rule))) == []


def test_a_pack_judges_beside_the_built_in_rules(site_folder: Path, check: Check) -> None:
    put(site_folder, of_a_check("return None"))

    ran = check("--format", "json")

    assert ran.code == 1
    assert outcomes(ran) == (["ACME999 keys.second"], [])
    assert check(command="plugins").out.splitlines()[1] == "acme 1.0: 2 rules: ACME666, ACME999"


def test_without_a_pack_nothing_is_imported_that_only_packs_need() -> None:
    probe = "import sys; from keylint.plugins import load; load(); print('keylint.bounded' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-I", "-c", probe], text=True) == "False\n"


@pytest.mark.parametrize(
    ("value", "module"),
    [
        ("acme_rules", "acme_rules"),
        ("acme_rules:PACK", "acme_rules"),
        ("acme_rules : PACK.plugin [extra, more]", "acme_rules"),
        ("acme.rules.all [extra]", "acme.rules.all"),
    ],
)
def test_an_entry_point_may_name_a_module_or_something_in_one(
    site_folder: Path, check: Check, value: str, module: str
) -> None:
    pack = (
        "import sys\nclass PACK:\n    keylint_rules = staticmethod(keylint_rules)\n    plugin = sys.modules[__name__]\n"
    )
    text = f"{of_rules('[RULE]')}\n{pack}"
    put(site_folder, text, module=module, value=value)

    assert check(command="plugins").out.splitlines()[1:] == ["acme 1.0: 1 rule: ACME001"]


def test_a_distribution_may_bring_several_packs(site_folder: Path, check: Check) -> None:
    put(site_folder, of_rules("[RULE]"))
    (site_folder / "more.py").write_text(of_rules("[RULE._replace(code='ACME002', name='more')]"), encoding="utf-8")
    entries = "[keylint]\nacme = acme_rules\nmore = more\n"
    (site_folder / "acme-1.0.dist-info" / "entry_points.txt").write_text(entries, encoding="utf-8")

    ran = check(command="plugins")

    assert ran.out.splitlines()[1:] == ["acme 1.0: 1 rule: ACME001", "acme 1.0: 1 rule: ACME002"]


def test_the_page_of_a_third_partys_rule_is_shown(site_folder: Path, check: Check) -> None:
    put(site_folder, of_rules("[RULE]"))
    (site_folder / "acme_rules.md").write_text("# owner-missing (ACME001)\n", encoding="utf-8")

    assert check("ACME001", command="rule") == Ran(0, "# owner-missing (ACME001)\n", "")


def test_keylints_own_rules_are_held_to_what_a_third_partys_must_be() -> None:
    rules = plugins.load().packs[0].rules
    assert rules
    assert {plugins.wrong_with(rule._replace(code="ACME001")) for rule in rules} == {None}
    assert all("as keylint's own do" in str(plugins.wrong_with(rule)) for rule in rules)


# A pack that does not load whole stops the run.

IMPORTS = {
    "a missing module": ("import nothing_of_that_name", "cannot be imported: ModuleNotFoundError: No module named 'no"),
    "no Python": ("def", "cannot be imported: SyntaxError: invalid syntax"),
    "an error of two lines": ("raise ValueError('one\\ntwo')", "cannot be imported: ValueError: one;"),
    "an error without words": ("assert False", "cannot be imported: AssertionError;"),
    "an exit": ("raise SystemExit(0)", "cannot be imported: SystemExit: 0"),
    "an exit without words": ("import sys; sys.exit()", "cannot be imported: SystemExit;"),
    "what is no Exception": ("raise GeneratorExit", "cannot be imported: GeneratorExit;"),
    "endless recursion": ("def f(): f()\nf()", "cannot be imported: RecursionError"),
    "an unknown hook": (f"{HEAD}\n@hookimpl\ndef keylint_rulez(): pass", "cannot be registered: PluginValidationError"),
    "a hook that asks for more": (
        f"{HEAD}\n@hookimpl\ndef keylint_rules(config): pass",
        "cannot be registered: PluginValidationError",
    ),
    "no hook": (f"{HEAD}\ndef keylint_rules(): pass", "brings no rules"),
    "an empty module": ("", "brings no rules"),
    "a hook that raises": (of_rules("1 / 0"), "failed in keylint_rules: ZeroDivisionError: division by zero"),
    "a hook that exits": (of_rules("exit(0)"), "failed in keylint_rules: SystemExit: 0"),
    "None": (of_rules("None"), "brings no rules"),
    "an empty list": (of_rules("[]"), "brings no rules"),
    "a number": (of_rules("5"), "failed in keylint_rules: TypeError: it returned int where a list of rules was due"),
    "a string": (of_rules("'ACME001'"), "it returned str where a list of rules was due"),
    "a mapping": (of_rules("{'ACME001': RULE}"), "it returned dict where a list of rules was due"),
    "an endless generator": (of_rules("iter(lambda: RULE, None)"), "it returned callable_iterator where a list"),
    "one rule": (of_rules("RULE"), "returned str where a rule was due"),
    "strings": (of_rules("['ACME001']"), "returned str where a rule was due"),
    "a function": (of_rules("[RULE, check]"), "returned function where a rule was due"),
    "a rule's type": (of_rules("[KeyRule]"), "returned type where a rule was due"),
    "a plain tuple": (of_rules("[tuple(RULE)]"), "returned tuple where a rule was due"),
}
RULES = {
    "code='acme001'": "returned a rule with the code 'acme001', which is not letters and digits such as ACME001",
    "code='ACME1'": "returned a rule with the code 'ACME1'",
    "code='ACME001\\n'": r"returned a rule with the code 'ACME001\n'",
    "code='A' * 9999 + '001'": "returned a rule with the code 'AAAAAAAAA",
    "code=None": "returned a rule with the code None",
    "code=['ACME001']": "returned a rule with the code ['ACME001']",
    "code='KL101'": "returned a rule with the code 'KL101', which is not letters and digits such as ACME001, or begins",
    "code='KL999'": "begins with KL, as keylint's own do",
    "code='KLX999'": "begins with KL, as keylint's own do",
    "name='Owner Missing'": "returned ACME001, whose name is 'Owner Missing' (see keylint.api)",
    "name='ALL'": "whose name is 'ALL'",
    "name='owner--missing'": "whose name is 'owner--missing'",
    "name=None": "whose name is None",
    "summary=''": "whose summary is ''",
    "summary='a\\nb'": r"whose summary is 'a\nb'",
    "summary='\\x1b[31m'": r"whose summary is '\x1b[31m'",
    "summary=None": "whose summary is None",
    "severity='warning'": "whose severity is 'warning'",
    "severity=None": "whose severity is None",
    "check=None": "whose check is None",
    "check='check'": "whose check is 'check'",
    "sides=()": "whose sides is ()",
    "sides=('declared',)": "whose sides is ('declared',)",
    "sides=None": "whose sides is None",
    "statuses=['active']": "whose statuses is ['active']",
    "statuses=frozenset()": "whose statuses is frozenset()",
    "statuses=frozenset({'gone'})": "whose statuses is frozenset({'gone'})",
    "waivable='no'": "whose waivable is 'no'",
    "on='manifest'": "whose on is 'manifest'",
}


def stops_the_run(ran: Ran, *words: str) -> bool:
    """Exit code 2, nothing on standard output, one line that names the pack in its version."""
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("keylint: acme 1.0 ")
    assert len(ran.err.splitlines()) == 1
    for word in words:
        assert word in ran.err
    return True


@pytest.mark.parametrize(("text", "words"), IMPORTS.values(), ids=IMPORTS)
def test_a_pack_that_does_not_load_whole_stops_the_run(site_folder: Path, check: Check, text: str, words: str) -> None:
    put(site_folder, text)

    assert stops_the_run(check(), words, ADVICE)
    assert stops_the_run(check(command="rules"), words)
    assert stops_the_run(check(command="plugins"), words)
    assert stops_the_run(check("KL101", command="rule"), words)


@pytest.mark.parametrize(("change", "words"), RULES.items(), ids=RULES)
def test_a_pack_with_a_rule_that_is_not_whole_stops_the_run(
    site_folder: Path, check: Check, change: str, words: str
) -> None:
    put(site_folder, of_rules(f"[RULE, RULE._replace({change})]"))

    assert stops_the_run(check(), words, ADVICE)


@pytest.mark.parametrize(
    "value",
    [
        *(
            "",
            "[extra]",
            ":RULES",
            "acme_rules:",
            "acme_rules:RULES:0",
            "acme_rules:RULES[",
            "acme rules",
            "acme-rules",
        ),
        *(
            ".acme_rules",
            "acme..rules",
            "../acme",
            "/acme_rules",
            "acme_rules/",
            "acme_rules;import os",
            "acme_rules\x00",
        ),
    ],
)
def test_an_entry_point_that_names_no_module_stops_the_run(site_folder: Path, check: Check, value: str) -> None:
    put(site_folder, of_rules("[RULE]"), value=value)

    assert stops_the_run(check(), "has an entry point that names no module: acme = ", ADVICE)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("acme_rulez", "cannot be imported: ModuleNotFoundError: No module named 'acme_rulez'"),
        ("acme_rules:PACK", "cannot be imported: AttributeError: module 'acme_rules' has no attribute 'PACK'"),
        ("os", "is hidden by "),
        ("keylint.rules", ""),
        ("keylint.api", ""),
    ],
)
def test_an_entry_point_that_leads_elsewhere_stops_the_run(
    site_folder: Path, check: Check, value: str, words: str
) -> None:
    put(site_folder, of_rules("[RULE]"), value=value)

    assert stops_the_run(check(), words)


def test_metadata_that_cannot_be_read_stops_the_run(site_folder: Path, check: Check) -> None:
    put(site_folder, of_rules("[RULE]"))
    (site_folder / "acme-1.0.dist-info" / "entry_points.txt").write_bytes(b"[keylint]\nacme = \xff\n")

    code, out, err = check()

    assert (code, out) == (2, "")
    assert err == (
        "keylint: the metadata of an installed package cannot be read: acme-1.0.dist-info: entry_points.txt cannot be "
        "read as UTF-8; reinstall it\n"
    )


@pytest.mark.parametrize(
    ("change", "word"),
    [("name='withdrawals-enabled'", "withdrawals-enabled, which keylint "), ("name='source-invalid'", "")],
)
def test_a_name_of_keylints_own_cannot_be_taken(site_folder: Path, check: Check, change: str, word: str) -> None:
    if not word:
        name = plugins.load().packs[0].rules[-1].name
        change, word = f"name={name!r}", f"{name}, which keylint "
    put(site_folder, of_rules(f"[RULE._replace({change})]"))

    assert stops_the_run(check(), f"claims {word}", " has already", ADVICE)


def test_a_code_can_be_had_by_one_pack_alone(site_folder: Path, check: Check) -> None:
    put(site_folder, of_rules("[RULE]"))
    put(site_folder, of_rules("[RULE._replace(name='other')]"), name="zeta", version="2.0")

    code, out, err = check()

    assert (code, out) == (2, "")
    assert err == f"keylint: zeta 2.0 claims ACME001, which acme 1.0 has already{ADVICE}"


def test_a_name_can_be_had_by_one_rule_alone(site_folder: Path, check: Check) -> None:
    put(site_folder, of_rules("[RULE, RULE._replace(code='ACME002')]"))

    assert stops_the_run(check(), "claims owner-missing, which acme 1.0 has already")


def test_an_interruption_while_a_pack_is_imported_is_one(site_folder: Path, check: Check) -> None:
    put(site_folder, "raise KeyboardInterrupt")

    assert check() == Ran(2, "", "\nkeylint: interrupted; nothing more was judged\n")


# What is not the interpreter's own is never imported.


def put_first(monkeypatch: pytest.MonkeyPatch, folder: Path | str) -> None:
    monkeypatch.setattr(sys, "path", [str(folder), *sys.path])


def canary(place: Path) -> str:
    """Python that leaves a file behind where it is run."""
    return f"open({str(place)!r}, 'w').close()\n"


def test_a_pack_outside_the_site_folders_is_refused(
    site_folder: Path, check: Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scanned = tmp_path / "scanned"
    put(scanned, canary(tmp_path / "canary") + of_rules("[RULE]"))
    put_first(monkeypatch, scanned)

    where = f"was found in {scanned}, which is on Python's path but is no site folder"
    assert stops_the_run(check(), where, "take that off the path (see PYTHONPATH), or install it with pip")
    assert not (tmp_path / "canary").exists()


def test_a_pack_in_the_current_folder_is_refused(
    site_folder: Path, check: Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scanned = tmp_path / "scanned"
    put(scanned, canary(tmp_path / "canary") + of_rules("[RULE]"))
    monkeypatch.chdir(scanned)
    put_first(monkeypatch, "")

    assert stops_the_run(check(), "was found in the current folder, which")
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize(
    ("module", "shadow"),
    [
        ("acme_rules", "acme_rules.py"),
        ("acme_rules", "acme_rules/__init__.py"),
        ("acme.rules", "acme/__init__.py"),
        ("acme.rules", "acme/rules.py"),
        ("acme.rules.all", "acme/rules/all/__init__.py"),
    ],
)
def test_a_packs_module_is_not_taken_from_before_its_site_folder(
    site_folder: Path, check: Check, monkeypatch: pytest.MonkeyPatch, module: str, shadow: str
) -> None:
    put(site_folder, of_rules("[RULE]"), module=module)
    hiding = check.folder / "scanned" / shadow
    hiding.parent.mkdir(parents=True)
    hiding.write_text(canary(check.folder / "canary"), encoding="utf-8")
    put_first(monkeypatch, check.folder / "scanned")

    said = f"is hidden by {hiding}, which Python would import in place of its {module}; take that off the path"
    assert stops_the_run(check(), said)
    assert not (check.folder / "canary").exists()


def test_a_folder_that_holds_no_package_hides_no_pack(
    site_folder: Path, check: Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(site_folder, of_rules("[RULE]"))
    (tmp_path / "scanned" / "acme_rules").mkdir(parents=True)
    put_first(monkeypatch, tmp_path / "scanned")

    assert check(command="plugins").code == 0


def test_a_pack_installed_for_editing_is_loaded_from_its_sources(
    site_folder: Path, check: Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = tmp_path / "sources"
    sources.mkdir()
    put(site_folder, "", value="acme_sources")
    (sources / "acme_sources.py").write_text(of_rules("[RULE]"), encoding="utf-8")
    monkeypatch.setattr(sys, "path", [*sys.path, str(sources)])

    assert check(command="plugins").out.splitlines()[1:] == ["acme 1.0: 1 rule: ACME001"]


# A rule that fails is an unknown, and the others are judged.

FAILING = {
    "raises": ("raise ValueError('a secret')", "the rule crashed: ValueError at acme_rules.py:6"),
    "raises on one key": (
        "if key.id == 'first': raise ValueError\nreturn None",
        "the rule crashed: ValueError at acme_rules.py:6",
    ),
    "asserts": ("assert False", "the rule crashed: AssertionError at acme_rules.py:6"),
    "exits": ("raise SystemExit(0)", "the rule crashed: SystemExit at acme_rules.py:6"),
    "exits by name": ("import sys; sys.exit()", "the rule crashed: SystemExit at acme_rules.py:6"),
    "raises what is no Exception": ("raise GeneratorExit", "the rule crashed: GeneratorExit"),
    "raises late": ("yield from ()\nraise StopAsyncIteration", "the rule crashed: StopAsyncIteration at acme_rules.py"),
    "recurses": ("return hostile(key, ctx)", "the rule crashed: RecursionError at acme_rules.py:6"),
    "cannot decide": ("raise Undecided('unknown-reference', 'who knows')", "who knows"),
    "returns a number": ("return 5", "the rule crashed: TypeError"),
    "returns True": ("return True", "the rule crashed: TypeError"),
    "returns a string": ("return 'clean'", "the rule returned str, where a finding was due"),
    "returns strings": ("return ['clean']", "the rule returned str, where a finding was due"),
    "returns an empty string": ("return ''", "the rule returned str, where a finding was due"),
    "returns empty bytes": ("return b''", "the rule returned bytes, where a finding was due"),
    "returns a mapping": ("return {}", "the rule returned dict, where a finding was due"),
    "returns the key": ("return key", "the rule returned str, where a finding was due"),
    "returns None in a list": ("return [None]", "the rule returned NoneType, where a finding was due"),
    "returns lists in a list": ("return [[]]", "the rule returned list, where a finding was due"),
    "returns a plain tuple": (
        "return tuple(Finding(key.at('owner'), 'm', 'h'))",
        "the rule returned Place, where a finding was due",
    ),
    "returns itself": ("return hostile", "the rule crashed: TypeError"),
    "points nowhere": ("return Finding(None, 'm', 'h')", "the rule returned a finding whose parts are not of their"),
    "says a number": ("return Finding(key.at('owner'), 5, 'h')", "the rule returned a finding whose parts"),
    "says nothing": ("return Finding(key.at('owner'), None, 'h')", "the rule returned a finding whose parts"),
    "helps with bytes": ("return Finding(key.at('owner'), 'm', b'h')", "the rule returned a finding whose parts"),
    "has a severity of its own": (
        "return [Finding(key.at('owner'), 'm', 'h', 'note')]",
        "the rule returned a finding whose parts are not of their types",
    ),
    "points at no offset": ("return Finding(Span('a', None), 'm', 'h')", "the rule crashed: TypeError"),
    "points at no path": ("return Finding(Place(5), 'm', 'h')", "the rule crashed: TypeError"),
    "sets a field": ("key.permissions = ()", "the rule crashed: AttributeError at acme_rules.py:6"),
    "deletes a field": ("del key.owner", "the rule crashed: AttributeError at acme_rules.py:6"),
    "adds a field": ("key.mine = 1", "the rule crashed: AttributeError at acme_rules.py:6"),
    "adds a permission": ("key.permissions.add('withdraw')", "the rule crashed: AttributeError at acme_rules.py:6"),
    "empties the manifest": ("ctx.manifest.keys.clear()", "the rule crashed: AttributeError at acme_rules.py:6"),
    "deletes a key": ("del ctx.manifest.keys[key.id]", "the rule crashed: TypeError at acme_rules.py:6"),
    "adds a key": ("ctx.manifest.keys['x'] = key", "the rule crashed: TypeError at acme_rules.py:6"),
    "takes over a rule": ("ctx.rules['KL101'] = 'ACME666'", "the rule crashed: TypeError at acme_rules.py:6"),
    "sets the policy": ("ctx.policy = None", "the rule crashed: AttributeError at acme_rules.py:6"),
    "sets a threshold": ("ctx.policy.rotation = None", "the rule crashed: AttributeError at acme_rules.py:6"),
    "sets the day": ("ctx.today = None", "the rule crashed: AttributeError at acme_rules.py:6"),
    "changes its subject's bots": ("key.bots[0] = None", "the rule crashed: TypeError at acme_rules.py:6"),
}


@pytest.mark.parametrize(("body", "message"), FAILING.values(), ids=FAILING)
def test_a_rule_that_fails_is_unknown_and_the_others_are_judged(
    site_folder: Path, check: Check, body: str, message: str
) -> None:
    put(site_folder, of_a_check(body))

    ran = check("--format", "json")

    findings, unknown = outcomes(ran)
    assert findings == ["ACME999 keys.second"]
    assert unknown[0] == "ACME666 keys.first"
    assert json.loads(ran.out)["unknown"][0]["message"].startswith(message)
    assert ran.code == 1
    assert ran.err == ""
    assert "a secret" not in ran.out


@pytest.mark.parametrize("body", ["raise ValueError", "raise SystemExit(0)", "return 5", "key.owner = 'me'"])
@pytest.mark.parametrize("format_", ["text", "concise", "json", "github"])
def test_a_rule_that_fails_is_never_clean(site_folder: Path, check: Check, body: str, format_: str) -> None:
    put(site_folder, of_a_check(body))

    ran = check("--ignore", "ACME999", "--format", format_)

    assert ran.code == 3
    assert "ACME666" in ran.out


def test_what_a_rule_said_before_it_failed_is_not_lost(site_folder: Path, check: Check) -> None:
    put(site_folder, of_a_check("yield Finding(key.at('owner'), 'is odd', 'mend it')\nraise ValueError"))

    findings, unknown = outcomes(check("--format", "json", "--select", "ACME666"))

    assert findings[:2] == ["ACME666 keys.first", "ACME666 keys.second"]
    assert unknown == ["ACME666 keys.first", "ACME666 keys.second"]


@pytest.mark.parametrize(
    "body",
    [
        "while True: yield Finding(key.at('owner'), 'is odd', 'mend it')",
        "return [Finding(key.at('owner'), 'is odd', 'mend it')] * 1_000_000",
        "return (Finding(key.at('owner'), 'is odd', 'mend it') for _ in range(1_000_000))",
    ],
    ids=["endless", "list", "generator"],
)
def test_a_million_findings_of_one_subject_are_too_many(site_folder: Path, check: Check, body: str) -> None:
    put(site_folder, of_a_check(body))

    report = json.loads(check("--format", "json").out)

    assert [it["subject"] for it in report["unknown"]] == ["keys.first", "keys.second"]
    assert report["unknown"][0]["message"].startswith("the rule has more ")
    assert report["summary"]["findings"] == 2 * tally.MOST_FINDINGS + 1


def test_what_a_rule_says_too_much_is_not_left_out_in_silence(
    site_folder: Path, check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert max(tally.MOST_FINDINGS, tally.MOST_OF_A_MANIFEST) < bounded.MOST_ITEMS
    monkeypatch.setattr(bounded, "MOST_ITEMS", 3)
    put(site_folder, of_a_check("return [Finding(key.at('owner'), 'is odd', 'mend it')] * (3 + (key.id == 'second'))"))

    report = json.loads(check("--format", "json", "--select", "ACME666").out)

    assert [it["message"] for it in report["unknown"]] == ["the rule has more than 3 findings of one subject"]
    assert [it["subject"] for it in report["findings"] if it["code"] == "ACME666"] == ["keys.first"] * 3 + [
        "keys.second"
    ] * 3


ENDLESS = {
    "loops": "while True: pass",
    "loops over its errors": "import time\nwhile True:\n    try: time.sleep(9)\n    except Exception: pass",
    "yields nothing": "while True: pass\nyield",
    "sleeps": "import time; time.sleep(1000)",
    "matches for ever": "import re; re.match('(a+)+$', 'a' * 60 + 'b')",
    "returns what has no end": ("class Endless:\n    def __iter__(self):\n        while True: pass\nreturn Endless()"),
}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no timer that stops what runs")
@pytest.mark.parametrize("body", ENDLESS.values(), ids=ENDLESS)
def test_a_rule_that_loops_for_ever_is_stopped(
    site_folder: Path, check: Check, body: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded, "SECONDS", 0.1)
    put(site_folder, of_a_check(body))

    ran = check("--format", "json")

    assert outcomes(ran) == (["ACME999 keys.second"], ["ACME666 keys.first", "ACME666 keys.second"])
    assert [it["message"] for it in json.loads(ran.out)["unknown"]] == [
        "the rule was stopped after 0.1 seconds",
        "the rule had to be stopped before, and was not asked again",
    ]
    assert check("--select", "ACME666", "--ignore", "ACME999").code == 3


@pytest.mark.skipif(os.name == "nt", reason="Windows has no timer that stops what runs")
@pytest.mark.parametrize("body", ["return None", "raise ValueError", ENDLESS["loops"]])
def test_the_timer_is_left_as_it_was(
    site_folder: Path, check: Check, body: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded, "SECONDS", 0.1)
    put(site_folder, of_a_check(body))
    before = signal.signal(signal.SIGALRM, signal.SIG_IGN)

    check()

    assert signal.signal(signal.SIGALRM, before) == signal.SIG_IGN
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_a_pack_judges_in_a_thread_too(site_folder: Path, check: Check) -> None:
    """There, no timer can stop it."""
    put(site_folder, of_a_check("raise ValueError"))
    ran: list[Ran] = []

    thread = threading.Thread(target=lambda: ran.append(check("--format", "json")))
    thread.start()
    thread.join()

    assert outcomes(ran[0]) == (["ACME999 keys.second"], ["ACME666 keys.first", "ACME666 keys.second"])


def test_an_interruption_in_a_rule_is_one(site_folder: Path, check: Check) -> None:
    put(site_folder, of_a_check("raise KeyboardInterrupt"))

    assert check() == Ran(2, "", "\nkeylint: interrupted; nothing more was judged\n")


LOUD = "import sys\nprint('LOUD')\nsys.stdout.write('LOUD')\n"


def loud() -> str:
    text = of_a_check(f"{LOUD}return None")
    return LOUD + text.replace("def keylint_rules():", "def keylint_rules():\n    print('LOUD')")


def test_what_a_pack_prints_stays_out_of_what_programs_read(site_folder: Path, check: Check) -> None:
    put(site_folder, loud())

    judged, listed = check("--format", "json"), check("--format", "json", command="rules")

    assert outcomes(judged) == (["ACME999 keys.second"], [])
    assert {"ACME666", "ACME999"} < {rule["code"] for rule in json.loads(listed.out)}
    assert judged.err.count("LOUD") > 4
    for command, argument in (("rule", "KL101"), ("rules", "--format=text"), ("plugins", "")):
        assert "LOUD" not in check(*filter(None, [argument]), command=command).out


def test_the_report_of_a_run_with_failing_rules_keeps_to_its_schema(site_folder: Path, check: Check) -> None:
    put(site_folder, of_a_check(FAILING["raises on one key"][0]))

    report = json.loads(check("--format", "json").out)

    Draft7Validator(json.loads((ROOT / "schemas" / "report.schema.json").read_text("utf-8"))).validate(report)
    summary = report["summary"]
    assert summary["planned"] == sum(count for part, count in summary.items() if part != "planned")


def test_a_rule_is_handed_nothing_that_can_be_changed() -> None:
    handed: list[Context] = []
    rule = KeyRule("ACME001", "any", "Any", Severity.NOTE, lambda _, ctx: handed.append(ctx), sides=BOTH_SIDES)
    rules: tuple[Rule, ...] = (rule,)
    for path in sorted((ROOT / "examples").rglob("*.toml")):
        engine.run(load(path.name, path.read_bytes()), rules, datetime(2026, 11, 20, tzinfo=UTC), MappingProxyType({}))

    assert handed
    assert {type(value).__name__ for value in reachable(handed) if is_changeable(value)} == {"list"}


def reachable(value: object) -> Iterator[object]:
    yield value
    if isinstance(value, Mapping):
        yield from (it for pair in value.items() for part in pair for it in reachable(part))
    elif isinstance(value, list | tuple | frozenset | set):
        yield from (it for part in value for it in reachable(part))


def is_changeable(value: object) -> bool:
    frozen = (str, int, float, bool, bytes, type(None), tuple, frozenset, MappingProxyType, Enum, datetime)
    return not isinstance(value, frozen) and type(value).__module__ != "datetime"


# The same through the console script of an environment into which packs are installed.


@pytest.fixture
def environment(installed: "Environment", tmp_path: Path) -> "Environment":
    (tmp_path / "keylint.toml").write_text(MANIFEST, encoding="utf-8")
    return installed.copy(tmp_path / "environment")


@pytest.mark.slow
def test_the_example_pack_works_when_installed(environment: "Environment", acme_wheel: Path, tmp_path: Path) -> None:
    environment.install("--no-deps", acme_wheel)

    ran = environment.keylint("check", *SELECT, cwd=tmp_path)

    assert ran.returncode == 1
    assert "warning[ACME001]: keys.second has no owner" in ran.stdout
    assert "ACME001" in environment.keylint("plugins").stdout
    page = (ACME / "acme_key_rules" / "key_without_owner.md").read_text("utf-8")
    assert environment.keylint("rule", "key-without-owner").stdout == page


@pytest.mark.slow
def test_the_example_pack_works_when_installed_for_editing(environment: "Environment", tmp_path: Path) -> None:
    sources = shutil.copytree(ACME, tmp_path / "acme")
    environment.install("--no-deps", "--editable", sources)

    ran = environment.keylint("check", *SELECT, cwd=tmp_path)

    assert ran.returncode == 1
    assert "warning[ACME001]: keys.second has no owner" in ran.stdout


@pytest.mark.slow
def test_a_broken_pack_stops_the_console_script(environment: "Environment", tmp_path: Path) -> None:
    put(environment.site_packages, "import nothing_of_that_name")

    ran = environment.keylint("check", *SELECT, "--format", "json", cwd=tmp_path)

    why = "cannot be imported: ModuleNotFoundError: No module named 'nothing_of_that_name'"
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == f"keylint: acme 1.0 {why}{ADVICE}"


@pytest.mark.slow
@pytest.mark.parametrize("body", ["raise ValueError", "raise SystemExit(0)", "import os; key.owner = os.name"])
def test_a_failing_rule_is_unknown_to_the_console_script(environment: "Environment", tmp_path: Path, body: str) -> None:
    put(environment.site_packages, of_a_check(f"print('LOUD')\n{body}"))

    ran = environment.keylint("check", "--ignore", "ACME999", *SELECT, "--format", "json", cwd=tmp_path)

    assert ran.returncode == 3
    assert [it["subject"] for it in json.loads(ran.stdout)["unknown"]] == ["keys.first", "keys.second"]
    assert "LOUD" in ran.stderr


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["refused", "hidden"])
def test_nothing_on_pythonpath_is_imported_as_a_pack(environment: "Environment", tmp_path: Path, kind: str) -> None:
    scanned = tmp_path / "scanned"
    if kind == "hidden":
        put(environment.site_packages, of_rules("[RULE]"))
        scanned.mkdir()
        (scanned / "acme_rules.py").write_text(canary(tmp_path / "canary"), encoding="utf-8")
    else:
        put(scanned, canary(tmp_path / "canary") + of_rules("[RULE]"))

    ran = environment.keylint("check", *SELECT, cwd=tmp_path, PYTHONPATH=str(scanned))

    assert (ran.returncode, ran.stdout) == (2, "")
    assert str(scanned) in ran.stderr
    assert not (tmp_path / "canary").exists()
