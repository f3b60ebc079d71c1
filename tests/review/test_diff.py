"""What a diff knows of whole manifests: who is the same under another name, what is new or gone, what came of it."""

from datetime import timedelta
from typing import Any

import pytest
import tomli
from hypothesis import given
from hypothesis import strategies as st
from strategies import MOMENT, TODAY, manifests, registry, toml

from keylint.manifest.load import load
from keylint.manifest.permissions import PERMISSION
from keylint.review.changes import Change
from keylint.review.diff import BrokenManifest, Diff, Judged, Version, diff, judged
from keylint.review.directions import NEUTRAL, WIDENING

GRID = """\
version = 1

[accounts.main]
owner = "treasury"

[accounts.sub]
master = "main"
email = "sub@example.com"

[providers.fastbot]
url = "https://fastbot.example"

[bots.grid]
account = "sub"
kind = "spot"
provider = "fastbot"
purpose = "grid"

[keys.grid]
bot = "grid"
label = "grid"
type = "ed25519"
permissions = ["read", "spot"]
ip_allowlist = ["203.0.113.20"]
created = 2026-10-01
custody = "platform"
reviewed = 2026-11-10
"""


def side(name: str, text: str) -> Judged:
    found = registry()
    return judged(Version(name), load(name, text.encode()), found.rules, MOMENT, found.names)


def difference(before: str, after: str) -> Diff:
    return diff(side("base.toml", before), side("head.toml", after), registry().names)


def told(found: Diff) -> list[str]:
    """Everything that changed, in the words of a report."""
    return [
        f"{entry.sign} {entry.subject}"
        + (f" (was {entry.was_called})" if entry.was_called else "")
        + f": {change.direction} {change.sign}{change.field} {','.join(change.before)}>{','.join(change.after)}"
        for entry in found.entries
        for change in entry.changes
    ]


def changed(text: str, *replacements: tuple[str, str]) -> str:
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new)
    return text


# Other names.


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[keys.grid]", "[keys.grid-q4]", "~ keys.grid-q4 (was keys.grid): neutral ~id grid>grid-q4"),
        ("[providers.fastbot]", "[providers.fb]", "~ providers.fb (was providers.fastbot): neutral ~id fastbot>fb"),
        ("[accounts.sub]", "[accounts.s1]", "~ accounts.s1 (was accounts.sub): neutral ~id sub>s1"),
        ("[bots.grid]", "[bots.g]", "~ bots.g (was bots.grid): neutral ~id grid>g"),
    ],
)
def test_a_renamed_table_is_one_line_whatever_refers_to_it(old: str, new: str, said: str) -> None:
    references = {
        "[providers.fastbot]": [('provider = "fastbot"', 'provider = "fb"')],
        "[accounts.sub]": [('account = "sub"', 'account = "s1"')],
        "[bots.grid]": [('bot = "grid"', 'bot = "g"')],
    }
    found = difference(GRID, changed(GRID, (old, new), *references.get(old, [])))
    assert told(found) == [said]
    assert (found.new, found.cleared) == ((), ())


def test_everything_renamed_at_once_is_four_lines() -> None:
    after = changed(GRID, ("grid]", "g]"), ('bot = "grid"', 'bot = "g"'), ("fastbot]", "f]"), ('"fastbot"', '"f"'))
    after = changed(after, ("s.sub]", "s.z]"), ('account = "sub"', 'account = "z"'))
    found = difference(GRID, after)
    assert [line.split(":")[0] for line in told(found)] == [
        "~ accounts.z (was accounts.sub)",
        "~ providers.f (was providers.fastbot)",
        "~ bots.g (was bots.grid)",
        "~ keys.g (was keys.grid)",
    ]
    assert [change.note for entry in found.entries for change in entry.changes] == [
        "the same one, by its e-mail address",
        "the same one, by what it says",
        "the same one, by what it says",
        "the same one, by its label",
    ]


PRINT = 'fingerprint = "sha256:0123456789abcdef"\n'
OTHER = 'fingerprint = "sha256:fedcba9876543210"\n'


