"""The wheel as its user has it: installed somewhere, run in an empty folder."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import zipfile

import pytest

ROOT = pathlib.Path(__file__).parent.parent


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder with what the wheel puts into site-packages."""
    copy = tmp_path_factory.mktemp("source") / "lstmjax"
    copy.mkdir()
    for folder in ("lstmjax", "launch", "configs", "docs"):
        shutil.copytree(ROOT / folder, copy / folder)
    for file in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / file, copy)
    program = "from setuptools import build_meta; print(build_meta.build_wheel('.'))"
    built = subprocess.run(
        [sys.executable, "-c", program], cwd=copy, capture_output=True, text=True
    )
    assert built.returncode == 0, built.stderr
    site = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(copy / built.stdout.splitlines()[-1]) as wheel:
        wheel.extractall(site)
    return site


def call(site, folder, *arguments):
    environment = os.environ | {"PYTHONPATH": str(site), "JAX_PLATFORMS": "cpu"}
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, capture_output=True, text=True, env=environment
    )


def test_a_wheel_holds_the_commands_and_configs_inside_the_package(site):
    tops = {path.name for path in site.iterdir()}
    assert {name.partition("-")[0] for name in tops} == {"lstmjax"}, tops
    for folder in ("launch", "configs", "lstmjax"):
        inside = site / "lstmjax" / (folder if folder != "lstmjax" else "")
        for file in (ROOT / folder).rglob("*.py"):
            assert (inside / file.relative_to(ROOT / folder)).read_bytes() == file.read_bytes()
    assert (site / "lstmjax" / "py.typed").exists()
    page = ROOT / "lstmjax" / "exchange" / "page"
    for file in [*page.iterdir(), *(ROOT / "docs").glob("[0-9]_*.md")]:
        inside = file.relative_to(ROOT / "lstmjax" if file.parent == page else ROOT)
        assert (site / "lstmjax" / inside).read_bytes() == file.read_bytes()
    (entry_points,) = site.glob("*.dist-info/entry_points.txt")
    assert "lstmjax = lstmjax.__main__:main" in entry_points.read_text()


def test_a_wheel_trains_in_an_empty_folder(site, tmp_path):
    small = [f"--set={name}=2" for name in ("steps", "batch_size", "evaluate_every")]
    small += ["--set=task.test_examples=10", "--set=task.valid_examples=10"]
    trained = call(
        site, tmp_path, "-m", "lstmjax", "train", "--config=vanilla_echo", "--workdir=w", *small
    )
    assert trained.returncode == 0, trained.stderr
    assert json.loads((tmp_path / "w" / "report.json").read_text())["steps"] == 2
    listed = call(site, tmp_path, "-m", "lstmjax")
    assert listed.returncode == 0 and "evaluate" in listed.stdout
    where = call(site, tmp_path, "-c", "import lstmjax; print(lstmjax.__file__)")
    assert where.stdout.startswith(str(site)), where.stdout
    unknown = call(site, tmp_path, "-m", "lstmjax", "trian")
    assert unknown.returncode == 2 and "error: 'trian' is no command" in unknown.stderr
