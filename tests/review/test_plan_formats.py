"""A plan as people read it, in a terminal and in a pull request, and as a file that can be shown again."""

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from importlib import import_module
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator
from review.planning import NOW, plan_of

from keylint.evidence.json_file import MAX_BYTES
from keylint.evidence.known import Looked
from keylint.report import Style
from keylint.review import plan_file, plan_markdown, plan_reading, plan_text
from keylint.review.planned import Change, Entry, Plan, Rotation, Unknown

SCHEMA = Draft7Validator(json.loads(import_module("keylint.schemas").text("plan")))
SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"  # noqa: S105 - of Binance's documentation
MANIFEST = """
[accounts.main]
[accounts.grid]
master = "main"
email = "grid@example.com"
[bots.dca]
account = "main"
[keys.inventory]
role = "inventory"
account = "main"
[keys.dca]
bot = "dca"
label = "dca-1"
permissions = ["read", "spot"]
created = 2026-11-01
replaced_by = "dca-2"
[keys.dca-2]
bot = "dca"
label = "dca-2"
permissions = ["read", "spot"]
ip_allowlist = ["203.0.113.20"]
status = "staged"
[keys.grid]
account = "grid"
label = "grid"
permissions = ["read", "futures"]
ip_allowlist = ["203.0.113.20"]
created = 2026-11-01
"""
LIVE = """
[keys.dca]
permissions = ["read", "withdraw"]
[keys.grid]
ip_list = ["203.0.113.20", "192.0.2.99"]
[keys.trial]
account = "grid"
label = "trial"
permissions = ["read", "futures"]
created = 2026-11-01
[[misbehaviour]]
key = "grid"
status = 401
json = { code = -2015, msg = "Invalid API-key, IP, or permissions for action." }
"""


def example() -> Plan:
    return plan_of(MANIFEST, LIVE, without=("dca-2",))


def change(**other: Any) -> Change:
    fields = {
        "sign": "~",
        "field": "label",
        "items": (),
        "live": '"a"',
        "declared": '"b"',
        "risk": "low",
        "cause": "drift",
        "step": "label it",
    }
    return Change(**{**fields, **other})


def plan_with(
    entries: tuple[Entry, ...] = (), unknown: tuple[Unknown, ...] = (), remarks: tuple[str, ...] = (), **other: Any
) -> Plan:
    found = Plan("keylint.toml", NOW, (Looked("", "binance", NOW, NOW),), 9_999, 9, entries, (), unknown, remarks)
    return found._replace(**other)


def entry(number: int = 1, **other: Any) -> Entry:
    return Entry(f"keys.k{number}", "", "", "accounts.main", NOW, (change(**other),))


# -- In a terminal -----------------------------------------------------------------------------------------------------

EIGHTY = """\
keylint.toml: the sandbox told of 3 of 4 keys (2026-11-20 12:00 UTC)
+ to add at Binance, - to take away, ~ to change, ? not known; keylint changes
nothing itself

~ keys.dca "dca-1" on accounts.main
    - permission withdraw (critical risk, drift)
      step: untick "Enable Withdrawals" in API Management, Edit restrictions: no
        bot that trades needs it; find out who ticked it
    + permission spot (medium risk, drift)
      step: tick "Enable Spot & Margin Trading" in API Management, Edit
        restrictions; if the bot works without it, take "spot" out of
        permissions

+ keys.dca-2 "dca-2" on accounts.main
    + key: not there yet → read, spot (medium risk, intent)
      step: create it in API Management (self-generated, an Ed25519 public key):
        label "dca-2"; tick "Enable Reading", "Enable Spot & Margin Trading";
        trusted IPs: 203.0.113.20; then write its fingerprint here (`keylint
        fingerprint dca-2`)

~ keys.grid "grid" on accounts.grid
    - trusted IP 192.0.2.99 (medium risk, drift)
      step: take 192.0.2.99 out of the trusted IPs in API Management, Edit
        restrictions; find out who changed the list

- accounts.grid: a key that is not in the manifest, "trial",
    FINGERPRINT
    - key: futures → not in the manifest (medium risk, drift)
      step: ask who uses it, and delete it in API Management of accounts.grid;
        if it is needed, declare it with fingerprint = "FINGERPRINT"

Rotations
  keys.dca → keys.dca-2
    [create] → move the bot → test → disable → wait → delete
    step: create keys.dca-2, as above
    next: move the bot, as soon as that is done

Not known
  ? keys.grid (read, portfolio-margin, fix-trade, internal-transfer, withdraw):
      the list of its account's keys does not say whether it has read;
      api.binance.com says “Invalid API-key, IP, or permissions for action”, and
      not which: is this host's address on the key's list, is the key still
      there, may it read (-2015)
  ? keys.grid (when it was created): the list of its account's keys does not say
      when it was created; api.binance.com says “Invalid API-key, IP, or
      permissions for action”, and not which: is this host's address on the
      key's list, is the key still there, may it read (-2015)

Plan: 1 to create, 2 to change, 1 to delete; 3 drifted; 1 unknown
"""