def test_a_fingerprint_outweighs_a_name_and_a_label() -> None:
    # The old id went to a new key: the fingerprint says which is which.
    new = GRID.partition("[keys.grid]")[2]
    before = GRID + PRINT
    after = (
        changed(GRID, ("[keys.grid]", "[keys.old]"))
        + PRINT
        + "[keys.grid]"
        + new.replace('"spot"]', '"futures"]')
        + OTHER
    )
    assert told(difference(before, after)) == [
        "+ keys.grid: widening +key >read,futures",
        "~ keys.old (was keys.grid): neutral ~id grid>old",
    ]


def test_a_key_that_took_over_a_name_did_not_take_over_what_was_said_of_it() -> None:
    # `other` is gone, and `grid` bears its name now: a waiver on `keys.other` is on another key than before.
    table = "[keys.grid]" + GRID.partition("[keys.grid]")[2].replace('"grid"\ntype', '"other"\ntype')
    waiver = '[[waivers]]\nrule = "KL401"\non = "keys.other"\nreason = "why"\nby = "risk"\nuntil = 2026-12-10\n'
    before = GRID + PRINT + table.replace("[keys.grid]", "[keys.other]") + waiver
    after = changed(GRID, ("[keys.grid]", "[keys.other]")) + PRINT + waiver
    assert told(difference(before, after)) == [
        "~ keys.other (was keys.grid): neutral ~id grid>other",
        "- keys.other: neutral -key read,spot>",
        "- waivers.KL401 on keys.other: narrowing -waiver why>",
        "+ waivers.KL401 on keys.other: widening +waiver >why",
    ]


def test_a_renamed_key_is_known_by_its_fingerprint_whatever_else_changed() -> None:
    after = changed(GRID, ("[keys.grid]", "[keys.q4]"), ('label = "grid"', 'label = "x"'), ('"spot"]', '"withdraw"]'))
    assert told(difference(GRID + PRINT, after + PRINT)) == [
        "~ keys.q4 (was keys.grid): widening +permissions >withdraw",
        "~ keys.q4 (was keys.grid): narrowing -permissions spot>",
        "~ keys.q4 (was keys.grid): neutral ~id grid>q4",
        "~ keys.q4 (was keys.grid): neutral ~label grid>x",
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (GRID + PRINT, changed(GRID, ("[keys.grid]", "[keys.q4]")) + OTHER),
        (GRID, changed(GRID, ("[keys.grid]", "[keys.q4]"), ("2026-10-01", "2026-11-01"))),
        (GRID, changed(GRID, ("[keys.grid]", "[keys.q4]"), ("ed25519", "rsa"))),
        (GRID, changed(GRID, ("[keys.grid]", "[keys.q4]"), ('label = "grid"', 'label = ""'))),
    ],
    ids=["another fingerprint", "another day", "another type", "no label"],
)
def test_what_may_be_another_key_is_another_key(before: str, after: str) -> None:
    assert [line.split(" ")[:2] for line in told(difference(before, after))] == [["-", "keys.grid:"], ["+", "keys.q4:"]]


def test_a_key_without_a_label_is_known_by_all_that_it_says() -> None:
    before = changed(GRID, ('label = "grid"\n', ""))
    (entry,) = difference(before, changed(before, ("[keys.grid]", "[keys.q4]"))).entries
    assert entry.changes[0].note == "the same one, by what it says"


def test_an_account_that_says_nothing_is_known_by_nothing() -> None:
    bare = "version = 1\n[accounts.a]\n[accounts.b]\n"
    assert told(difference(bare, bare.replace("s.b]", "s.c]"))) == [
        "- accounts.b: neutral -account a master account>",
        "+ accounts.c: neutral +account >a master account",
    ]


def test_two_that_are_alike_are_not_told_apart() -> None:
    text = "version = 1\n[providers.a]\nurl='https://x.example'\n[providers.b]\nurl='https://x.example'\n"
    after = text.replace("s.a]", "s.c]").replace("s.b]", "s.d]")
    assert [entry.sign for entry in difference(text, after).entries] == ["-", "-", "+", "+"]


