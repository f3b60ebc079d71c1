"""Every secret is found wherever it stands, and what only looks long is not."""

import random
import string
import time
from base64 import b64encode
from itertools import pairwise
from textwrap import wrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keylint import secret_shapes
from keylint.secret_shapes import BASE64, HEX, KEY, PRIVATE_KEY, covered, find, mask

ALNUM = string.ascii_letters + string.digits

# Every sample of a key or an HMAC secret that Binance's documentation prints; two of them have lost characters.
SAMPLES = (
    "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A",
    "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j",
    "CAvIjXy3F44yW6Pou5k8Dy1swsYDWJZLeoK2r8G4cFDnE9nosRppc2eKc1T8TRTQ",
    "k5V49ldtn4tszj6W3hystegdfvmGbqDzjmkCtpTvC0G74WhK7yd4rfCTo4lShf",
)
SAMPLE = SAMPLES[0]
DIGEST = "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"

# What the DER of a private key begins with, and how many random bytes follow.
PRIVATE = {
    "Ed25519": ("302e020100300506032b657004220420", 32),
    "Ed25519 with its public half": ("3051020101300506032b657004220420", 67),
    "RSA": ("308204be020100300d06092a864886f70d0101010500048204a8308204a40201000282010100", 1160),
    "RSA of 4096 bits": ("30820943020100300d06092a864886f70d01010105000482092d308209290201000282020100", 2300),
    "RSA, PKCS#1": ("308204a40201000282010100", 1180),
    "EC": ("308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b0201010420", 104),
    "EC, SEC 1": ("30770201010420", 114),
    "encrypted RSA": ("3082052d305706092a864886f70d01050d304a302906092a864886f70d01050c301c0408", 1290),
    "encrypted Ed25519": ("30819b305706092a864886f70d01050d304a302906092a864886f70d01050c301c0408", 120),
    "OpenSSH": ("6f70656e7373682d6b65792d763100000000046e6f6e65000000046e6f6e650000000000000001", 320),
}
PUBLIC = {
    "Ed25519": ("302a300506032b6570032100", 32),
    "RSA": ("30820122300d06092a864886f70d01010105000382010f003082010a0282010100", 261),
    "RSA of 4096 bits": ("30820222300d06092a864886f70d01010105000382020f003082020a0282020100", 517),
    "EC": ("3059301306072a8648ce3d020106082a8648ce3d030107034200", 65),
}
LABELS = ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "OPENSSH PRIVATE KEY"]

# Where a secret can stand in a manifest; {} is the secret.
PLACES = (
    "{}",
    '[keys.grid]\nowner = "{}"\ntype = "rsa"\n',
    "[keys.grid]\nowner = '{}'\r\n",
    "[keys.grid]  # {}\n",
    "# BINANCE_API_KEY={} (do not lose)\n",
    "[keys.{}]\n",
    '{} = "1"\n',
    '[keys."{}"]\n',
    'owner = """\nalice\n{}\n"""\n',
    'owner = """{}"""\n',
    'owner = "alice\\n{}\\n"\n',
    'owner = "alice\\u200b{}"\n',
    'holders = ["alice", "{}", "bob"]\n',
    'url = "https://fastbot.example/connect?key={}&from=keylint"\n',
    'url = "https://fastbot.example/{}/"\n',
    'storage = "/etc/keys/{}"\n',
    "key:{},",
    "\u00e9{}\u00e9",
    "\ufffd\x00{}\x1b[0m",
)


def randomly(seed: int) -> random.Random:
    return random.Random(seed)


def der(start: str, length: int, seed: int) -> str:
    return b64encode(bytes.fromhex(start) + randomly(seed).randbytes(length)).decode()


def spans(text: str) -> list[str]:
    return [text[secret.start : secret.end] for secret in find(text)]


seeds = st.integers(0, 2**64)
keys = seeds.map(lambda seed: "".join(randomly(seed).choices(ALNUM, k=64)))
privates = st.builds(lambda kind, seed: der(*PRIVATE[kind], seed), st.sampled_from(sorted(PRIVATE)), seeds)
places = st.sampled_from(PLACES)
# Text without a run that is long enough, as most of a manifest is.
prose = st.lists(st.text(max_size=40).filter(lambda text: "-----" not in text), max_size=8).map(" . ".join)


@given(keys, places, prose, prose)
def test_a_key_or_hmac_secret_is_found_wherever_it_stands(key: str, place: str, before: str, after: str) -> None:
    text = f"{before} \n{place.format(key)}\n {after}"
    assert spans(text) == [key]
    assert find(text)[0].shape == KEY


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("place", PLACES)
def test_the_samples_of_the_documentation_are_found(sample: str, place: str) -> None:
    assert spans(place.format(sample)) == [sample]


@given(seeds, st.sampled_from(["", "signature=", "secret = ", "0x", "# "]))
def test_a_bare_secret_in_hexadecimal_is_found(seed: int, before: str) -> None:
    secret = randomly(seed).randbytes(32).hex()
    found = find(f"{before}{secret}\n")
    assert [it.shape for it in found] == [HEX]
    assert found[0].end == len(before) + 64


