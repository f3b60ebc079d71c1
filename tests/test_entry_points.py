"""`keylint.entry_points` held to `importlib.metadata`, whose answer it must never fall short of."""

import importlib.metadata
import os
import re
import site
import subprocess
import sys
import sysconfig
import tempfile
import venv
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import keylint
from keylint import entry_points
from keylint.entry_points import EntryPoint, Found, UnreadableMetadata, find

REPOSITORY = Path(keylint.__file__).parent.parent
PACK = "[keylint]\npack = pack.rules:RULES\n"


def install(
    folder: Path, name: str, entry_points_txt: str | bytes | None = PACK, metadata: str | None = None, file: str = ""
) -> Path:
    """Write one distribution's metadata; `name` is its folder's name, `file` what the metadata file is called."""
    place = folder / name
    place.mkdir(parents=True)
    if isinstance(entry_points_txt, str):
        entry_points_txt = entry_points_txt.encode()
    if entry_points_txt is not None:
        (place / "entry_points.txt").write_bytes(entry_points_txt)
    if metadata is not None:
        (place / (file or "METADATA")).write_text(metadata, encoding="utf-8", newline="")
    return place


def standard(path: Iterable[Path | str], group: str = "keylint") -> list[tuple[str, str, str]]:
    """What `importlib.metadata.entry_points` says with this `sys.path`: name, value, folder."""
    importlib.metadata.metadata("pytest")  # so that it has made its own late imports, which need the true path
    with mock.patch.object(sys, "path", list(map(str, path))):
        found = list(importlib.metadata.entry_points(group=group))
    return sorted((point.name, point.value, folder_of(point)) for point in found)


def folder_of(point: importlib.metadata.EntryPoint) -> str:
    assert point.dist is not None
    return str(point.dist.locate_file(""))


def bare(points: Iterable[EntryPoint]) -> list[tuple[str, str, str]]:
    return sorted((point.name, point.value, point.folder) for point in points)


def pairs(points: Iterable[EntryPoint]) -> list[tuple[str, str]]:
    return [(point.name, point.value) for point in points]