def test_the_account_that_nobody_wrote_down_is_the_one_that_somebody_writes_down() -> None:
    before = (
        "version = 1\n[bots.a]\nkind='spot'\n[keys.a]\nbot='a'\ntype='rsa'\npermissions=['read']\ncreated=2026-11-01\n"
    )
    after = before + "[accounts.desk]\nowner='x'\n"
    assert told(difference(before, after)) == ["+ accounts.desk: neutral +account >a master account"]
    assert told(difference(after, before)) == ["- accounts.desk: neutral -account a master account>"]


# New ones, and those that are gone.


def test_a_new_key_is_all_that_it_can_do() -> None:
    found = difference("version = 1\n", GRID)
    (key,) = found.entries[-1].changes
    assert (key.direction, key.after) == (WIDENING, ("read", "spot"))
    assert key.note == "new, active, usable from 1 address"


@pytest.mark.parametrize(
    ("old", "new", "note"),
    [
        ('ip_allowlist = ["203.0.113.20"]', "", "new, active, usable from any address"),
        ('["203.0.113.20"]', '["203.0.113.0/24", "203.0.113.5"]', "new, active, usable from 256 addresses"),
        (
            'ip_allowlist = ["203.0.113.20"]',
            'ip_third_party = "fastbot"',
            "new, active, usable from a platform's addresses",
        ),
        ("custody", 'status = "staged"\ncustody', "new, staged, usable from 1 address"),
    ],
)
def test_a_new_key_says_from_where(old: str, new: str, note: str) -> None:
    (key,) = difference("version = 1\n", changed(GRID, (old, new))).entries[-1].changes
    assert (key.direction, key.note) == (WIDENING, note)


@pytest.mark.parametrize(
    "replacement", [("custody", 'status = "disabled"\ndisabled = 2026-11-02\ncustody'), ('"read", "spot"', "")]
)
def test_a_new_key_that_can_do_nothing_is_neutral(replacement: tuple[str, str]) -> None:
    (key,) = difference("version = 1\n", changed(GRID, replacement)).entries[-1].changes
    assert key.direction is NEUTRAL


def test_a_removed_key_that_was_alive_asks_whether_it_still_is() -> None:
    after = GRID.partition("[keys.grid]")[0]
    (entry,) = difference(GRID, after).entries
    assert told(difference(GRID, after)) == ["- keys.grid: neutral -key read,spot>"]
    assert entry.changes[0].note == "was active, and is no longer declared: is it deleted at Binance?"
    disabled = GRID + 'status = "disabled"\ndisabled = 2026-11-02\n'
    assert (
        difference(disabled, after).entries[0].changes[0].note
        == "disabled before, and no longer declared: is it deleted at Binance?"
    )


NEW = """\
[keys.grid-q4]
bot = "grid"
label = "grid-q4"
type = "ed25519"
permissions = ["read", "spot"]
ip_allowlist = ["203.0.113.20"]
created = 2026-11-18
custody = "platform"
"""


def test_a_rotation_is_no_widening() -> None:
    found = difference(GRID, GRID + 'replaced_by = "grid-q4"\n' + NEW)
    assert told(found) == [
        "~ keys.grid: neutral +replaced_by >grid-q4",
        "+ keys.grid-q4: neutral +key >read,spot",
    ]
    assert found.entries[1].changes[0].note == "new, active, takes over from grid and can do no more"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"spot"]', '"spot", "futures"]', "+ keys.grid-q4: widening +permissions >futures"),
        ("113.20", "113.21", "+ keys.grid-q4: widening +ip_allowlist >203.0.113.21"),
        ("ed25519", "hmac", "+ keys.grid-q4: widening ~type ed25519>hmac"),
        ('"platform"', '"chat"', "+ keys.grid-q4: widening ~custody platform>chat"),
        ('bot = "grid"', 'account = "main"', "+ keys.grid-q4: widening +account >main"),
    ],
)
def test_a_rotation_widens_by_what_the_new_key_can_do_beyond_the_old_one(old: str, new: str, said: str) -> None:
    found = difference(GRID, GRID + 'replaced_by = "grid-q4"\n' + changed(NEW, (old, new)))
    assert said in told(found)
    assert "+ keys.grid-q4: neutral +key >" in " ".join(told(found))


