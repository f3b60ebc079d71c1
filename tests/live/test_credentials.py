"""keylint.live.credentials and the files that they are read from."""

import os
import socket
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType

import pytest
from live.keys import API_KEY, ED25519, PASSPHRASE, SECRET, ed25519_pem, leaks, rsa_pem, signer

from keylint.live import credentials, secret_files
from keylint.live.credentials import BadPlace, Credentials, Missing, SharedSecret, Unusable, find, find_api_keys
from keylint.live.secret import Secret, fingerprint
from keylint.live.secret_files import Folder, Gone, Unfit, bounded, read_named

KEY2 = "CAvIjXy3F44yW6Pou5k8Dy1swsYDWJZLeoK2r8G4cFDnE9nosRppc2eKc1T8TRTQ"
HMAC = {"KEYLINT_GRID_API_KEY": API_KEY, "KEYLINT_GRID_API_SECRET": SECRET}
WITH_PEM = {"KEYLINT_GRID_API_KEY": API_KEY, "KEYLINT_GRID_PRIVATE_KEY": ED25519}

Result = Credentials | Missing | Unusable


def one(
    environ: Mapping[str, str], folder: Path | None = None, key_id: str = "grid", *, keyring: bool = False
) -> Result:
    found = find([key_id], environ, None if folder is None else str(folder), keyring=keyring)
    assert list(found) == [key_id]
    result = found[key_id]
    assert leaks(repr(result)) == []
    return result


def good(
    environ: Mapping[str, str], folder: Path | None = None, key_id: str = "grid", *, keyring: bool = False
) -> Credentials:
    result = one(environ, folder, key_id, keyring=keyring)
    assert isinstance(result, Credentials), result
    return result


def message(environ: Mapping[str, str], folder: Path | None = None, kind: type = Unusable) -> str:
    result = one(environ, folder)
    assert type(result) is kind, result
    assert isinstance(result, Missing | Unusable)
    return result.message


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "secrets"
    place.mkdir()
    return place


# The environment


def test_hmac_from_the_environment() -> None:
    it = good(HMAC)
    assert (it.id, it.signer.type, it.fingerprint) == ("grid", "hmac", fingerprint(API_KEY))
    assert it.api_key == Secret(API_KEY, "")
    assert (it.api_key.origin, it.signer.origin) == ("KEYLINT_GRID_API_KEY", "KEYLINT_GRID_API_SECRET")
    assert it.signer.sign(b"a") == signer("hmac").sign(b"a")


@pytest.mark.parametrize("kind", ["ed25519", "rsa"])
def test_private_keys_from_the_environment(kind: str) -> None:
    pem = ED25519 if kind == "ed25519" else rsa_pem()
    assert good({"KEYLINT_GRID_API_KEY": API_KEY, "KEYLINT_GRID_PRIVATE_KEY": pem}).signer.type == kind


def test_the_names_of_variables_follow_the_id() -> None:
    it = good(
        {"KEYLINT_SPOT_DCA_2026Q4_API_KEY": API_KEY, "KEYLINT_SPOT_DCA_2026Q4_API_SECRET": SECRET},
        key_id="spot-dca-2026q4",
    )
    assert it.signer.origin == "KEYLINT_SPOT_DCA_2026Q4_API_SECRET"


def test_a_private_key_in_a_named_file_that_may_lie_anywhere(folder: Path) -> None:
    (folder / "k.pem").write_text(ED25519)
    link = folder / "link"
    link.symlink_to("k.pem")
    for path in (folder / "k.pem", link):
        it = good({"KEYLINT_GRID_API_KEY": API_KEY, "KEYLINT_GRID_PRIVATE_KEY_FILE": str(path)})
        assert it.signer.origin == "the file that KEYLINT_GRID_PRIVATE_KEY_FILE names"