def framed(body: str, label: str, end: str, width: int) -> str:
    return end.join([f"-----BEGIN {label}-----", *wrap(body, width), f"-----END {label}-----", ""])


@given(
    privates,
    st.sampled_from(LABELS),
    st.sampled_from(["\n", "\r\n", "\\n", "\n# ", "\n    ", " ", "\\n\\\n", '",\n  "', "\\u000a"]),
    st.sampled_from([20, 48, 64, 76, 10_000]),
    st.sampled_from(["", "owner = '''\n", '"', "# "]),
)
def test_a_private_key_in_pem_is_one_secret(body: str, label: str, end: str, width: int, before: str) -> None:
    pem = framed(body, label, end, width)
    [secret] = find(f'version = 1\n{before}{pem}\n[keys.grid]\nlabel = "grid"\n')
    assert secret.shape == PRIVATE_KEY
    start = len(f"version = 1\n{before}")
    assert (secret.start, secret.end) == (start, start + len(pem) - len(end))


@given(
    privates,
    st.sampled_from(["\n", "\r\n", "\\n", "\n# ", "\n    ", "\\n\\\n"]),
    st.sampled_from([64, 76, 10_000]),
    st.sampled_from(["", "owner = '''\n", '"', "# "]),
)
def test_a_private_key_without_its_frame_is_one_secret(base64: str, end: str, width: int, before: str) -> None:
    body = end.join(wrap(base64, width))
    text = f"version = 1\n{before}{body}\n\n[keys.grid]\nlabel = 'grid'\n"
    assert spans(text) == [body]
    assert find(text)[0].shape == PRIVATE_KEY


def test_an_old_encrypted_pem_has_fields_above_its_body() -> None:
    body = "\n".join(wrap(b64encode(randomly(1).randbytes(700)).decode(), 64))
    fields = f"Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,{DIGEST[:32].upper()}\n\n"
    pem = f"-----BEGIN RSA PRIVATE KEY-----\n{fields}{body}\n-----END RSA PRIVATE KEY-----"
    assert spans(f"a\n{pem}\nb") == [pem]
    assert spans(pem.removesuffix("-----END RSA PRIVATE KEY-----").strip()) == [f"{pem[:-30]}".strip()]


@given(seeds)
def test_any_other_base64_is_found_line_by_line_or_whole(seed: int) -> None:
    text = b64encode(randomly(seed).randbytes(300)).decode()
    found = find(f'"{text}"')
    assert sum(it.end - it.start for it in found) >= len(text) - 60
    assert {it.shape for it in found} <= {BASE64, KEY}


def test_a_key_without_a_digit_is_found_too() -> None:  # one key in eighty thousand has none
    for seed in range(500):
        key = "".join(randomly(seed).choices(string.ascii_letters, k=64))
        assert spans(f'owner = "{key}"') == [key]


def test_two_secrets_on_one_line_are_two() -> None:
    assert spans(f"{SAMPLES[0]}:{SAMPLES[1]}") == [*SAMPLES[:2]]


def test_a_secret_below_a_public_key_is_not_taken_for_its_last_line() -> None:
    public = der(*PUBLIC["RSA"], 3)
    for width in (64, 10_000):
        for above in ("", "\n"):
            text = "\n".join(f"# {line}" for line in [*wrap(public, width), above, SAMPLE])
            assert spans(text) == [SAMPLE]


words = st.text(string.ascii_lowercase, min_size=1, max_size=14)
capitals = words.map(str.capitalize)
innocent = st.one_of(
    st.from_regex(r"[a-z0-9][a-z0-9-]{0,62}", fullmatch=True),
    st.uuids().map(str),
    st.uuids().map(lambda uuid: uuid.hex),
    seeds.map(lambda seed: f"sha256:{randomly(seed).randbytes(8).hex()}"),
    seeds.map(lambda seed: f"sha256:{randomly(seed).randbytes(32).hex()}"),
    seeds.map(lambda seed: f"SHA-512 = {randomly(seed).randbytes(64).hex()}"),
    seeds.map(lambda seed: f"https://etherscan.io/tx/0x{randomly(seed).randbytes(32).hex()}"),
    seeds.map(lambda seed: f"https://github.com/a/b/commit/{randomly(seed).randbytes(20).hex()}"),
    st.lists(words, min_size=1, max_size=40).map(" ".join),
    st.lists(words, min_size=1, max_size=40).map("/".join),
    st.lists(words, min_size=1, max_size=40).map("+".join),
    st.lists(capitals, min_size=1, max_size=30).map("/".join),
    st.lists(words, min_size=1, max_size=40).map(
        lambda parts: f"https://fastbot.example/{'-'.join(parts)}?a={parts[0]}"
    ),
    st.integers(10**50, 10**200).map(str),
    st.sampled_from("-=_#*.xXaA01/+").map(lambda char: char * 80),
)


@given(st.lists(innocent, min_size=1, max_size=6).map("\n".join))
def test_what_only_looks_long_is_not_found(text: str) -> None:
    assert find(text) == ()


