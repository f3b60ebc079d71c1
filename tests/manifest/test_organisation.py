"""An organisation's policy file: what it may say, what is wrong with it and where, and that it loads nothing."""

import json
import sys
from importlib import import_module
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator
from strategies import SECRET_KINDS, leaks, literal, secret

from keylint import plugins
from keylint.manifest import organisation
from keylint.manifest.explain import explain_policy
from keylint.manifest.load import parsed
from keylint.manifest.organisation import BadPolicy, OrganisationPolicy, load

RULES = plugins.load().packs[0].rules
PACKS = (("keylint", "0.1.0"), ("Acme_Key.Rules", "1.2.0"))
SCHEMA = json.loads(import_module("keylint.schemas").text("policy"))
VALIDATOR = Draft7Validator(SCHEMA)

WHOLE = """\
version = 1
required_plugins = ["acme-key-rules>=1.2"]
unwaivable = ["KL101", "ip-unrestricted", "KL40"]

[policy]
rotation = { max_age_days = 60 }
two_factor = { accept = ["passkey"] }

[severity]
KL603 = "error"
rotation-due = "warning"
KL101 = "error"
"""


def read(text: str, packs: tuple[tuple[str, str], ...] = PACKS) -> OrganisationPolicy:
    return load("org.toml", text.encode(), RULES, packs)


def problems(text: str | bytes, packs: tuple[tuple[str, str], ...] = PACKS) -> list[str]:
    with pytest.raises(BadPolicy) as caught:
        load("org.toml", text.encode() if isinstance(text, str) else text, RULES, packs)
    return list(caught.value.problems)


def test_a_whole_one() -> None:
    policy = read(WHOLE)
    assert policy.thresholds == {("rotation", "max_age_days"): 60, ("two_factor", "accept"): ("passkey",)}
    assert policy.unwaivable == {"KL101", "KL301", *(rule.code for rule in RULES if rule.code.startswith("KL40"))}
    assert policy.severity == {"KL603": "error", "KL402": "warning", "KL101": "error"}
    assert VALIDATOR.is_valid(json.loads(json.dumps(parsed(WHOLE.encode())[1])))


def test_the_least_one() -> None:
    assert read("version = 1\n") == OrganisationPolicy("org.toml", {}, frozenset(), {})


def test_all_means_every_rule() -> None:
    assert read('version = 1\nunwaivable = ["ALL"]\n').unwaivable == {rule.code for rule in RULES}