def test_a_passphrase_from_the_environment() -> None:
    pem = ed25519_pem(PASSPHRASE)
    environ = {"KEYLINT_GRID_API_KEY": API_KEY, "KEYLINT_GRID_PRIVATE_KEY": pem}
    assert good(environ | {"KEYLINT_GRID_PASSPHRASE": PASSPHRASE + "\n"}).signer.type == "ed25519"
    assert message(environ) == (
        "KEYLINT_GRID_PRIVATE_KEY is encrypted, and its passphrase is not there; set KEYLINT_GRID_PASSPHRASE, or put "
        "grid.passphrase beside the file"
    )
    assert "its passphrase is wrong" in message(environ | {"KEYLINT_GRID_PASSPHRASE": "wrong"})


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_one_line_end_is_let_through(end: str) -> None:
    assert good({name: value + end for name, value in HMAC.items()}).fingerprint == fingerprint(API_KEY)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (API_KEY + "\n\n", "holds more than letters and digits: quotes, spaces, or several lines?"),
        (f'"{API_KEY}"', "holds more than letters and digits: quotes, spaces, or several lines?"),
        (" " + API_KEY, "holds more than letters and digits: quotes, spaces, or several lines?"),
        (API_KEY[:-1] + "é", "holds more than letters and digits: quotes, spaces, or several lines?"),
        (API_KEY[:-1] + "١", "holds more than letters and digits: quotes, spaces, or several lines?"),
        (API_KEY + "\r\nX-Evil: 1", "holds more than letters and digits: quotes, spaces, or several lines?"),
        (API_KEY + "\udcff", "holds more than letters and digits: quotes, spaces, or several lines?"),
        (API_KEY[:15], "has 15 letters and digits; Binance's have 64"),
        (API_KEY * 3, "has 192 letters and digits; Binance's have 64"),
        ("\n", "is empty"),
        (ED25519, "holds a PEM, where letters and digits belong; a private key goes to …_PRIVATE_KEY or ….pem"),
        ("A" * 8_193, "is larger than 8,192 characters, which no key is"),
    ],
)
@pytest.mark.parametrize("name", ["KEYLINT_GRID_API_KEY", "KEYLINT_GRID_API_SECRET"])
def test_what_is_no_key_is_refused_unseen(name: str, value: str, why: str) -> None:
    assert message(HMAC | {name: value}) == f"{name} {why}"


@pytest.mark.parametrize("length", [16, 62, 64, 128])
def test_lengths_that_are_taken(length: int) -> None:
    assert good(HMAC | {"KEYLINT_GRID_API_KEY": (API_KEY * 2)[:length]})


# What is not there


def test_nothing_is_there() -> None:
    assert message({}, kind=Missing) == (
        "no credentials: set KEYLINT_GRID_API_KEY and KEYLINT_GRID_API_SECRET (HMAC) or KEYLINT_GRID_PRIVATE_KEY_FILE "
        "(Ed25519, RSA), or put grid.api-key and grid.secret or grid.pem into --secrets-dir"
    )


def test_what_arrives_empty_is_not_there() -> None:
    assert message(dict.fromkeys((*HMAC, "KEYLINT_GRID_PRIVATE_KEY_FILE"), ""), kind=Missing).startswith(
        "no credentials"
    )


def test_half_is_there() -> None:
    assert message({"KEYLINT_GRID_API_KEY": API_KEY}, kind=Missing) == (
        "KEYLINT_GRID_API_KEY is there, and no secret beside it: set KEYLINT_GRID_API_SECRET (HMAC) or "
        "KEYLINT_GRID_PRIVATE_KEY_FILE (Ed25519, RSA), or put grid.secret or grid.pem into --secrets-dir"
    )
    assert message({"KEYLINT_GRID_PRIVATE_KEY": ED25519}, kind=Missing) == (
        "KEYLINT_GRID_PRIVATE_KEY is there, and no API key beside it: set KEYLINT_GRID_API_KEY, or put grid.api-key "
        "into --secrets-dir"
    )


# What contradicts itself


def test_a_secret_and_a_private_key(folder: Path) -> None:
    (folder / "grid.pem").write_text(ED25519)
    assert message(HMAC, folder) == (
        "both KEYLINT_GRID_API_SECRET (HMAC) and grid.pem (Ed25519 or RSA) are there, and a key has one of them; "
        "remove the one that Binance's page of the key does not name"
    )


def test_a_private_key_and_a_file_of_one() -> None:
    environ = WITH_PEM | {"KEYLINT_GRID_PRIVATE_KEY_FILE": "/x"}
    assert message(environ) == "both KEYLINT_GRID_PRIVATE_KEY and KEYLINT_GRID_PRIVATE_KEY_FILE are set; unset one"


def test_a_key_where_the_name_of_a_file_belongs() -> None:
    assert message({"KEYLINT_GRID_API_KEY": API_KEY, "KEYLINT_GRID_PRIVATE_KEY_FILE": ED25519}) == (
        "KEYLINT_GRID_PRIVATE_KEY_FILE holds a key, where the name of a file belongs; KEYLINT_GRID_PRIVATE_KEY takes "
        "the key itself"
    )