def nameless(text: str) -> str:
    """A text without the fingerprint that the sandbox made, and with lines where they would be without it."""
    return re.sub("sha256:[0-9a-f]{16}", "FINGERPRINT", text)


def test_a_plan_of_eighty_columns() -> None:
    assert nameless(plan_text.render(example(), Style())) == EIGHTY


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    lines = plan_text.render(example(), Style(width=width)).splitlines()
    words = [line for line in lines[:-1] if len(line) > width and " " in line.strip()]
    assert words == []


def test_words_are_the_same_in_every_width() -> None:
    narrow, wide = (plan_text.render(example(), Style(width=width)).split() for width in (50, 120))
    assert narrow == wide


def test_colours_change_no_word() -> None:
    colored = plan_text.render(example(), Style(color=True))
    assert "\x1b[1;31m-\x1b[0m" in colored
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == plan_text.render(example(), Style())


def test_when_each_was_seen_is_said_where_there_were_several_looks() -> None:
    looks = tuple(Looked(f"host-{it}.json", "sandbox", NOW, NOW) for it in "ab")
    text = plan_text.render(plan_with((entry(),), looked_at=looks), Style(width=120))
    assert "~ keys.k1 on accounts.main, seen 2026-11-20 12:00 UTC" in text
    assert "(host-a.json, 2026-11-20 12:00 UTC; host-b.json, 2026-11-20 12:00 UTC)" in text
    both = (looks[0], looks[1]._replace(source="binance"))
    assert "Binance and the sandbox told of 9 of 9999 keys" in plan_text.render(plan_with(looked_at=both), Style())


def test_nothing_at_all_was_looked_at() -> None:
    text = plan_text.render(plan_with(looked_at=(), declared=1, answered=0), Style())
    assert text.startswith("keylint.toml: Binance told of 0 of 1 key\n")


def test_what_is_not_known_is_never_no_changes() -> None:
    unknown = Unknown("keys.a", "", "rejected", "keys.a was not looked at")
    for found in (plan_with(unknown=(unknown,)), plan_with((entry(),))):
        for render in (plan_text.render, plan_markdown.render):
            assert "No changes" not in render(found, Style())
    assert "No changes" in plan_text.render(plan_with(), Style())
    assert "No changes" in plan_markdown.render(plan_with(), Style())


def test_an_entry_without_label_and_account() -> None:
    text = plan_text.render(plan_with((entry()._replace(account=""),)), Style())
    assert "\n~ keys.k1\n" in text
    nobody = entry()._replace(subject="accounts.grid", fingerprint="sha256:0123456789abcdef")
    assert "without a label, sha256:0123456789abcdef" in plan_text.render(plan_with((nobody,)), Style(width=120))


def test_a_message_names_its_subject_once() -> None:
    whys = [
        Unknown("keys.a", "", "r", "keys.a was not looked at"),
        Unknown("keys.a", "", "r", "keys.a: refused"),
        Unknown("keys.a", "", "r", "no key could ask"),
        Unknown("keys.a", "its label", "r", "keys.a: not told"),
        Unknown("keys.a", "its label", "r", "keys.a was not told"),
        Unknown("keys.a", "its label", "r", "no key could ask"),
        Unknown("keys.a", "", "r", "keys.ab: refused"),
    ]
    assert [plan_text.why(it) for it in whys] == [
        "keys.a was not looked at",
        "keys.a: refused",
        "keys.a: no key could ask",
        "keys.a (its label): not told",
        "keys.a was not told",
        "keys.a (its label): no key could ask",
        "keys.a: keys.ab: refused",
    ]


