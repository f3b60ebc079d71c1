"""The manifest's schema is one that JSON Schema and the editors' tools understand, and that says what it means."""

import json
import shutil
import subprocess
import sysconfig
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import tomli
from jsonschema import Draft7Validator

from keylint.manifest.screen import screen

SCHEMA_FILE = Path(str(files("keylint.schemas").joinpath("manifest.schema.json")))
SCHEMA = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
EXAMPLES = [
    path
    for path in sorted(Path(__file__).parent.with_name("examples").rglob("*.toml"))
    if path.read_text(encoding="utf-8").partition("\n")[0].endswith("manifest.schema.json")
]  # what is broken on purpose names no schema

EVERY_FIELD = """
version = 1

[policy]
rotation = { max_age_days = 90, limit_days = 180, warn_days = 14, overlap_days = 7, delete_after_days = 7 }
review = { max_age_days = 31 }
attestation = { max_age_days = 180 }
evidence = { max_age_hours = 24 }
network = { max_addresses = 30 }
waiver = { max_days = 180 }
two_factor = { accept = ["passkey", "security-key", "authenticator"] }

[accounts.main]
exchange = "binance"
owner = "treasury"
two_factor = { methods = [], attested = 2026-10-01, by = "alice" }
withdrawal_allowlist = { enabled = true, attested = 2026-10-01, by = "alice" }
admin_ips = ["192.0.2.1", "2001:db8::/64", "::ffff:192.0.2.0/120"]
manual = ["futures"]

[accounts.grid]
master = "main"
email = "grid@example.com"

[providers.fastbot]
url = "https://fastbot.example"
egress_ips = ["198.51.100.0/28"]
asks_for = ["read", "spot"]
rejects_withdrawals = true
changelog = "https://fastbot.example/releases"
storage = "encrypted at rest, documented"
reviewed = 2026-09-20

[bots.spot-dca]
account = "main"
kind = "spot"
provider = "fastbot"
purpose = "buys BTC weekly"
owner = "alice"
status = "paused"
order_prefix = "dca-"

[bots.grid]
account = "grid"
kind = ["spot", "futures"]
needs = ["universal-transfer"]
because = "moves margin between spot and futures wallets"
egress_ips = []
static_ip = false

[keys.spot-dca-2026q4]
bot = "spot-dca"
account = "main"
label = ""
type = "ed25519"
permissions = []
ip_allowlist = []
ip_third_party = "fastbot"
created = 2026-11-14
status = "active"
reviewed = 2026-11-15
custody = "platform"
holders = ["alice", "fastbot"]
fingerprint = "sha256:0123456789abcdef"
owner = "alice"

[keys.spot-dca-2026q3]
bots = ["spot-dca", "grid"]
type = "hmac"
permissions = ["read"]
created = 2026-08-16
status = "disabled"
disabled = 2026-11-16
replaced_by = "spot-dca-2026q4"

[keys.inventory]
role = "inventory"
type = "rsa"
permissions = ["read"]
created = 2026-10-20

[keys.next]
type = "rsa"
permissions = ["read"]
created = 2026-10-20
status = "staged"

[[events]]
on = 2026-09-28
kind = "team-change"
affects = ["providers.fastbot", "keys.inventory"]

[[waivers]]
rule = "rotation-due"
on = "keys.inventory"
reason = "rotated with the server move on 2026-12-05"
by = "risk"
until = 2026-12-10

[[waivers]]
rule = "KL101"
on = "manifest"
reason = "a reason"
by = "risk"
until = 2026-12-10
"""


def subschemas(schema: Any, path: str = "#") -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(schema, dict):
        yield path, schema
    if isinstance(schema, dict | list):
        inner = schema.items() if isinstance(schema, dict) else enumerate(schema)
        for key, each in inner:
            yield from subschemas(each, f"{path}/{key}")


ALL = dict(subschemas(SCHEMA))


def test_is_a_valid_schema_of_draft_7() -> None:
    assert SCHEMA["$schema"] == "http://json-schema.org/draft-07/schema#"
    Draft7Validator.check_schema(SCHEMA)


def test_every_field_is_described() -> None:
    fields = {
        f"{path}/{name}": field
        for path, schema in ALL.items()
        if schema.get("type") == "object"
        for name, field in schema.get("properties", {}).items()
    }
    assert len(fields) > 60
    undescribed = [
        path
        for path, field in fields.items()
        if not {**field, **ALL.get(field.get("$ref", ""), {})}.get("description", "").endswith((".", ")"))
    ]
    assert undescribed == []


def test_every_table_has_a_title_that_messages_can_use() -> None:
    tables = {path: schema for path, schema in ALL.items() if schema.get("type") == "object" and "properties" in schema}
    assert [path for path, schema in tables.items() if not schema.get("title")] == []