@pytest.mark.parametrize(
    "before",
    [GRID.partition("[keys.grid]")[0], GRID + 'status = "disabled"\ndisabled = 2026-11-02\n'],
    ids=["new as well", "disabled"],
)
def test_there_is_no_taking_over_from_a_key_that_had_no_power(before: str) -> None:
    after = GRID + 'status = "disabled"\ndisabled = 2026-11-02\nreplaced_by = "grid-q4"\n' + NEW
    assert "+ keys.grid-q4: widening +key >read,spot" in told(difference(before, after))


def test_waivers_and_events_are_the_same_wherever_they_stand() -> None:
    waiver = '[[waivers]]\nrule = "{}"\non = "keys.grid"\nreason = "why"\nby = "risk"\nuntil = {}\n'
    event = '[[events]]\non = {}\nkind = "migration"\naffects = ["keys.grid"]\n'
    one, two = waiver.format("KL401", "2026-12-10"), waiver.format("KL402", "2026-12-01")
    first, second = event.format("2026-11-11"), event.format("2026-11-12")
    found = difference(GRID + one + two + first, GRID + two + one + second + first)
    assert told(found) == ["+ events.2026-11-12 migration: narrowing +event >keys.grid"]
    # Their positions stand in what KL951 says of them, and mean nothing.
    assert [(it.finding.code, it.finding.subject) for it in found.new if it.finding.code.startswith("KL95")] == []
    assert told(difference(GRID + one, GRID + one.replace("KL401", "rotation-overdue"))) == []


def test_a_waiver_follows_the_key_that_it_is_on() -> None:
    waiver = '[[waivers]]\nrule = "KL401"\non = "keys.{}"\nreason = "why"\nby = "risk"\nuntil = 2026-12-10\n'
    after = changed(GRID, ("[keys.grid]", "[keys.q4]")) + waiver.format("q4")
    assert [entry.subject for entry in difference(GRID + waiver.format("grid"), after).entries] == ["keys.q4"]


# Findings.


def codes(found: Any) -> list[str]:
    return [f"{it.finding.code} {it.finding.severity}{' waived' if it.waived else ''}" for it in found]


def doubts(unknown: Any) -> list[tuple[str, str, str]]:
    return [(it.code, it.subject, it.reason) for it in unknown]


def test_only_what_the_change_brings_in_or_clears_is_told() -> None:
    assert codes(difference(GRID, GRID).new) == []
    after = changed(GRID, ('"read", "spot"', '"read", "spot", "withdraw"'), ("[providers", "\n\n\n[providers"))
    found = difference(GRID, after)
    assert "KL101 error" in codes(found.new)
    assert "KL101 error" in codes(difference(after, GRID).cleared)


def test_a_finding_that_matters_more_is_a_new_one() -> None:
    before, after = (changed(GRID, ('"platform"', place)) for place in ('"env-file"', '"git"'))
    found = difference(before, after)
    assert codes(found.new) == ["KL601 error"]
    assert codes(found.cleared) == ["KL601 warning"]


def test_a_finding_that_a_waiver_took_away_is_said_to_be_there() -> None:
    before = changed(GRID, ("2026-10-01", "2026-01-01"))
    waiver = '[[waivers]]\nrule = "KL401"\non = "keys.grid"\nreason = "why"\nby = "risk"\nuntil = 2026-12-10\n'
    assert codes(difference(before, before + waiver).cleared) == ["KL401 error waived"]
    assert codes(difference(before + waiver, before).new) == ["KL401 error waived"]


def test_what_can_no_longer_be_decided_is_told() -> None:
    after = changed(GRID, ('bot = "grid"', 'bot = "gone"'))
    found = difference(GRID, after)
    assert {it.subject for it in found.new_unknown} == {"bots.grid", "keys.grid"}
    assert doubts(difference(after, GRID).cleared_unknown) == doubts(found.new_unknown)
    assert found.cleared_unknown == ()


def test_a_broken_manifest_cannot_be_compared() -> None:
    with pytest.raises(BrokenManifest, match=r"head.toml:1:11: KL001 the manifest is not valid TOML: .+"):
        difference(GRID, "version = = 1\n")
    with pytest.raises(BrokenManifest, match=r"base.toml:1:11: KL002 .+"):
        difference("version = 2\n", GRID)
    good, broken = side("a", GRID), load("b", b"version = = 1\n")
    with pytest.raises(BrokenManifest, match="only two valid manifests"):
        diff(good, good._replace(source=broken), {})