def test_an_api_key_given_as_its_own_secret() -> None:
    assert message(HMAC | {"KEYLINT_GRID_API_SECRET": API_KEY}) == (
        "KEYLINT_GRID_API_KEY and KEYLINT_GRID_API_SECRET hold the same text; one of them is the other's"
    )


def test_a_key_of_another_kind() -> None:
    assert "is an RSA key of 1024 bits" in message(WITH_PEM | {"KEYLINT_GRID_PRIVATE_KEY": rsa_pem(1024)})


@pytest.mark.parametrize("key_id", ["", "../x", "Grid", "a.b", "a/b", "-a", "a" * 64, "a\n", "é"])
def test_what_is_no_id_finds_nothing(key_id: str, folder: Path) -> None:
    result = one({f"KEYLINT_{key_id.upper()}_API_KEY": API_KEY}, folder, key_id)
    assert isinstance(result, Unusable)
    assert result.message.startswith("is no id")


# Two ids


def test_each_id_gets_its_own() -> None:
    environ = HMAC | {"KEYLINT_DCA_API_KEY": KEY2, "KEYLINT_DCA_PRIVATE_KEY": ED25519}
    found = find(["dca", "grid", "dca", "none"], environ, None)
    assert [(key, type(it).__name__) for key, it in found.items()] == [
        ("dca", "Credentials"),
        ("grid", "Credentials"),
        ("none", "Missing"),
    ]


SHARED = {
    "API key": ({"KEYLINT_DCA_API_KEY": API_KEY}, "KEYLINT_GRID_API_KEY and KEYLINT_DCA_API_KEY"),
    "API key with a line end": (
        {"KEYLINT_DCA_API_KEY": API_KEY + "\n"},
        "KEYLINT_GRID_API_KEY and KEYLINT_DCA_API_KEY",
    ),
    "secret": (
        {"KEYLINT_DCA_API_KEY": KEY2, "KEYLINT_DCA_API_SECRET": SECRET},
        "KEYLINT_GRID_API_SECRET and KEYLINT_DCA_API_SECRET",
    ),
    "secret as API key": ({"KEYLINT_DCA_API_KEY": SECRET}, "KEYLINT_GRID_API_SECRET and KEYLINT_DCA_API_KEY"),
}


@pytest.mark.parametrize(("environ", "where"), SHARED.values(), ids=SHARED)
def test_one_secret_for_two_ids_stops_everything(environ: dict[str, str], where: str) -> None:
    with pytest.raises(SharedSecret) as caught:
        find(["grid", "dca"], HMAC | environ, None)
    assert str(caught.value).startswith(f"grid and dca have one secret between them: {where} are the same")
    assert leaks("".join(traceback.format_exception(caught.value))) == []


@pytest.mark.parametrize("other", [ED25519, ED25519.replace("\n", "\r\n"), "encrypted"])
def test_one_private_key_for_two_ids_is_known_in_any_form(other: str, folder: Path) -> None:
    from cryptography.hazmat.primitives import serialization as s  # noqa: PLC0415 - here alone

    if other == "encrypted":
        key = s.load_pem_private_key(ED25519.encode(), None)
        protection = s.BestAvailableEncryption(PASSPHRASE.encode())
        other = key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, protection).decode()
    for name, text in (("dca.api-key", KEY2), ("dca.pem", other), ("dca.passphrase", PASSPHRASE)):
        (folder / name).write_text(text, newline="")
    with pytest.raises(SharedSecret, match=r"KEYLINT_GRID_PRIVATE_KEY and dca\.pem are the same"):
        find(["grid", "dca"], WITH_PEM, str(folder))


def test_two_keys_may_have_one_passphrase() -> None:
    environ = {}
    for name, api_key in (("GRID", API_KEY), ("DCA", KEY2)):
        environ[f"KEYLINT_{name}_API_KEY"] = api_key
        environ[f"KEYLINT_{name}_PRIVATE_KEY"] = ed25519_pem(PASSPHRASE)
        environ[f"KEYLINT_{name}_PASSPHRASE"] = PASSPHRASE
    assert all(isinstance(it, Credentials) for it in find(["grid", "dca"], environ, None).values())


# Files


def test_files(folder: Path) -> None:
    for name, text in (("api-key", API_KEY), ("pem", ed25519_pem(PASSPHRASE)), ("passphrase", PASSPHRASE)):
        (folder / f"grid.{name}").write_text(f"{text}\n")
    it = good({}, folder)
    assert (it.api_key.origin, it.signer.origin) == ("grid.api-key", "grid.pem")
    assert good({"CREDENTIALS_DIRECTORY": str(folder)}).fingerprint == it.fingerprint


