"""Programs on disk: used again, compiled anew when damaged, bounded; no bit of a run changes."""

import hashlib
import os
import pathlib
import subprocess
import sys

import pytest

from lstmjax import program_cache

ROOT = pathlib.Path(__file__).parent.parent


def train(home, workdir, *flags):
    environment = {
        name: value for name, value in os.environ.items() if name != "JAX_COMPILATION_CACHE_DIR"
    }
    environment |= {"XDG_CACHE_HOME": str(home), "JAX_PLATFORMS": "cpu"}
    small = [f"--set={name}=4" for name in ("steps", "batch_size", "evaluate_every")]
    small += ["--set=task.test_examples=10", "--set=task.valid_examples=10"]
    command = ["-m", "launch.train", "--config=vanilla_echo", f"--workdir={workdir}", *small]
    result = subprocess.run(
        [sys.executable, *command, *flags],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env=environment,
    )
    assert result.returncode == 0, result.stderr
    return result.stderr


def files(home):
    return {file: file.read_bytes() for file in home.glob("lstmjax/*/*") if file.is_file()}


def test_damaged_programs_are_compiled_anew_and_no_bit_changes(tmp_path):
    home = tmp_path / "home"
    told = train(home, tmp_path / "first")
    kept = files(home)
    entries = [file for file in kept if file.suffix != program_cache.SUFFIX]
    assert len(entries) > 3 and len(kept) == 2 * len(entries)  # each has its checksum
    damaged = entries[::2]
    for i, file in enumerate(damaged):
        whole = kept[file]
        middle = len(whole) // 2
        flipped = whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]
        file.write_bytes(whole[:middle] if i % 2 else flipped)
    foreign = entries[0].with_name("foreign")
    foreign.write_bytes(b"another program's file")

    again = train(home, tmp_path / "again")
    assert again.replace("again", "first").count("\n") == told.count("\n")  # not a word of it
    assert (tmp_path / "again" / "metrics.jsonl").read_bytes() == (
        tmp_path / "first" / "metrics.jsonl"
    ).read_bytes()
    now = files(home)
    assert now.keys() == kept.keys()  # nothing else was compiled, and all is whole again
    for file in set(entries) - set(damaged):
        assert now[file] == kept[file]
    for file in damaged:  # the checksum is of what is there now
        checksum = now[file.with_name(file.name + program_cache.SUFFIX)].decode()
        assert checksum == hashlib.sha256(now[file]).hexdigest()


@pytest.fixture
def alone(tmp_path, monkeypatch):
    """As in a process that has not compiled yet; what it would set in JAX, by name."""
    chosen = {}
    monkeypatch.setattr(program_cache, "_folder", None)
    monkeypatch.setattr(program_cache.jax.config, "update", chosen.__setitem__)
    monkeypatch.setattr(program_cache.atexit, "register", lambda _: None)
    monkeypatch.setattr(type(program_cache.jax.config), "jax_compilation_cache_dir", None)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("LSTMJAX_CACHE", raising=False)
    return chosen


def test_the_oldest_go_first(alone, tmp_path, monkeypatch):
    program_cache.keep_programs()
    folder = pathlib.Path(alone["jax_compilation_cache_dir"])
    assert folder.parent == tmp_path / "lstmjax"
    for age in range(4):
        (folder / f"program{age}").write_bytes(bytes(100))
        os.utime(folder / f"program{age}", (1e9 - age, 1e9 - age))
    program_cache.seal()
    monkeypatch.setattr(program_cache, "MOST_BYTES", 250)
    monkeypatch.setattr(program_cache, "_folder", None)
    program_cache.keep_programs()
    assert {file.name for file in folder.iterdir()} == {
        "program0", "program0.sha256", "program1", "program1.sha256"
    }  # fmt: skip


def test_processors_have_folders_of_their_own(alone, monkeypatch):
    program_cache.keep_programs()
    here = alone["jax_compilation_cache_dir"]
    monkeypatch.setattr(program_cache, "_folder", None)
    monkeypatch.setattr(program_cache.platform, "machine", lambda: "another")
    program_cache.keep_programs()
    assert alone["jax_compilation_cache_dir"] != here


@pytest.mark.parametrize("cause", ["off", "a file in the way"])
def test_a_run_goes_without(cause, alone, tmp_path, monkeypatch):
    if cause == "off":
        monkeypatch.setenv("LSTMJAX_CACHE", "off")
    else:
        (tmp_path / "lstmjax").write_text("")
    program_cache.keep_programs()
    assert not alone and program_cache._folder is None