def test_of_two_words_for_one_rule_the_graver_severity_counts() -> None:
    for lines in ('KL402 = "error"\nrotation-due = "warning"', 'rotation-due = "warning"\nKL402 = "error"'):
        assert read(f"version = 1\n[severity]\n{lines}\n").severity == {"KL402": "error"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ["org.toml:1:1: the file has no `version`, which every policy must have"]),
        ("version = 2\n", ["org.toml:1:11: version must be 1"]),
        ("version = true\n", ["org.toml:1:11: version must be 1"]),
        ("version = = 1\n", ["org.toml:1:11: is not valid TOML: invalid value"]),
        (
            "version = 1\n[policy]\nrotation = { max_age = 90 }\n",
            ["org.toml:3:14: policy.rotation.max_age is not a field of `rotation`; did you mean `max_age_days`?"],
        ),
        (
            "version = 1\n[policy.review]\nmax_age_days = 0\n",
            ["org.toml:3:16: policy.review.max_age_days must be a whole number from 1 to 36500"],
        ),
        (
            "version = 1\nunwaiveable = []\n",
            ["org.toml:2:1: unwaiveable is not a field of a policy; did you mean `unwaivable`?"],
        ),
        (
            "version = 1\n[keys.grid]\n",
            ["org.toml:2:2: keys is not a field of a policy"],
        ),
        ("version = 1\npolicy = 3\n", ["org.toml:2:10: policy must be a table"]),
        ("version = 1\nseverity = 3\n", ["org.toml:2:12: severity must be a table"]),
        (
            'version = 1\n[severity]\nKL603 = "eror"\n',
            ['org.toml:3:9: severity.KL603 must be one of note, warning, error; did you mean "error"?'],
        ),
        (
            'version = 1\n[severity]\n"KL 1" = "error"\n',
            ["org.toml:3:1: severity.KL 1 is neither the code nor the name of a rule"],
        ),
        (
            'version = 1\nunwaivable = ["KL101", "KL1O2", "key-shred"]\n',
            [
                "org.toml:2:24: unwaivable[1] names no rule that is loaded, KL1O2; did you mean KL102?",
                "org.toml:2:33: unwaivable[2] names no rule that is loaded, key-shred; did you mean key-shared?",
            ],
        ),
        (
            'version = 1\nunwaivable = ["zzz"]\n',
            ["org.toml:2:15: unwaivable[0] names no rule that is loaded, zzz; `keylint rules` lists them"],
        ),
        (
            'version = 1\n[severity]\nKL101 = "warning"\nKL999 = "note"\n',
            [
                (
                    'org.toml:3:9: severity.KL101 lowers KL101, which is "error" by itself; '
                    "a policy raises severities and lowers none"
                ),
                "org.toml:4:1: severity.KL999 names no rule that is loaded, KL999; did you mean KL909?",
            ],
        ),
        (
            'version = 1\nrequired_plugins = ["keylint", "ghost-rules>=2"]\n',
            [
                (
                    "org.toml:2:32: required_plugins[1] asks for the plugin ghost-rules>=2, "
                    "which is not installed beside keylint: pip install 'ghost-rules>=2'"
                )
            ],
        ),
        (
            'version = 1\nrequired_plugins = ["ACME-key_rules>=1.3"]\n',
            [
                (
                    "org.toml:2:21: required_plugins[0] asks for the plugin ACME-key_rules>=1.3, "
                    "and Acme_Key.Rules 1.2.0 is installed: pip install --upgrade 'ACME-key_rules>=1.3'"
                )
            ],
        ),
    ],
)
def test_what_is_wrong_is_said_where_it_stands(text: str, said: list[str]) -> None:
    assert problems(text) == said


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"version = 1 # \xff", "org.toml:1:15: is not UTF-8 from here on"),
        (b"version = " + b"[" * 5000, "org.toml:1:1: nests arrays or tables"),
        (b"version = 1" + b"\n" * (16 * 1024 * 1024), "org.toml:1:1: is larger than 16 MiB"),
        (b"version = " + b"9" * 5000, "org.toml:1:11: holds a number or a date that is out of range"),
    ],
    ids=["not UTF-8", "deep", "large", "a number"],
)
def test_what_is_no_text_that_is_read(data: bytes, said: str) -> None:
    assert problems(data)[0].startswith(said)


def test_a_file_full_of_mistakes_is_told_in_part() -> None:
    words = ", ".join(f'"no-rule-{number}"' for number in range(50))
    said = problems(f"version = 1\nunwaivable = [{words}]\n")
    assert len(said) == 21
    assert said[-1] == "org.toml: has 30 more mistakes; correct these, then look again"


def test_the_exception_says_the_first_and_how_many_more() -> None:
    with pytest.raises(BadPolicy, match=r"unwaivable\[0\] names no rule.*\(and 1 more\)$"):
        read('version = 1\nunwaivable = ["zz", "yy"]\n')


@pytest.mark.parametrize("data", [b"\xef\xbb\xbfversion = 1\n", b"version = 1\r\n[policy]\r\n"])
def test_what_editors_do_to_a_file_changes_nothing(data: bytes) -> None:
    assert load("org.toml", data, RULES, PACKS).thresholds == {}


# Plugins.


@pytest.mark.parametrize(
    ("version", "least", "reaches"),
    [
        ("1.2.0", "1.2", True),
        ("1.2", "1.2.0", True),
        ("1.10", "1.9", True),
        ("1.9", "1.10", False),
        ("2", "1.99.99", True),
        ("1.2.0.post1", "1.2", True),
        ("1.2.0+local.1", "1.2", True),
        ("1.2rc1", "1.2", False),
        ("1.2.dev3", "1.2", False),
        ("1.2a1", "1.1", True),
        ("v1.2", "1.2", True),
        ("1!0.1", "9", True),
        ("0!1.3", "1.2", True),
        ("", "0", False),
        ("unknown", "0", False),
        ("0.0", "0", True),
    ],
)
def test_versions_are_compared_as_numbers(version: str, least: str, reaches: bool) -> None:
    text = f'version = 1\nrequired_plugins = ["acme>={least}"]\n'
    if reaches:
        assert read(text, (("acme", version),)).name == "org.toml"
    else:
        assert "asks for the plugin acme>=" in problems(text, (("acme", version),))[0]


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/acme.whl",
        "acme @ https://evil.example/acme.whl",
        "git+https://evil.example/acme",
        "./acme",
        "../acme.py",
        "acme==1.0",
        "acme[extra]",
        "acme>=1.0; python_version > '3'",
        "acme>=$VERSION",
        "acme\n",
        "-e .",
        "acme>=1.0\u0660",
    ],
)
def test_nothing_but_a_name_and_a_version_is_taken(wanted: str) -> None:
    [said] = problems(f"version = 1\nrequired_plugins = [{literal(wanted)}]\n")
    assert "required_plugins[0] must be the name of a distribution" in said