def test_the_environment_comes_first_part_by_part(folder: Path) -> None:
    (folder / "grid.api-key").write_text(KEY2)
    (folder / "grid.secret").write_text(SECRET)
    it = good({"KEYLINT_GRID_API_KEY": API_KEY}, folder)
    assert (it.api_key.origin, it.signer.origin) == ("KEYLINT_GRID_API_KEY", "grid.secret")


def test_secrets_dir_stands_for_the_credentials_directory(folder: Path, tmp_path: Path) -> None:
    (folder / "grid.api-key").write_text(API_KEY)
    (folder / "grid.secret").write_text(SECRET)
    (tmp_path / "empty").mkdir()
    assert isinstance(one({"CREDENTIALS_DIRECTORY": str(folder)}, tmp_path / "empty"), Missing)
    assert good({"CREDENTIALS_DIRECTORY": str(tmp_path / "nowhere")}, folder)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda _path: None, "cannot be read: No such file or directory"),
        (lambda path: path.write_text("x"), "is no folder"),
        (lambda path: path.symlink_to("/proc/self"), "lies in /proc or /sys, where files are no files"),
        (lambda path: path.symlink_to(path), "cannot be read: Too many levels of symbolic links"),
    ],
)
def test_a_folder_that_is_none(tmp_path: Path, make: Callable[[Path], object], why: str) -> None:
    make(tmp_path / "it")
    with pytest.raises(BadPlace) as caught:
        find(["grid"], {}, str(tmp_path / "it"))
    assert str(caught.value) == f"the folder of --secrets-dir {why}"
    # One that nobody named says so where something is missed, and is no matter where nothing is.
    assert message({"CREDENTIALS_DIRECTORY": str(tmp_path / "it")}) == f"the folder of $CREDENTIALS_DIRECTORY {why}"
    assert good(HMAC | {"CREDENTIALS_DIRECTORY": str(tmp_path / "it")})


def test_a_folder_whose_name_is_none() -> None:
    with pytest.raises(BadPlace, match="cannot be read: that is no path"):
        find(["grid"], {}, "a\0b")


def test_a_folder_that_may_not_be_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(BadPlace, match="may not be read by this user"):
        find(["grid"], {}, str(folder))


def test_the_links_of_kubernetes(folder: Path) -> None:
    real = folder / "..2026_11_20_12_00_00.1234567890"
    real.mkdir()
    (folder / "..data").symlink_to(real.name)
    for name, text in (("grid.api-key", API_KEY), ("grid.secret", SECRET)):
        (real / name).write_text(text)
        (folder / name).symlink_to(f"..data/{name}")
    assert good({}, folder).signer.type == "hmac"
    (folder / "link").symlink_to(folder)
    assert good({}, folder / "link").signer.type == "hmac"


def test_a_look_that_falls_into_a_renewal_of_the_links(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "grid.api-key").write_text(API_KEY)
    (folder / "grid.secret").write_text(SECRET)
    real, calls = secret_files.bounded, []

    def gone_once(path: str, most: int, flags: int = 0, root: str | None = None) -> bytes:
        calls.append(path)
        if len(calls) == 1:
            msg = "cannot be read: No such file or directory"
            raise Gone(msg)
        return real(path, most, flags, root)

    monkeypatch.setattr(secret_files, "bounded", gone_once)
    assert good({}, folder).signer.type == "hmac"
    assert len(calls) == 3


def fifo(path: Path) -> None:
    os.mkfifo(path)


def unix_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as it:
        it.bind(str(path))


def outside(path: Path) -> None:
    (path.parent.parent / "outside").write_text(API_KEY)
    path.symlink_to("../outside")


def chain_outside(path: Path) -> None:
    outside(path.parent / "hop")
    path.symlink_to("hop")


def through_a_folder(path: Path) -> None:
    (path.parent.parent / "other").mkdir()
    (path.parent.parent / "other" / "grid.api-key").write_text(API_KEY)
    (path.parent / "d").symlink_to("../other")
    path.symlink_to("d/grid.api-key")


def beside_with_the_same_beginning(path: Path) -> None:
    (path.parent.parent / "secrets-of-others").mkdir()
    (path.parent.parent / "secrets-of-others" / "x").write_text(API_KEY)
    path.symlink_to("../secrets-of-others/x")