def test_what_has_no_sentence_of_its_own_brings_one() -> None:
    brings = {path for path, schema in ALL.items() if "x-message" in schema}
    patterns = {path for path, schema in ALL.items() if isinstance(schema.get("pattern"), str)}
    together = {path for path in ALL if path.rpartition("/")[0].endswith("/allOf")}
    assert (patterns | together) - brings == set()


def test_no_list_is_asked_to_hold_different_things() -> None:
    # `uniqueItems` compares each with each: quadratic.
    assert [path for path, schema in ALL.items() if "uniqueItems" in schema] == []


def test_every_field_at_once_is_a_manifest() -> None:
    document = tomli.loads(EVERY_FIELD)
    assert screen(document) == ()
    for name, definition in SCHEMA["definitions"].items():
        tables = [*document.get(f"{name}s", {}).values()] if name in ("account", "provider", "bot", "key") else []
        tables += document.get(f"{name}s", []) if name in ("event", "waiver") else []
        if tables:
            assert {*definition["properties"]} == {field for table in tables for field in table}


# What people see in their editor.


def taplo(manifest: Path) -> tuple[int, str]:
    return run("taplo", "check", "--schema", SCHEMA_FILE.as_uri(), str(manifest))


def tombi(manifest: Path) -> tuple[int, str]:
    return run("tombi", "lint", "--offline", "--error-on-warnings", str(manifest))


def run(tool: str, *arguments: str) -> tuple[int, str]:
    program = shutil.which(tool, path=sysconfig.get_path("scripts")) or shutil.which(tool)
    assert program is not None, f"{tool} comes with the test dependencies"
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False, encoding="utf-8")
    return done.returncode, done.stdout + done.stderr


def written(folder: Path, text: str) -> Path:
    manifest = folder / "keylint.toml"
    manifest.write_text(f"#:schema {SCHEMA_FILE.as_uri()}\n{text}", encoding="utf-8")
    return manifest


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_the_screen_accepts_the_examples(example: Path) -> None:
    assert screen(tomli.loads(example.read_text(encoding="utf-8"))) == ()


@pytest.mark.parametrize("editor", [taplo, tombi])
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_editors_accept_the_examples(editor: Any, example: Path, tmp_path: Path) -> None:
    code, printed = editor(written(tmp_path, example.read_text(encoding="utf-8")))
    assert code == 0, printed


@pytest.mark.parametrize("editor", [taplo, tombi])
def test_editors_accept_every_field(editor: Any, tmp_path: Path) -> None:
    code, printed = editor(written(tmp_path, EVERY_FIELD))
    assert code == 0, printed


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ('custody = "platform"', 'custdy = "platform"'),
        ('type = "hmac"', 'type = "hmacs"'),
        ('type = "hmac"', "type = 3"),
        ('type = "hmac"\n', ""),
        ('kind = "spot"', 'kind = "sopt"'),
        ('kind = ["spot", "futures"]', 'kind = ["spot", "future"]'),
        ('kind = ["spot", "futures"]', "kind = []"),
        ('provider = "fastbot"', 'provider = "Fast Bot"'),
        ("static_ip = false", 'static_ip = "no"'),
        ("warn_days = 14", "warn_days = -1"),
        ("warn_days = 14", "warn_days = true"),
        ('egress_ips = ["198.51.100.0/28"]', 'egress_ips = ["198.51.100.0/255.255.255.240"]'),
        ("created = 2026-11-14", "created = 2026-11-14T00:00:00Z"),
        ('bot = "spot-dca"\naccount', 'bot = "spot-dca"\nbots = ["grid"]\naccount'),
        ("disabled = 2026-11-16\n", ""),
        ('status = "disabled"\n', ""),
        ("[keys.next]", "[keys.Next]"),
        ("[keys.next]", "[kyes.next]"),
        ("version = 1", ""),
    ],
)
@pytest.mark.parametrize("editor", [taplo, tombi])
def test_editors_refuse_what_the_screen_refuses(editor: Any, good: str, bad: str, tmp_path: Path) -> None:
    text = EVERY_FIELD.replace(good, bad, 1)
    assert text != EVERY_FIELD
    assert screen(tomli.loads(text)) != ()
    assert editor(written(tmp_path, text))[0] != 0


def test_tombi_knows_a_date_from_a_string(tmp_path: Path) -> None:
    # taplo does not: it reads TOML as JSON, in which a date is a string.
    manifest = written(tmp_path, EVERY_FIELD.replace("created = 2026-11-14", 'created = "2026-11-14"'))
    assert tombi(manifest)[0] != 0