def test_entries_stand_in_one_order() -> None:
    found = difference("version = 1\n", GRID)
    assert [entry.subject for entry in found.entries] == [
        "accounts.main",
        "accounts.sub",
        "providers.fastbot",
        "bots.grid",
        "keys.grid",
    ]


# Properties.


def backwards(change: Change) -> tuple[str, str, str, int, int]:
    """What a change is when the two sides are swapped."""
    signs = {"+": "-", "-": "+", "~": "~"}
    return change.direction.opposite, signs[change.sign], change.field, len(change.after), len(change.before)


def as_is(change: Change) -> tuple[str, str, str, int, int]:
    return change.direction, change.sign, change.field, len(change.before), len(change.after)


def reversible(found: Diff) -> list[Change]:
    """All changes but of a key that is new or gone, which is the exception that the table states."""
    return [change for it in found.entries for change in it.changes if it.section != "keys" or it.sign == "~"]


@given(manifests())
def test_nothing_differs_from_itself(values: Any) -> None:
    found = difference(toml(values), toml(values))
    assert (found.entries, found.new, found.cleared, found.new_unknown, found.cleared_unknown) == ((), (), (), (), ())


@given(manifests(), manifests())
def test_swapping_the_sides_swaps_widening_and_narrowing(before: Any, after: Any) -> None:
    there, again = difference(toml(before), toml(after)), difference(toml(after), toml(before))
    assert sorted(map(backwards, reversible(there))) == sorted(map(as_is, reversible(again)))
    assert codes(there.new) == codes(again.cleared)
    assert doubts(there.new_unknown) == doubts(again.cleared_unknown)


@given(manifests(), st.sampled_from(sorted(PERMISSION)), st.data())
def test_a_permission_more_is_always_widening(values: Any, permission: str, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(values["keys"])))
    values["keys"][name]["permissions"] = [it for it in values["keys"][name]["permissions"] if it != permission]
    before = toml(values)
    values["keys"][name]["permissions"].append(permission)
    changes = [change for entry in difference(before, toml(values)).entries for change in entry.changes]
    assert (WIDENING, (permission,)) in [(change.direction, change.after) for change in changes]


@given(manifests(), st.data())
def test_a_manifest_that_accepts_more_is_always_widening(values: Any, data: st.DataObject) -> None:
    before = tomli.loads(toml(values))
    name = data.draw(st.sampled_from(sorted(values["keys"])))
    key = values["keys"][name]
    how = data.draw(st.sampled_from(["waiver", "address", "event", "limit", "open"]))
    if how == "waiver":
        until = TODAY + timedelta(days=9)
        values["waivers"] = [{"rule": "KL101", "on": f"keys.{name}", "reason": "x", "by": "y", "until": until}]
    elif how == "address":
        before["keys"][name]["ip_allowlist"] = ["203.0.113.20"]
        key["ip_allowlist"] = ["203.0.113.20", "192.0.2.9"]
    elif how == "event":
        before["events"] = [*before.get("events", []), {"on": TODAY, "kind": "migration", "affects": [f"keys.{name}"]}]
    elif how == "limit":
        before["policy"] = {"rotation": {"limit_days": 100}}
        values["policy"] = {"rotation": {"limit_days": 101}}
    else:
        before["keys"][name]["ip_allowlist"] = ["203.0.113.20"]
        for table in (before["keys"][name], key):
            table.pop("ip_third_party", None)
        key.pop("ip_allowlist", None)
    assert difference(toml(before), toml(values)).count(WIDENING) > 0


@given(manifests(), st.randoms(use_true_random=False))
def test_the_order_of_tables_and_lists_means_nothing(values: Any, random: Any) -> None:
    def shuffled(value: Any) -> Any:
        if isinstance(value, dict):
            items = [(name, shuffled(each)) for name, each in value.items()]
            random.shuffle(items)
            return dict(items)
        if isinstance(value, list):
            return random.sample(value, len(value))
        return value

    assert difference(toml(values), toml(shuffled(values))).entries == ()