OUT = "is a link that leads out of the folder; put the file itself into it"
HOSTILE = {
    "FIFO": (fifo, "is not an ordinary file"),
    "folder": (lambda path: path.mkdir(), "is not an ordinary file"),
    "socket": (unix_socket, "cannot be read: No such device or address"),
    "link out": (outside, OUT),
    "links out": (chain_outside, OUT),
    "link out through a folder": (through_a_folder, OUT),
    "link to a neighbour": (beside_with_the_same_beginning, OUT),
    "link to the environment": (lambda path: path.symlink_to("/proc/self/environ"), OUT),
    "link to memory": (lambda path: path.symlink_to("/proc/self/mem"), OUT),
    "link to zeros": (lambda path: path.symlink_to("/dev/zero"), OUT),
    "link to standard input": (lambda path: path.symlink_to("/dev/stdin"), OUT),
    "link to the folder": (lambda path: path.symlink_to("."), OUT),
    "link to nothing": (lambda path: path.symlink_to("nothing"), "is a link to nothing"),
    "link to itself": (
        lambda path: path.symlink_to("grid.api-key"),
        "cannot be read: Too many levels of symbolic links",
    ),
    "too large": (lambda path: path.write_text("A" * 8_193), "is larger than 8,192 bytes"),
    "not UTF-8": (
        lambda path: path.write_bytes(b"\xff" + API_KEY.encode()),
        "is not UTF-8 text; a private key has to be",
    ),
    "UTF-16": (lambda path: path.write_text(API_KEY, encoding="utf-16"), "is not UTF-8 text"),
    "byte order mark": (
        lambda path: path.write_text(API_KEY, encoding="utf-8-sig"),
        "holds more than letters and digits",
    ),
    "empty": (lambda path: path.write_text(""), "is empty"),
}