def test_nothing_that_acts_on_a_terminal_or_a_runner_gets_through() -> None:
    label = f"\x1b[31mred\u202e ::error::x ##[error]y {SECRET}"
    found = plan_with(
        (entry(live=label, declared=label, step=f"::error::{label}")._replace(label=label),),
        (Unknown("keys.a", label, "r", label),),
        (f"::error::{label}",),
        manifest=label,
    )
    for render in (plan_text.render, plan_markdown.render, plan_file.render):
        text = render(found, Style())
        assert not {"\x1b", "\u202e"} & set(text)
        assert SECRET not in text
        assert "##[" not in text
        assert not re.search(r"^\s*::error", text, re.MULTILINE)


# -- In a pull request -------------------------------------------------------------------------------------------------


def test_the_comment_of_a_plan() -> None:
    lines = nameless(plan_markdown.render(example(), Style())).splitlines()

    assert lines[0] == "### keylint Plan: 1 to create, 2 to change, 1 to delete; 3 drifted; 1 unknown"
    assert [line for line in lines if line.startswith("####")] == ["#### Changes", "#### Rotations", "#### Not known"]
    assert sum(line.startswith(("| `-`", "| `+`")) for line in lines) == 5
    assert any("keys.dca → keys.dca-2" in line for line in lines)


def test_every_row_has_the_cells_of_its_table() -> None:
    label = "a|b `c` <script> @alice #1 [x](http://y) *z* \\| \n| d"
    text = plan_markdown.render(plan_with((entry(live=label)._replace(label=label),), remarks=(label,)), Style())

    assert "<script>" not in text
    assert "@alice" not in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert [len(re.findall(r"(?<!\\)\|", row)) for row in rows] == [6, 6, 6, 2, 2, 2]


def test_a_comment_is_bounded_and_keeps_what_is_not_known() -> None:
    entries = tuple(entry(number, step="do " + "it " * 300) for number in range(1_000))
    unknown = (Unknown("keys.last", "", "rejected", "keys.last is not known"),)
    text = plan_markdown.render(plan_with(entries, unknown), Style())

    assert len(text) < 65_536
    assert "keys.last is not known" in text
    assert re.search(r"^[0-9]+ rows did not fit; `keylint plan` shows them all\.$", text, re.MULTILINE)


def test_one_cell_is_bounded() -> None:
    text = plan_markdown.render(plan_with((entry(step="x" * 50_000),)), Style())
    assert "did not fit" not in text
    assert len(text) < 10_000


# -- In a file ---------------------------------------------------------------------------------------------------------


def document(found: Plan | None = None) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(plan_file.dump(found or example()))
    return loaded


def again(read: dict[str, Any]) -> Plan:
    return plan_reading.load("plan.json", json.dumps(read).encode())


def test_a_plan_comes_back_as_it_was() -> None:
    assert again(document()) == example()
    assert plan_reading.load("plan.json", b"\xef\xbb\xbf" + plan_file.dump(example()).encode()) == example()


@pytest.mark.parametrize("found", [example(), plan_with(), plan_with((entry(),), (Unknown("keys.a", "", "r", "m"),))])
def test_a_plan_is_as_its_schema_says(found: Plan) -> None:
    Draft7Validator.check_schema(SCHEMA.schema)
    assert [error.message for error in SCHEMA.iter_errors(document(found))] == []


texts = st.text(max_size=80)
days = st.none() | st.dates()


@given(
    st.lists(st.builds(Unknown, st.just("keys.a"), texts, texts, texts.filter(bool)), max_size=3),
    st.lists(texts, max_size=3),
    texts,
    days,
    st.booleans(),
)
def test_whatever_a_plan_says_can_be_read_again(
    unknown: list[Unknown], remarks: list[str], label: str, day: date | None, due: bool
) -> None:
    rotation = Rotation("keys.a", "keys.b", "test", day, "disable", day, due, not due, label)
    found = plan_with(
        (entry(live=label, step=label + ".")._replace(label=label),),
        tuple(unknown),
        tuple(remarks),
        rotations=(rotation,),
        manifest=label,
    )
    read = document(found)
    assert [error.message for error in SCHEMA.iter_errors(read)] == []
    once = again(read)
    assert once.counts == found.counts
    assert plan_file.dump(once) == plan_file.dump(found)


def test_what_is_too_long_for_a_file_is_cut_and_what_looks_like_a_secret_as_it_is_written_is_left_out() -> None:
    found = again(document(plan_with((entry(step="x " * 5_000),), remarks=(f"é{SECRET[:59]}",))))
    assert len(found.entries[0].changes[0].step) == 2_000
    assert SECRET[:50] not in json.dumps(document(found))


