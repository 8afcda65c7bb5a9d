"""However it was installed: in an archive that Python runs, or without what it needs."""

from __future__ import annotations

import compileall
import py_compile
import shutil
import subprocess
import sys
import zipapp
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import ptelist
from ptelist.scenario.presets import shipped

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

PACKAGE = Path(ptelist.__file__).parent


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a zipapp of the package; what it needs is beside it, in this environment."""
    folder = tmp_path_factory.mktemp("archive")
    shutil.copytree(PACKAGE, folder / "tree/ptelist", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(shipped.root(), folder / "tree/ptelist/preset_data", dirs_exist_ok=True)
    how = py_compile.PycInvalidationMode.UNCHECKED_HASH  # compiled once, not at each start
    compileall.compile_dir(folder / "tree", quiet=1, legacy=True, invalidation_mode=how)
    zipapp.create_archive(folder / "tree", folder / "ptelist.pyz", main="ptelist.__main__:main")
    return folder / "ptelist.pyz"


@pytest.mark.parametrize(
    "words",
    [
        "--version",
        "compare --vcpus 256 --ext 2,14",
        "where --format html",
        "compare --kernel 5.10.250,6.1 --proposal shrink-tdp --format json",
        "presets list",
        "presets show server-64",
        "help",
        "help fields",
        "compare --format nothing",
        "compare --kernel 7.99",
        "help nothing",
    ],
)
def test_an_archive_says_the_same(words: str, archive: Path, run: Callable[..., Result]) -> None:
    done = subprocess.run([sys.executable, archive, *words.split()], capture_output=True, encoding="utf-8", check=False)
    here = run(*words.split())
    assert (done.returncode, done.stdout, done.stderr) == (here.exit_code, here.stdout, here.stderr)


def test_an_archive_has_the_presets_in_it(archive: Path) -> None:
    done = subprocess.run(
        [sys.executable, archive, "presets", "path", "6.1"], capture_output=True, encoding="utf-8", check=True
    )
    assert done.stdout == f"{archive}/ptelist/preset_data/kernels/6.1.toml\n"


WITHOUT = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            raise ModuleNotFoundError("No module named " + repr(name), name=name)

sys.meta_path.insert(0, Missing())
from ptelist.__main__ import main
main()
"""


@pytest.mark.parametrize(
    ("module", "words"),
    [
        ("click", "--version"),
        ("pydantic", "compare mine.toml"),
        ("rich", "compare --format terminal"),
        ("tabulate", "compare --format markdown"),
    ],
)
def test_what_is_not_installed_is_named_in_one_line(module: str, words: str, tmp_path: Path) -> None:
    """As after pip install --no-deps."""
    (tmp_path / "mine.toml").write_text("[vm]\nvcpus = 8\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT.format(module=module), *words.split()],
        capture_output=True,
        encoding="utf-8",
        check=False,
        cwd=tmp_path,
    )
    line = f"ptelist: {module} is not installed: pip install ptelist brings all that is needed\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", line)


def test_what_cannot_be_loaded_is_named_in_one_line(tmp_path: Path) -> None:
    """As the compiled part of pydantic, from an archive, or any part of another version."""
    (tmp_path / "pydantic").mkdir()
    (tmp_path / "pydantic/__init__.py").write_text("from pydantic.other import missing\n", encoding="utf-8")
    (tmp_path / "pydantic/other.py").touch()
    (tmp_path / "mine.toml").write_text("[vm]\nvcpus = 8\n", encoding="utf-8")
    code = "import sys; sys.path.insert(0, ''); from ptelist.__main__ import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "compare", "mine.toml"],
        capture_output=True,
        encoding="utf-8",
        check=False,
        cwd=tmp_path,
    )
    line = "ptelist: pydantic cannot be loaded: pip install ptelist brings all that is needed\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", line)