@pytest.mark.parametrize(("make", "why"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_files(folder: Path, make: Callable[[Path], object], why: str) -> None:
    (folder / "grid.secret").write_text(SECRET)
    make(folder / "grid.api-key")
    told = message({}, folder)
    assert told.startswith(f"grid.api-key {why}")
    assert str(folder) not in told


def test_a_file_that_may_not_be_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "grid.api-key").write_text(API_KEY)
    real = os.open

    def refuse(path: str, flags: int, **more: int) -> int:
        if str(path).endswith("api-key"):
            raise PermissionError(13, "Permission denied", path)
        return real(path, flags, **more)

    monkeypatch.setattr(os, "open", refuse)
    assert message({}, folder) == "grid.api-key cannot be read: Permission denied"


@pytest.mark.parametrize("name", ["", ".", "..", "../grid.pem", "a/b", "/etc/passwd", "a\0"])
def test_names_that_are_more_than_names(folder: Path, name: str) -> None:
    with pytest.raises(Unfit, match="is no name of a file"):
        Folder(str(folder)).read(name)


NAMED = {
    "environment": ("/proc/self/environ", "lies in /proc, /sys or /dev"),
    "by dots": ("/tmp/../proc/self/environ", "lies in /proc, /sys or /dev"),  # noqa: S108 - nothing is written there
    "device": ("/dev/zero", "lies in /proc, /sys or /dev"),
    "descriptor": ("/dev/fd/0", "lies in /proc, /sys or /dev"),
    "nothing": ("nothing-here.pem", "cannot be read: No such file"),
    "folder": (".", "is not an ordinary file"),
    "NUL": ("a\0b", "cannot be read: that is no path"),
    "long": ("a" * 5_000, "cannot be read: File name too long"),
}


@pytest.mark.parametrize(("path", "why"), NAMED.values(), ids=NAMED)
def test_hostile_names_of_private_key_files(path: str, why: str) -> None:
    told = message({"KEYLINT_GRID_API_KEY": API_KEY, "KEYLINT_GRID_PRIVATE_KEY_FILE": path})
    assert told.startswith(f"the file that KEYLINT_GRID_PRIVATE_KEY_FILE names {why}")


def test_a_link_to_the_environment_as_private_key_file(tmp_path: Path) -> None:
    (tmp_path / "k.pem").symlink_to("/proc/self/environ")
    os.mkfifo(tmp_path / "fifo.pem")
    for name, why in (("k.pem", "lies in /proc, /sys or /dev"), ("fifo.pem", "is not an ordinary file")):
        with pytest.raises(Unfit, match=why):
            read_named(str(tmp_path / name))


def test_bounds_leave_no_file_open(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    (tmp_path / "x").write_bytes(b"12345")
    assert bounded(str(tmp_path / "x"), 5) == b"12345"
    for path, most in ((tmp_path / "x", 4), (tmp_path, 5), (tmp_path / "y", 5)):
        with pytest.raises(Unfit):
            bounded(str(path), most)
    assert len(os.listdir("/proc/self/fd")) == before


# The keyring


class FailKeyring:
    pass


def fake_keyring(entries: Mapping[str, str | Exception], backend: object = None) -> dict[str, ModuleType]:
    keyring, backends, fail = (ModuleType(it) for it in ("keyring", "keyring.backends", "keyring.backends.fail"))

    def get_password(service: str, user: str) -> str | None:
        assert service == "keylint"
        value = entries.get(user)
        if isinstance(value, Exception):
            raise value
        return value

    fail.Keyring = FailKeyring  # type: ignore[attr-defined] # a module that is made up
    backends.fail = fail  # type: ignore[attr-defined] # as above
    keyring.backends = backends  # type: ignore[attr-defined] # as above
    keyring.get_keyring = lambda: backend  # type: ignore[attr-defined] # as above
    keyring.get_password = get_password  # type: ignore[attr-defined] # as above
    return {it.__name__: it for it in (keyring, backends, fail)}


def test_the_keyring_comes_last(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    modules = fake_keyring({"grid.api-key": KEY2, "grid.secret": SECRET})
    monkeypatch.setattr(sys, "modules", sys.modules | modules)
    it = good({}, keyring=True)
    assert (it.api_key.origin, it.signer.origin) == ("grid.api-key in the keyring", "grid.secret in the keyring")
    (folder / "grid.api-key").write_text(API_KEY)
    assert good({}, folder, keyring=True).api_key.origin == "grid.api-key"
    assert isinstance(one({}), Missing)


def test_a_keyring_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    locked = type("KeyringLocked", (Exception,), {})(f"it holds {SECRET}")
    monkeypatch.setattr(sys, "modules", sys.modules | fake_keyring({"grid.api-key": API_KEY, "grid.secret": locked}))
    assert one({}, keyring=True) == Unusable(
        "grid", "grid.secret in the keyring cannot be read (KeyringLocked); is the keyring locked?"
    )


def test_no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "modules", sys.modules | fake_keyring({}, FailKeyring()))
    with pytest.raises(BadPlace, match="finds no keyring on this machine"):
        find([], {}, None, keyring=True)
    monkeypatch.setattr(sys, "modules", {**sys.modules, "keyring": None, "keyring.backends.fail": None})
    with pytest.raises(BadPlace, match=r"pip install 'keylint\[keyring\]'"):
        find([], {}, None, keyring=True)
    assert find([], {}, None) == {}


def test_the_real_keyring_package_is_asked_as_it_wants_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    keyring = pytest.importorskip("keyring")
    from keyring.backend import KeyringBackend  # noqa: PLC0415 - an extra

    class Memory(KeyringBackend):
        priority = 1.0

        def get_password(self, service: str, username: str) -> str | None:
            return {("keylint", "grid.api-key"): API_KEY, ("keylint", "grid.secret"): SECRET}.get((service, username))

        def set_password(self, service: str, username: str, password: str) -> None:
            raise NotImplementedError

        def delete_password(self, service: str, username: str) -> None:
            raise NotImplementedError

    old = keyring.get_keyring()
    memory: KeyringBackend = Memory()  # type: ignore[no-untyped-call] # as keyring has it
    keyring.set_keyring(memory)
    try:
        assert good({}, keyring=True).signer.type == "hmac"
    finally:
        keyring.set_keyring(old)


# API keys alone


def test_api_keys_are_found_without_a_look_at_what_signs(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(credentials, "pem_signer", fail)
    environ = {"KEYLINT_GRID_API_KEY": API_KEY, "KEYLINT_GRID_PRIVATE_KEY": ED25519, "KEYLINT_BAD_API_KEY": "?"}
    found = find_api_keys(["grid", "none", "bad"], environ, None)
    assert found["grid"] == Secret(API_KEY, "")
    assert found["none"] == Missing(
        "none", "no API key: set KEYLINT_NONE_API_KEY, or put none.api-key into --secrets-dir"
    )
    assert found["bad"] == Unusable(
        "bad", "KEYLINT_BAD_API_KEY holds more than letters and digits: quotes, spaces, or several lines?"
    )