def test_a_plugin_that_is_named_is_not_imported() -> None:
    before = set(sys.modules)
    assert read('version = 1\nrequired_plugins = ["antigravity"]\n', (("antigravity", "1"),)).name
    assert "antigravity" not in set(sys.modules) - before


@pytest.mark.parametrize("field", ["plugins", "entry_point", "url", "file", "include", "exec", "env", "host"])
def test_there_is_no_field_that_could_name_anything_else(field: str) -> None:
    assert f"{field} is not a field of a policy" in problems(f'version = 1\n{field} = "x"\n')[0]
    assert field not in SCHEMA["properties"]


# Secrets.


@pytest.mark.parametrize("kind", SECRET_KINDS)
@pytest.mark.parametrize(
    "text",
    [
        "version = 1\nunwaivable = [{}]\n",
        "version = 1\nrequired_plugins = [{}]\n",
        "version = 1\n[severity]\n{} = 'error'\n",
        "version = 1\n[severity]\nKL603 = {}\n",
        "version = 1\n{} = 1\n",
        "version = 1\n[policy]\n{} = 1\n",
    ],
)
def test_a_pasted_secret_is_not_repeated(kind: str, text: str) -> None:
    found = secret(Random(7), kind)
    assert leaks(found, "\n".join(problems(text.replace("{}", literal(found.text))))) == set()


# The schema.


def test_the_schema_is_one_and_describes_every_field() -> None:
    Draft7Validator.check_schema(SCHEMA)
    assert all("description" in field or "$ref" in field for field in SCHEMA["properties"].values())


def test_its_thresholds_are_those_of_a_manifest() -> None:
    manifest = json.loads(import_module("keylint.schemas").text("manifest"))["definitions"]
    assert SCHEMA["definitions"]["method"] == manifest["method"]
    assert SCHEMA["definitions"]["policy"]["properties"] == manifest["policy"]["properties"]


def test_its_patterns_are_those_of_the_code() -> None:
    fields = SCHEMA["properties"]
    assert fields["required_plugins"]["items"]["pattern"] == organisation.PLUGIN
    assert fields["unwaivable"]["items"]["pattern"] == organisation.RULE
    assert list(fields["severity"]["patternProperties"]) == [organisation.RULE]
    assert list(SCHEMA["properties"]) == ["version", "policy", "required_plugins", "unwaivable", "severity"]


scalars = st.one_of(
    st.integers(-1, 3), st.booleans(), st.sampled_from(["KL101", "acme>=1", "x y", "error", "", "acme"])
)
documents = st.dictionaries(
    st.sampled_from(["version", "policy", "required_plugins", "unwaivable", "severity", "more"]),
    st.one_of(
        scalars,
        st.just(1),
        st.lists(scalars, max_size=3),
        st.dictionaries(st.sampled_from(["KL101", "x y", "rotation", "review"]), scalars, max_size=2),
        st.fixed_dictionaries({"rotation": st.dictionaries(st.sampled_from(["warn_days", "x"]), scalars)}),
    ),
).map(lambda document: {"version": 1, **document})


@given(documents)
def test_the_fast_look_the_slow_one_and_the_schema_agree(document: dict[str, Any]) -> None:
    # jsonschema takes 1.0 for 1, but no such number is drawn; true is no number to it either.
    fits = VALIDATOR.is_valid(document)
    assert organisation._is_whole(document) == fits
    assert (explain_policy(document) == []) == fits