Edit = Callable[[dict[str, Any]], Any]


def put(path: str, value: object) -> Edit:
    """Set a value, as in `changes.0.action`."""

    def edit(read: dict[str, Any]) -> None:
        *way, last = (int(part) if part.isdigit() else part for part in path.split("."))
        at: Any = read
        for part in way:
            at = at[part]
        at[last] = value

    return edit


def drop(path: str) -> Edit:
    def edit(read: dict[str, Any]) -> None:
        *way, last = (int(part) if part.isdigit() else part for part in path.split("."))
        at: Any = read
        for part in way:
            at = at[part]
        del at[last]

    return edit


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (put("summary.create", 0), "summary.create is 0, and what stands below it adds up to 1"),
        (put("summary.unknown", 0), "summary.unknown is 0, and what stands below it adds up to 1"),
        (drop("changes.0"), "summary.change is 2, and what stands below it adds up to 1"),
        (put("unknown", []), "summary.unknown is 1, and what stands below it adds up to 0"),
        (put("rotations.0.due", True), "summary.due is 0, and what stands below it adds up to 1"),
        (put("changes.0.action", "delete"), "changes[0].action is delete, and its changes make it change"),
        (put("changes.0.action", "destroy"), "changes[0].action is none of create, change, delete"),
        (put("changes.0.changes", []), "changes[0].changes is empty"),
        (put("changes.0.subject", "bots.dca"), "changes[0].subject is neither a key nor an account"),
        (put("changes.0.subject", "accounts.main"), "changes[0].fingerprint goes with a key that is not in the"),
        (put("changes.1.subject", "keys.dca"), "changes[1] speaks of the same key as an earlier one"),
        (put("changes.0.fingerprint", "sha256:0"), "changes[0].fingerprint is no fingerprint such as"),
        (put("changes.3.fingerprint", None), "changes[3].fingerprint goes with a key that is not in the manifest"),
        (put("changes.0.account", "keys.a"), "changes[0].account is no account such as accounts.main"),
        (put("changes.0.observed_at", "yesterday"), "changes[0].observed_at is no time such as"),
        (put("changes.0.changes.0.sign", "~"), "changes[0].changes[0].sign does not go with its field"),
        (put("changes.0.changes.0.field", "name"), "changes[0].changes[0].field is none of key, permissions"),
        (put("changes.0.changes.0.risk", "low"), "changes[0].changes[0].risk is not that of its permission"),
        (put("changes.0.changes.0.items", []), "changes[0].changes[0].items names no permission"),
        (put("changes.0.changes.0.items", ["two words"]), "changes[0].changes[0].items names no permission"),
        (put("changes.0.changes.0.step", ""), "changes[0].changes[0].step is empty"),
        (put("changes.0.changes.0.cause", "whim"), "changes[0].changes[0].cause is none of drift, intent"),
        (put("changes.1.changes.0.items", ["x"]), "changes[1].changes[0].items goes with permissions and addresses"),
        (put("changes.2.changes.0.items", ["1.2.3"]), "changes[2].changes[0].items[0] is no address or network"),
        (put("changes.2.changes.0.items", []), "changes[2].changes[0].items names no address"),
        (put("rotations.0.next", "test"), "rotations[0].next is not the step after create"),
        (put("rotations.0.next", None), "rotations[0].next is not the step after create"),
        (put("rotations.0.step", "sleep"), "rotations[0].step is none of create, move the bot"),
        (put("rotations.0.old", "bots.dca"), "rotations[0].old is no key such as keys.grid"),
        (put("rotations.0.by", "20261120"), "rotations[0].by is no day such as 2026-11-20"),
        (put("rotations.0.by", "2026-02-30"), "rotations[0].by is no day"),
        (put("unknown.0.message", ""), "unknown[0].message is empty"),
        (put("unknown.0.subject", 1), "unknown[0].subject is neither a key nor an account"),
        (put("keys.answered", 5), "keys.answered is 5, and there are 4 keys"),
        (put("keys", {"declared": 1, "answered": 1}), "changes speaks of 3 keys, and keys.declared is 1"),
        (put("note", "mine"), "has a field that keylint does not write"),
        (put("changes.0.note", "mine"), "changes[0] has a field that keylint does not write"),
        (put("changes.0.changes.0.note", "mine"), "changes[0].changes[0] has a field that keylint does not write"),
        (put("rotations.0.note", "mine"), "rotations[0] has a field that keylint does not write"),
        (drop("remarks"), "remarks is missing"),
        (drop("summary.due"), "summary.due is missing"),
        (put("tool.name", "other"), "tool.name is none of keylint"),
        (put("version", 0), "has version 0 of the format, which keylint never wrote"),
        (put("version", 1.0), "version is no whole number"),
        (put("as_of", "2026-11-20"), "as_of is no time such as"),
        (put("looked_at.0.source", "rumour"), "looked_at[0].source is none of binance, sandbox"),
        (put("manifest", ["x"]), "manifest is no string"),
        (put("manifest", "x" * 2_001), "manifest is longer than 2,000 characters"),
        (put("remarks", "x"), "remarks is no list"),
    ],
)
def test_a_plan_that_was_edited_by_hand_is_refused(edit: Edit, said: str) -> None:
    read = document()
    edit(read)
    with pytest.raises(plan_reading.BadPlan) as caught:
        again(read)
    assert str(caught.value).startswith(f"plan.json: {said}")
    assert str(caught.value).endswith("; write it anew with `keylint plan --out`")