def run(*arguments: str, program: Path | str = sys.executable, **environment: str) -> str:
    """Standard output of a Python that is not measured for coverage, which would import what these tests look for."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("COVERAGE", "PYTHON"))}
    return subprocess.run(
        [str(program), *arguments], env=kept | environment, capture_output=True, text=True, check=True, cwd="/"
    ).stdout


class Written(NamedTuple):
    """One distribution to write: `text` is None where it has no entry_points.txt."""

    name: str
    end: str
    text: str | None
    is_file: bool

    @property
    def key(self) -> str:
        """Its normalised name; the regular expression is that of the packaging specifications."""
        return re.sub(r"[-_.]+", "-", self.name).lower()

    def write(self, folder: Path) -> None:
        if self.is_file:
            (folder / (self.name + self.end)).write_text("Metadata-Version: 1.0\n", encoding="utf-8")
        else:
            install(folder, self.name + self.end, self.text)


LINES = [
    "[keylint]",
    "  [keylint]\t",
    "[[keylint]]",
    "[]keylint]",
    "[ keylint ]",
    "[keylint",
    "keylint]",
    "[Keylint]",
    "[keylint.more]",
    "[console_scripts]",
    "[]",
    "# [keylint]",
    " # a comment = with a sign",
    "; pack = pack.rules",
    "",
    "   ",
    "\ufeff[keylint] = x",
    "\ufeff",
    "pack = pack.rules:RULES",
    "pack=pack.rules:RULES",
    "\t pack\u00a0=\u2003pack.other : RULES ",
    "pack = pack.rules:RULES.more [extra1, extra2]",
    "Pack.Two-x y = pack",
    "[pack] = pack",
    "= pack",
    "λέξη = κουτί.λόγος:Ω",
]
NEWLINES = ["\n", "\r\n", "\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028"]
NAMES = ["rules_pack", "Rules.Pack", "rules__pack", "RULES_.pack", "other", "Other", "_other", "~ther", "rules_pack2"]
ENDS = ["-1.0.dist-info", "-1.0-py3.11.egg-info", ".egg-info", ".dist-info", "-2!0+x.dist-info"]


def is_well_formed(line: str) -> bool:
    """Lines that neither are a section nor hold a sign: these stop `importlib.metadata` altogether."""
    line = line.strip()
    return not line or line.startswith("#") or "=" in line or (line.startswith("[") and line.endswith("]"))


texts = st.builds(
    lambda start, newline, lines: start + newline.join(lines),
    st.sampled_from(["", "[keylint]\n", "[keylint]\r\n", "\n[gui_scripts]\n"]),
    st.sampled_from(NEWLINES),
    st.lists(st.sampled_from(list(filter(is_well_formed, LINES))), max_size=8),
)
distributions = st.builds(
    lambda name, end, text, is_file: Written(name, end, text, is_file and "egg" in end),
    st.sampled_from(NAMES),
    st.sampled_from(ENDS),
    st.none() | texts,
    st.booleans(),
)
folders = st.lists(
    # Two of one name in one folder are a test of their own: there importlib.metadata takes what the directory gives.
    st.lists(distributions, max_size=4, unique_by=lambda one: one.key),
    min_size=1,
    max_size=4,
)


@settings(deadline=None)
@given(folders, st.lists(st.booleans(), min_size=4, max_size=4))
def test_finds_what_importlib_metadata_finds(layout: list[list[Written]], own: list[bool]) -> None:
    with tempfile.TemporaryDirectory() as root:
        path = []
        for number, written in enumerate(layout):
            folder = Path(root).resolve() / f"f{number}"
            folder.mkdir()
            for one in written:
                one.write(folder)
            path.append(str(folder))
        site_folders = [folder for folder, is_own in zip(path, own, strict=False) if is_own]

        found = find(path=path, site_folders=site_folders)

        whole = standard(path)
        assert bare(find(path=path, site_folders=path).accepted) == whole
        assert bare(find(path=path, site_folders=[]).refused) == whole
        assert bare(found.accepted) == standard(site_folders)
        assert bare(found.refused) == [point for point in whole if point[2] not in site_folders]


@pytest.mark.parametrize("group", ["console_scripts", "pytest11", "keylint", "distutils.commands", "no such group"])
def test_agrees_about_the_running_environment(group: str) -> None:
    standards = {(name, value) for name, value, _ in standard(sys.path, group)}
    found = find(group, site_folders=sys.path)

    assert set(pairs(found.accepted)) == standards
    assert found.refused == ()
    assert {*pairs(find(group).accepted), *pairs(find(group).refused)} >= standards


def test_tells_name_version_and_folder(tmp_path: Path) -> None:
    install(tmp_path, "b_pack-1.0.dist-info", metadata="Metadata-Version: 2.1\r\nname: B.Pack\r\nVersion: 1.0.0\r\n")
    install(tmp_path, "c-2.dist-info", metadata="Name: C\nName: again\n\nVersion: 9\n")
    install(tmp_path, "d-3-py3.11.egg-info", metadata="Name: D\nVersion: 3.0\n", file="PKG-INFO")
    install(tmp_path, "e.egg-info", "[keylint]\nz = z:Z [extra]\na = a\n")
    install(tmp_path, "a-4-py3.11.egg-info")
    folder = str(tmp_path)

    assert find(path=[folder], site_folders=[folder]) == Found(
        accepted=(
            EntryPoint("pack", "pack.rules:RULES", "a", "4", folder),
            EntryPoint("pack", "pack.rules:RULES", "B.Pack", "1.0.0", folder),
            EntryPoint("pack", "pack.rules:RULES", "C", "2", folder),
            EntryPoint("pack", "pack.rules:RULES", "D", "3.0", folder),
            EntryPoint("a", "a", "e", "", folder),
            EntryPoint("z", "z:Z [extra]", "e", "", folder),
        ),
        refused=(),
    )


def test_a_distribution_without_entry_points_hides_a_later_one_of_its_name(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    install(first, "Rules.Pack-2.dist-info", None)
    install(second, "rules_pack-1.dist-info")
    path = [str(first), str(second)]

    assert standard(path) == []
    assert find(path=path, site_folders=path) == Found((), ())


def test_what_lies_outside_never_hides_a_plugin(tmp_path: Path) -> None:
    outside, inside = tmp_path / "scanned", tmp_path / "site-packages"
    install(outside, "pack-2.dist-info", None)
    install(inside, "pack-1.dist-info")
    path = [str(outside), str(inside)]

    assert standard(path) == []
    assert bare(find(path=path, site_folders=path[1:]).accepted) == standard(path[1:]) != []


def test_a_plugin_and_its_own_source_folder_are_no_two_plugins(tmp_path: Path) -> None:
    """An editable install: the metadata in the site folder, the sources with their egg-info later on the path."""
    inside, sources = tmp_path / "site-packages", tmp_path / "src"
    install(inside, "pack-1.dist-info")
    install(sources, "pack.egg-info")
    path = [str(inside), str(sources)]

    assert bare(find(path=path, site_folders=path[:1]).accepted) == standard(path)
    assert find(path=path, site_folders=path[:1]).refused == ()


def test_versions_side_by_side_all_count(tmp_path: Path) -> None:
    install(tmp_path, "pack-1.dist-info", "[keylint]\nkept = pack:A\ngone = pack:B\n")
    install(tmp_path, "pack-2.dist-info", "[keylint]\nkept = pack:A\nnew = pack:C\n")
    install(tmp_path, "Pack-3.dist-info", None)
    path = [str(tmp_path)]

    found = find(path=path, site_folders=path).accepted

    assert [(point.name, point.value, point.version) for point in found] == [
        ("gone", "pack:B", "1"),
        ("kept", "pack:A", "1"),
        ("new", "pack:C", "2"),
    ]
    assert set(bare(found)) >= set(standard(path))


def test_the_same_folder_twice_counts_once(tmp_path: Path) -> None:
    """As with `lib64`, a link to `lib` in some virtual environments."""
    install(tmp_path / "lib", "pack-1.dist-info")
    (tmp_path / "lib64").symlink_to(tmp_path / "lib")
    path = [str(tmp_path / "lib"), str(tmp_path / "lib64")]

    assert bare(find(path=path, site_folders=path).accepted) == standard(path)


@pytest.mark.parametrize("label", [".dist-info", "-1.0.dist-info", "PACK-1.0.DIST-INFO", ".EGG-INFO"])
def test_a_folder_that_tells_no_name_is_named_by_its_metadata(tmp_path: Path, label: str) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    install(first, label, metadata="Metadata-Version: 2.1\nName: The-Rules\nVersion: 5\n")
    install(second, "the_rules-4.dist-info")
    path = [str(first), str(second)]

    found = find(path=path, site_folders=path).accepted

    assert found == (EntryPoint("pack", "pack.rules:RULES", "The-Rules", "5", str(first)),)
    assert bare(found) == standard(path)


def test_what_nothing_names_is_found_each_time(tmp_path: Path) -> None:
    path = [str(tmp_path / "first"), str(tmp_path / "second")]
    for folder in path:
        install(Path(folder), "-1.0.dist-info")

    found = find(path=path, site_folders=path).accepted

    assert [(point.distribution, point.folder) for point in found] == [("-1.0.dist-info", folder) for folder in path]


def test_eggs_are_looked_into(tmp_path: Path) -> None:
    egg = tmp_path / "pack-1.0-py3.11.egg"
    install(egg, "EGG-INFO", metadata="Metadata-Version: 1.0\nName: pack\nVersion: 1.0\n", file="PKG-INFO")
    install(tmp_path / "not-an-egg", "EGG-INFO")
    path = [str(egg), str(tmp_path / "not-an-egg")]

    assert bare(find(path=path, site_folders=[]).refused) == standard(path) != []
    assert find(path=path, site_folders=[str(tmp_path)]).accepted == ()


def test_the_empty_entry_is_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, "pack-1.dist-info")
    monkeypatch.chdir(tmp_path)

    assert pairs(find(path=[""], site_folders=[]).refused) == [("pack", "pack.rules:RULES")]
    assert find(path=[""], site_folders=[str(tmp_path)]).accepted[0].folder == ""
    assert len(standard([""])) == 1


def test_site_folders_are_compared_as_real_paths(tmp_path: Path) -> None:
    install(tmp_path / "real" / "site-packages", "pack-1.dist-info")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    real, link = str(tmp_path / "real" / "site-packages"), str(tmp_path / "link" / "site-packages")

    assert len(find(path=[link], site_folders=[real]).accepted) == 1
    assert len(find(path=[real], site_folders=[link]).accepted) == 1
    assert len(find(path=[real + "/"], site_folders=[f"{link}/../site-packages"]).accepted) == 1
    assert len(find(path=[f"{real}/.."], site_folders=[real]).accepted) == 0


def test_the_site_module_says_what_is_our_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    system, user = str(tmp_path / "site-packages"), str(tmp_path / "user")
    install(Path(system), "pack-1.dist-info")
    install(Path(user), "mine-1.dist-info")
    monkeypatch.setattr(sys, "path", [system, user])
    monkeypatch.setattr(site, "getsitepackages", lambda: [system])
    monkeypatch.setattr(site, "getusersitepackages", lambda: user)

    monkeypatch.setattr(site, "ENABLE_USER_SITE", True)
    assert [point.distribution for point in find().accepted] == ["mine", "pack"]
    for forbidden in (False, None):
        monkeypatch.setattr(site, "ENABLE_USER_SITE", forbidden)
        assert [point.distribution for point in find().accepted] == ["pack"]
        assert [point.distribution for point in find().refused] == ["mine"]


TELL = "import sys; sys.path.append({!r}); from keylint.entry_points import find; {}"
SHOW = "print(*(f'{p.distribution}:{kind}' for kind, part in zip('+-', find()) for p in part))"


def test_in_a_real_environment(tmp_path: Path) -> None:
    """The plugin of the environment is accepted; those of PYTHONPATH and of the current folder are refused."""
    venv.create(tmp_path / "env", symlinks=os.name != "nt")
    environment = {"base": str(tmp_path / "env"), "platbase": str(tmp_path / "env")}
    program = Path(sysconfig.get_path("scripts", "venv", environment)) / ("python.exe" if os.name == "nt" else "python")
    install(Path(sysconfig.get_path("purelib", "venv", environment)), "installed-1.dist-info")
    install(tmp_path / "on-pythonpath", "ambient-1.dist-info")
    install(tmp_path / "scanned", "scanned-1.dist-info")
    code = f"import os; os.chdir({str(tmp_path / 'scanned')!r}); {TELL.format(str(REPOSITORY), SHOW)}"
    ambient = {"PYTHONPATH": str(tmp_path / "on-pythonpath")}

    assert run("-c", code, program=program, **ambient).split() == ["installed:+", "ambient:-", "scanned:-"]
    assert run("-I", "-c", code, program=program, **ambient).split() == ["installed:+"]
    assert run("-S", "-c", code, program=program, **ambient).split() == ["ambient:-", "scanned:-"]
    assert run("-I", "-S", "-c", code, program=program, **ambient).split() == []


@pytest.mark.parametrize("flags", [[], ["-S"]])
def test_does_not_import_what_it_stands_in_for(flags: Sequence[str]) -> None:
    heavy = {"importlib.metadata", "email", "zipfile", "configparser", "csv", "pathlib", "dataclasses", "inspect"}
    code = f"{TELL.format(str(REPOSITORY), 'find()')}; print(*sorted(sys.modules.keys() - before))"

    loaded = run(*flags, "-c", f"import sys; before = set(sys.modules); {code}").split()

    assert "keylint.entry_points" in loaded
    assert not heavy & set(loaded)


def test_archives_are_left_to_importlib_metadata(tmp_path: Path) -> None:
    archive = tmp_path / "packs.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("pack-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: Pack\nVersion: 1.0\n")
        file.writestr("pack-1.0.dist-info/entry_points.txt", PACK.replace("\n", "\r\n"))
        file.writestr("mute-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: mute\nVersion: 1.0\n")
    later = tmp_path / "later"
    install(later, "mute-2.dist-info")
    path = [str(archive), str(later)]

    found = find(path=path, site_folders=[])

    assert found == Found((), (EntryPoint("pack", "pack.rules:RULES", "Pack", "1.0", str(archive)),))
    assert pairs(found.refused) == [(name, value) for name, value, _ in standard(path)]


def test_a_path_entry_that_is_nothing_declares_nothing(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text("", encoding="utf-8")
    path = [str(tmp_path / "python311.zip"), str(tmp_path / "script.py"), str(tmp_path / "script.py" / "in-it")]

    assert find(path=path, site_folders=path) == Found((), ())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"[keylint]\nn\xe9e = pack\n", "pack-1.dist-info: entry_points.txt cannot be read as UTF-8"),
        (PACK.encode("utf-16"), "pack-1.dist-info: entry_points.txt cannot be read as UTF-8"),
        (b"[other]\n\xff\n", "pack-1.dist-info: entry_points.txt cannot be read as UTF-8"),
        (b"[keylint]\npack\n", "pack-1.dist-info: entry_points.txt has a line without '=' in [keylint]"),
    ],
)
@pytest.mark.parametrize("own", [True, False])
def test_unreadable_text_is_not_passed_over(tmp_path: Path, text: bytes, says: str, *, own: bool) -> None:
    install(tmp_path, "pack-1.dist-info", text)

    with pytest.raises(UnreadableMetadata) as caught:
        find(path=[str(tmp_path)], site_folders=[str(tmp_path)] if own else [])
    assert str(caught.value) == says


def test_a_line_of_another_group_is_none_of_our_business(tmp_path: Path) -> None:
    install(tmp_path, "pack-1.dist-info", f"[other]\nno sign\n{PACK}[another]\nnone here\n")

    assert pairs(find(path=[str(tmp_path)], site_folders=[]).refused) == [("pack", "pack.rules:RULES")]


def test_a_value_that_names_nothing_is_told_as_it_stands(tmp_path: Path) -> None:
    """Python 3.15 refuses such a value when it reads it; whoever loads it has to."""
    install(tmp_path, "pack-1.dist-info", "[keylint]\na =\nb = not-a-module\nc = d = e\n")

    assert pairs(find(path=[str(tmp_path)], site_folders=[]).refused) == [
        ("a", ""),
        ("b", "not-a-module"),
        ("c", "d = e"),
    ]


def test_an_unreadable_file_is_not_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (install(tmp_path / "a", "pack-1.dist-info", None) / "entry_points.txt").mkdir()
    with pytest.raises(UnreadableMetadata, match=r"^pack-1\.dist-info: entry_points\.txt cannot be read as UTF-8$"):
        find(path=[str(tmp_path / "a")], site_folders=[])

    install(tmp_path / "b", "pack-1.dist-info")
    monkeypatch.setattr(entry_points, "FileIO", mock.Mock(side_effect=PermissionError("/a/path")))
    with pytest.raises(UnreadableMetadata, match=r"^pack-1\.dist-info: entry_points\.txt cannot be read as UTF-8$"):
        find(path=[str(tmp_path / "b")], site_folders=[])


@pytest.mark.parametrize("endless", ["/dev/zero", "huge"])
def test_no_file_is_read_without_end(tmp_path: Path, endless: str) -> None:
    with (tmp_path / "huge").open("wb") as huge:
        huge.truncate(1 << 34)
    place = install(tmp_path, "pack-1.dist-info", None)
    (place / "entry_points.txt").symlink_to(tmp_path / endless)

    with pytest.raises(UnreadableMetadata, match=r"^pack-1\.dist-info: entry_points\.txt cannot be read as UTF-8$"):
        find(path=[str(tmp_path)], site_folders=[])


def test_an_unreadable_archive_is_not_passed_over(tmp_path: Path) -> None:
    archive = tmp_path / "packs.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("pack-1.0.dist-info/METADATA", "Name: Pack\n")
        file.writestr("pack-1.0.dist-info/entry_points.txt", PACK)
    archive.write_bytes(archive.read_bytes().replace(b"pack.rules", b"pack.rulez"))  # its checksum is wrong now

    with pytest.raises(UnreadableMetadata, match=r"^packs\.zip: entry_points\.txt cannot be read as UTF-8$"):
        find(path=[str(archive)], site_folders=[])


def test_a_site_folder_that_cannot_be_listed_is_not_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = str(tmp_path / "site-packages")
    monkeypatch.setattr(os, "scandir", mock.Mock(side_effect=PermissionError(folder)))

    with pytest.raises(UnreadableMetadata, match=r"^site-packages: cannot be listed$"):
        find(path=[folder], site_folders=[folder])
    assert find(path=[folder], site_folders=[]) == Found((), ())
