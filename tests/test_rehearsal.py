"""Live blocks: what a page says that Binance answers is what the rule is handed."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from keylint import testing
from keylint.api import (
    BOTH_SIDES,
    Context,
    Finding,
    Key,
    KeyRule,
    LiveAccount,
    LiveAccountRule,
    LiveKey,
    LiveKeyRule,
    Outcome,
    Severity,
)
from keylint.api import Account as DeclaredAccount
from keylint.evidence.model import OBSERVED, SANDBOX
from keylint.manifest.load import load
from keylint.rehearsal import declared, rehearse
from keylint.sandbox.state import BadState

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DESK = """\
version = 1
[accounts.main]
[accounts.grid]
master = "main"
email = "grid@example.com"
[bots.grid]
account = "grid"
kind = "spot"
[keys.grid]
bot = "grid"
label = "grid-spot"
type = "hmac"
permissions = ["read", "spot"]
ip_allowlist = ["203.0.113.20"]
created = 2026-11-01
[keys.old]
bot = "grid"
type = "rsa"
permissions = ["read", "spot"]
ip_third_party = "fastbot"
created = 2026-08-01
status = "disabled"
disabled = 2026-11-01
[keys.inventory]
role = "inventory"
account = "main"
type = "ed25519"
permissions = ["read"]
created = 2026-11-01
"""


def can_withdraw(key: Key, _ctx: Context) -> Finding | None:
    return Finding(key.at("permissions", "withdraw"), "can withdraw", "") if "withdraw" in key.permissions else None


BOTH = KeyRule("TST101", "withdraws", "It withdraws", Severity.ERROR, can_withdraw, sides=BOTH_SIDES)
KEY = '[bots.a]\nkind = "spot"\n[keys.grid]\nbot = "a"\n'


def test_all_is_live_as_it_is_declared_unless_a_block_says_otherwise() -> None:
    manifest = load("keylint.toml", DESK.encode()).manifest
    assert manifest is not None
    evidence = rehearse(manifest, "", NOW)

    assert evidence.source == SANDBOX
    assert (evidence.started, evidence.finished) == (NOW, NOW)
    assert [(look.key, look.outcome, look.type) for look in evidence.keys] == [
        ("grid", OBSERVED, "hmac"),
        ("old", OBSERVED, "rsa"),
        ("inventory", OBSERVED, "ed25519"),
    ]
    grid, old, inventory = (look.facts for look in evidence.keys)
    assert grid is not None
    assert old is not None
    assert inventory is not None
    assert {name for name, value in grid.flags.items() if value} == {"enableReading", "enableSpotAndMarginTrading"}
    assert {name for name, value in old.flags.items() if value} == {"enableReading"}
    assert (grid.ip_restricted, old.ip_restricted, inventory.ip_restricted) == (True, True, False)
    assert {look.outcome for look in evidence.accounts} == {OBSERVED}
    assert declared(manifest)["accounts"] == {"main": {}, "grid": {"master": "main", "email": "grid@example.com"}}


def test_a_block_is_laid_over_what_is_declared() -> None:
    assert testing.judge(BOTH, KEY, live="") == ""
    assert testing.judge(BOTH, KEY, live='[keys.grid]\npermissions = ["read", "withdraw"]\n') == (
        "keylint.toml:3:2: TST101 keys.grid can withdraw (live); live: enableWithdrawals = true "
        "(the sandbox, 2026-11-20 12:00 UTC)\n"
    )


def test_without_a_block_nothing_live_is_judged() -> None:
    def beyond(_declared: Key, _live: LiveKey, _ctx: Context) -> Outcome:
        raise AssertionError

    assert testing.judge(LiveKeyRule("TST102", "beyond", "Beyond", Severity.ERROR, beyond), KEY) == ""


def test_a_fault_in_a_block_is_a_fault_of_the_answer() -> None:
    live = '[[misbehaviour]]\nkey = "grid"\nstatus = 401\njson = { code = -2015, msg = "no" }\n'
    printed = testing.judge(BOTH, KEY, live=live)

    assert printed.startswith("keylint.toml: TST101 unknown for keys.grid: api.binance.com says")
    assert "(-2015)" in printed


def test_activity_is_looked_at_and_accounts_have_it() -> None:
    def holds(account: DeclaredAccount, live: LiveAccount, _ctx: Context) -> Finding | None:
        found = live.positions
        return Finding(account.at("manual"), f"holds {', '.join(found)}", "") if found else None

    rule = LiveAccountRule("TST103", "holds", "It holds", Severity.WARNING, holds)
    position = '[[accounts.main.positions]]\nsymbol = "BTCUSDT"\namount = "0.5"\n'
    live = f'[keys.grid]\npermissions = ["read", "futures"]\n{position}'

    assert "accounts.main holds BTCUSDT" in testing.judge(rule, KEY, live=live)


def test_a_block_that_is_no_state_says_where_it_is_wrong() -> None:
    with pytest.raises(BadState, match="permissions"):
        testing.judge(BOTH, KEY, live='[keys.grid]\npermissions = ["fly"]\n')


PAGE = """\
# withdraws (TST101)

It withdraws.

## Bad

```toml
[keys.grid]
permissions = ["read", "withdraw"]
```
```text
keylint.toml:2:24: TST101 keys.grid can withdraw (declared)
```

## Bad: declared well, but live

```toml
[keys.grid]
```
```toml live
[keys.grid]
permissions = ["read", "withdraw"]
```
```text
keylint.toml:1:2: TST101 keys.grid can withdraw (live); live: enableWithdrawals = true (SEEN)
```

## Good

```toml
[keys.grid]
```
```toml live
# as declared
```

```toml
[keys.other]
```
""".replace("SEEN", "the sandbox, 2026-11-20 12:00 UTC")


def page(tmp_path: Path, text: str) -> testing.Page:
    path = tmp_path / "withdraws.md"
    path.write_text(text, encoding="utf-8")
    return testing.read(path)


def test_the_blocks_of_a_page_know_which_of_them_is_live(tmp_path: Path) -> None:
    found = page(tmp_path, PAGE)

    assert [(block.title, block.live) for block in found.blocks] == [
        ("Bad", None),
        ("Bad: declared well, but live", '[keys.grid]\npermissions = ["read", "withdraw"]\n'),
        ("Good", "# as declared\n"),
        ("Good", None),
    ]
    assert testing.problems(BOTH, found) == []


def test_a_live_block_that_prints_something_else_is_a_mismatch(tmp_path: Path) -> None:
    (problem,) = testing.problems(BOTH, page(tmp_path, PAGE.replace("12:00 UTC", "13:00 UTC")))

    assert problem.startswith("withdraws.md:17: ## Bad: declared well, but live")


def test_a_good_block_must_be_good_live_too(tmp_path: Path) -> None:
    bad = PAGE.replace("# as declared", '[keys.grid]\npermissions = ["read", "withdraw"]')

    assert len(testing.problems(BOTH, page(tmp_path, bad))) == 1


def test_a_bad_block_without_its_text_is_said(tmp_path: Path) -> None:
    cut = PAGE[: PAGE.index("```text\nkeylint.toml:1:2")] + PAGE[PAGE.index("## Good") :]

    with pytest.raises(testing.PageError, match="has no text block after it"):
        page(tmp_path, cut)