def test_a_second_rotation_of_one_key_is_refused() -> None:
    read = document()
    read["rotations"] *= 2
    with pytest.raises(plan_reading.BadPlan, match=r"rotations\[1\] speaks of the same key as an earlier one"):
        again(read)


def test_an_undeclared_key_can_only_be_deleted() -> None:
    read = document()
    read["changes"][3]["changes"][0] |= {"sign": "+"}
    read["changes"][3]["action"] = "create"
    with pytest.raises(plan_reading.BadPlan, match="a key that is not in the manifest is deleted"):
        again(read)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is not JSON (line 1, column 1)"),
        (b"{", "is not JSON (line 1, column 2)"),
        (b"[]", "is no object"),
        (b'"plan"', "is no object"),
        (b"\xff", "is not UTF-8"),
        (b'{"version": NaN}', "holds what is no number in JSON"),
        (b'{"version": 1, "version": 1}', "names one field twice"),
        (b"1" * 5_000, "holds a number that is out of range"),
        (b"[" * 100_000, "nests deeper than any plan"),
        (b" " * (MAX_BYTES + 1), "is larger than 16 MiB"),
    ],
)
def test_what_is_no_plan_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(plan_reading.BadPlan) as caught:
        plan_reading.load("plan.json", data)
    assert str(caught.value) == f"plan.json: {said}; write it anew with `keylint plan --out`"
    assert not plan_reading.is_plan(data)


def test_a_plan_of_a_newer_keylint_says_what_to_do() -> None:
    read = document()
    read["version"] = 2
    with pytest.raises(plan_reading.BadPlan) as caught:
        again(read)
    assert str(caught.value) == "plan.json: was written by a newer keylint (version 2 of the format): update keylint"


@pytest.mark.parametrize(
    "path", ["remarks.0", "changes.0.changes.0.step", "manifest", "changes.0.label", "unknown.0.message"]
)
def test_a_plan_with_the_shape_of_a_secret_in_it_is_refused_and_not_quoted(path: str) -> None:
    read = document()
    read["remarks"] = [""]
    put(path, f"key={SECRET}")(read)
    with pytest.raises(plan_reading.BadPlan, match="has the shape of a secret") as caught:
        again(read)
    assert SECRET not in str(caught.value)


def test_a_secret_in_a_name_or_behind_escapes_is_seen_too() -> None:
    escaped = "".join(f"\\u{ord(letter):04x}" for letter in SECRET)
    for text in (f'{{"{SECRET}": 1}}', f'["{escaped}"]'):
        with pytest.raises(plan_reading.BadPlan, match="has the shape of a secret"):
            plan_reading.load("plan.json", text.encode())


def test_what_may_be_written_over() -> None:
    assert plan_reading.is_plan(plan_file.dump(example()).encode())
    edited = document()
    edited["summary"] = "mine"
    edited["version"] = 7
    assert plan_reading.is_plan(json.dumps(edited).encode())
    edited["tool"] = {"name": "terraform"}
    assert not plan_reading.is_plan(json.dumps(edited).encode())
    edited["tool"] = "keylint"
    assert not plan_reading.is_plan(json.dumps(edited).encode())


def test_times_are_kept_to_the_microsecond() -> None:
    moment = datetime(2026, 11, 20, 12, 0, 0, 123456, tzinfo=UTC)
    assert again(document(plan_with(as_of=moment))).as_of == moment