@pytest.mark.parametrize(
    "text",
    [
        "https://docs.google.com/document/d/1zNNcZ3F61X9bxumpMV59yDLmx8frVIsokhYtGykZpvs/edit",
        "https://github.com/python/cpython/blob/986a4e1b6fcae7fe7a1d0a26aea446107dd58dd2/Objects/genericaliasobject.c",
        "/home/alice/Projects/TradingBots/BinanceGridBot2026/Configuration/HowWeStoreKeysAtRest/README",
        "com/google/schemas/networkservices/v1alpha1/CDNPolicySignedTokenOptions/AWSV4Signature",
        "HowToConfigureBinanceApiPermissionsSecurelyForTradingBotsIn2026",
        "ThisIsAPlaceholderForTheApiKeyPleaseReplaceItBeforeYouUseIt1234567",
        "paste nothing that begins with -----BEGIN PRIVATE KEY----- in here, nor its -----END PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\nMC4CAQ... (40 more)\n-----END PRIVATE KEY-----",
        f"{'-' * 100}BEGIN PRIVATE KEY{'-' * 100}",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl alice",
        SAMPLE[:59],
        f"{SAMPLE[:40]} {SAMPLE[40:]}",
        "",
    ],
)
def test_what_only_looks_like_a_secret_is_not_found(text: str) -> None:
    assert find(text) == ()


@given(seeds, st.sampled_from(sorted(PUBLIC)), st.sampled_from([64, 10_000]), st.booleans())
def test_a_public_key_is_no_secret(seed: int, kind: str, width: int, frame: bool) -> None:
    body = der(*PUBLIC[kind], seed)
    pem = framed(body, "PUBLIC KEY", "\n", width) if frame else "\n".join(wrap(body, width))
    assert find(f"# the public key:\n{pem}\n") == ()
    assert spans(f"{pem}\n{SAMPLE}\n") == [SAMPLE]


@given(st.lists(st.one_of(keys, innocent, st.sampled_from(PLACES), st.text(max_size=80)), max_size=8).map("".join))
def test_masking_covers_what_is_found_and_moves_nothing(text: str) -> None:
    masked = mask(text)
    assert len(masked) == len(text)
    assert find(masked) == ()
    assert masked.count("\n") == text.count("\n")
    assert masked.count("\r") == text.count("\r")
    assert all(after in (before, "*") for before, after in zip(text, masked, strict=True))
    found = find(text)
    assert all(first.end <= second.start for first, second in pairwise(found))
    if not found:
        assert masked == text


def test_covering_keeps_line_ends() -> None:
    assert covered("ab\r\ncd\nef", [(1, 5), (7, 8)]) == "a*\r\n*d\n*f"


def test_a_secret_is_found_across_the_seams_of_a_long_text() -> None:
    chunk = secret_shapes._CHUNK
    for at in (chunk - 70, chunk - 64, chunk - 63, chunk - 32, chunk - 1, chunk, chunk + 1, 2 * chunk - 60):
        text = f"{' ' * at}{SAMPLE}{' ' * chunk}{SAMPLE}"
        assert [it[:2] for it in find(text)] == [(at, at + 64), (at + 64 + chunk, at + 128 + chunk)]
        assert len(find("." * at + SAMPLE * 3000)) == 1


MEGABYTE = 1_000_000
HOSTILE = {
    "one run": "a" * MEGABYTE,
    "one secret": "".join(randomly(1).choices(ALNUM, k=MEGABYTE)),
    "runs that are just too short": f"{'a' * 59} " * (MEGABYTE // 60),
    "secrets alone": f"{SAMPLE}\n" * (MEGABYTE // 65),
    "digests": f"sha256:{DIGEST}\n" * (MEGABYTE // 72),
    "heads of keys": "-----BEGIN PRIVATE KEY-----\n" * (MEGABYTE // 28),
    "a head and nothing": "-----BEGIN PRIVATE KEY-----" + "\n" * MEGABYTE,
    "heads and nothing": ("-----BEGIN PRIVATE KEY-----" + "\n" * 1000) * (MEGABYTE // 1027),
    "heads and fields": ("-----BEGIN PRIVATE KEY-----" + "\nA: a" * 1000) * (MEGABYTE // 5027),
    "a head and short lines": "-----BEGIN PRIVATE KEY-----" + "\naaaa" * (MEGABYTE // 5),
    "bare bodies": f"MC4CAQAwBQYDK2VwBCIEI{SAMPLE[:43]}\naaaa\n" * (MEGABYTE // 70),
    "slashes": "/" * MEGABYTE,
    "short words and slashes": "aB1/" * (MEGABYTE // 4),
    "escapes": "\\n" * (MEGABYTE // 2),
    "dashes": "-" * MEGABYTE,
    "no ASCII": "\u0430" * MEGABYTE,
    "surrogates": "\ud800" * MEGABYTE,
}


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_a_hostile_megabyte_takes_no_longer_than_its_length_says(name: str) -> None:
    start = time.process_time()
    find(HOSTILE[name])
    assert time.process_time() - start < 10  # a fifth of a second; what is quadratic takes minutes
