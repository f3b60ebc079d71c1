"""What `clean` lets through can be printed anywhere: one line, no character that acts or hides, no secret."""

import random
import re
import string
import sys
import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keylint import secret_shapes
from keylint.report.escape import UNSAFE, clean, visible

ALNUM = string.ascii_letters + string.digits
SAMPLE = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"

# What Unicode lets a program leave out of what it shows: Default_Ignorable_Code_Point, which unicodedata has not.
IGNORABLE = (
    "ad 34f 61c 115f-1160 17b4-17b5 180b-180f 200b-200f 202a-202e 2060-206f 3164 fe00-fe0f feff ffa0 fff0-fff8 "
    "1bca0-1bca3 1d173-1d17a e0000-e0fff"
)


def ranged(text: str) -> set[int]:
    ends = [[int(end, 16) for end in part.split("-")] for part in text.split()]
    return {code for each in ends for code in range(each[0], each[-1] + 1)}


CATEGORIES = {chr(code): unicodedata.category(chr(code)) for code in range(sys.maxunicode + 1)}
ACTING = {ord(char) for char, category in CATEGORIES.items() if category in {"Cc", "Cf", "Cs", "Zl", "Zp"}}
UNSEEN = ACTING | ranged(IGNORABLE) | {0x2800}
BESIDE = ["\n", "\u200b", "\x1b", "\\", "\\n", "\\x", "\\u", "\\U", "a", "=", "'", "\ud800", "/", "+"]


def keys(seed: int) -> str:
    return "".join(random.Random(seed).choices(ALNUM, k=64))


hostile = st.one_of(
    st.sampled_from(sorted(UNSEEN)).map(chr),
    st.sampled_from("\x00\x07\x08\t\n\x0b\x0c\r\x1b\x7f\x80\x85\x9b\x9c\u2028\u2029\u202e\u2066\ufeff\ud800\U000e0041"),
    st.sampled_from(["\x1b]0;title\x07", "\x1b[31m", "\x9b2J", "\r\n::error::x"]),
    st.sampled_from(["\\", "\\x0a", "\\n", "\\u200b", "\\U000e0041", "=", "-----", "a"]),
    st.sampled_from(["-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----", "MC4CAQAwBQYDK2VwBCIEI"]),
    st.sampled_from(
        ["ab/CD+12" * 9, SAMPLE, SAMPLE[:59], SAMPLE[:58], SAMPLE[:30], f"sha256:{'0123456789abcdef' * 4}"]
    ),
    st.integers(0, 2**64).map(keys),
    st.text(max_size=70),
)
texts = st.lists(hostile, max_size=10).map("".join)


@given(texts)
def test_nothing_unsafe_comes_out(text: str) -> None:
    shown = clean(text)
    assert not UNSEEN.intersection(map(ord, shown))
    assert len(shown.splitlines()) <= 1
    shown.encode()
    assert secret_shapes.find(shown) == ()


@given(texts)
def test_what_is_clean_stays_as_it_is(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@given(st.integers(0, 2**64).map(keys), texts, texts)
def test_no_part_of_a_secret_comes_out(secret: str, before: str, after: str) -> None:
    shown = clean(f"{before} {secret} {after}")
    windows = {secret[start : start + 16] for start in range(len(secret) - 15)}
    elsewhere = f"{before} {after}"
    assert not [window for window in windows if window in shown and window not in elsewhere]


@pytest.mark.parametrize("beside", BESIDE)
def test_no_part_of_a_secret_comes_out_beside(beside: str) -> None:
    for first in "nrtbfexuU0aA9":
        secret = first + SAMPLE[1:]
        for text in (beside + secret, secret + beside, beside + secret + beside):
            shown = clean(text)
            assert not [start for start in range(49) if secret[start : start + 16] in shown], (text, shown)


def test_every_character_that_acts_or_hides_is_unsafe() -> None:
    unsafe = re.compile(UNSAFE)
    assert [hex(code) for code in sorted(UNSEEN) if not unsafe.fullmatch(chr(code))] == []


def test_what_people_write_is_not() -> None:
    text = "Grüße, łódź, Ελλάδα, Москва, שלום, سلام, हिन्दी, 日本語, 한국어, é and e\u0301, ½ € → ✓ 🔑"
    assert clean(text) == text
    unsafe = re.compile(UNSAFE)
    strange = {char for char, category in CATEGORIES.items() if category[0] in "LMNS" and unsafe.fullmatch(char)}
    assert {ord(char) for char in strange} <= ranged(IGNORABLE) | {0x2800}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("keys.grid can withdraw", "keys.grid can withdraw"),
        ("", ""),
        ("a\tb\nc", "a\\x09b\\x0ac"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\x7f\x9b", "\\x7f\\x9b"),
        ("reads \u202eonly", "reads \\u202eonly"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        (f"keys.{SAMPLE} can withdraw", f"keys.{'*' * 64} can withdraw"),
        (f"\u200b{SAMPLE}", f"\\u200b{'*' * 64}"),
        (f"{SAMPLE[:32]}\n{SAMPLE[32:]}", f"{SAMPLE[:32]}\\x0a{SAMPLE[32:]}"),
    ],
)
def test_how_it_looks(text: str, shown: str) -> None:
    assert clean(text) == shown


def test_a_private_key_is_covered_whole_with_its_lines() -> None:
    lines = ["-----BEGIN PRIVATE KEY-----", f"MC4CAQAwBQYDK2VwBCIEI{SAMPLE[:43]}", "-----END PRIVATE KEY-----"]
    for end in ("\n", "\r\n", "\\n", "\n# "):
        shown = clean(f"owner is {end.join(lines)}; that is all")
        assert shown.startswith("owner is ***")
        assert shown.endswith("***; that is all")
        assert set(shown.removeprefix("owner is ").removesuffix("; that is all")) == {"*"}


def test_an_escape_is_what_python_reads_back() -> None:
    for code, after in pairwise(sorted(UNSEEN)):
        text = re.sub(UNSAFE, visible, chr(code) + chr(after))
        assert text.isascii()
        assert text.encode().decode("unicode_escape") == chr(code) + chr(after)
