"""Checkpoints that were damaged, belong elsewhere, or find no room."""

import gc
import json
import os
import pathlib
import shutil
import subprocess
import sys

import numpy as np
import pytest

from lstmjax.errors import UserError
from lstmjax.models.vanilla import Vanilla
from lstmjax.runs import integrity
from lstmjax.runs.checkpoints import Checkpoints, restore_best
from lstmjax.runs.workdir import Workdir
from lstmjax.training.steps import State, init_state
from tests import tiny
from tests.tiny import run
from tests.training.test_run import files, what_must_be_equal


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A directory with checkpoints 6 and 12, of which 12 is the best."""
    directory = tmp_path_factory.mktemp("finished")
    run(tiny.echo(), directory, pictures=True)
    return directory


@pytest.fixture
def workdir(finished, tmp_path):
    shutil.copytree(finished, tmp_path / "run")
    return tmp_path / "run"


def truncate(file):
    file.write_bytes(file.read_bytes()[:-1])


def empty(file):
    file.write_bytes(b"")


def remove(file):
    file.unlink()


def flip(file, bit=0):
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1 << bit
    file.write_bytes(content)


@pytest.mark.parametrize("damage", [truncate, empty, remove, flip])
def test_damage_to_any_file_is_found(damage, workdir):
    """To the digests' own file, too."""
    checkpoint = workdir / "checkpoints" / "12"
    inside = [path for path in files(checkpoint) if path.stat().st_size]
    assert len(inside) > 15
    assert integrity.fault(checkpoint) is None
    for file in inside:
        content = file.read_bytes()
        damage(file)
        assert integrity.fault(checkpoint), f"{damage.__name__} {file}"
        file.write_bytes(content)
    assert integrity.fault(checkpoint) is None


def test_every_flipped_bit_of_the_digests_is_found(workdir):
    checkpoint = workdir / "checkpoints" / "12"
    sums = checkpoint / integrity.SUMS
    whole = sums.read_bytes()
    for place in range(0, len(whole), 211):
        for bit in range(8):
            changed = bytearray(whole)
            changed[place] ^= 1 << bit
            sums.write_bytes(changed)
            assert integrity.fault(checkpoint), f"bit {bit} of byte {place}"


def test_a_run_falls_back_to_the_checkpoint_before_and_ends_the_same(workdir, finished, capsys):
    shutil.rmtree(workdir / "figures")
    file = next((workdir / "checkpoints" / "12" / "params" / "d").iterdir())
    before = files(workdir / "checkpoints" / "6")
    flip(file)
    run(tiny.echo(), workdir, pictures=True)
    told = capsys.readouterr().err
    assert f"checkpoint 12 is damaged (params/d/{file.name} differs" in told
    assert "set aside as 12.damaged; the newest intact one is 6" in told
    assert "going on from step 6" in told
    assert files(workdir / "checkpoints" / "6") == before
    assert (workdir / "checkpoints" / "12.damaged").is_dir()
    assert what_must_be_equal(workdir) == what_must_be_equal(finished)


def test_all_is_on_the_disk_before_a_checkpoint_appears(tmp_path, monkeypatch):
    """Its files and directories, and the log; then that it is there."""
    synced, held, genuine = set(), [], os.fsync

    def sync(opened):
        genuine(opened)
        synced.add(os.fstat(opened).st_ino)

    def rename(source, target, plain=pathlib.Path.rename):
        needed = [source, *source.rglob("*"), tmp_path, tmp_path / "metrics.jsonl"]
        held.append([path for path in needed if path.stat().st_ino not in synced])
        synced.clear()
        return plain(source, target)

    zeros = {"w": np.zeros(3)}
    state = State(np.int32(6), zeros, zeros, np.zeros(2), None, np.int32(0))
    experiment = tiny.echo().resolve()
    with Workdir(tmp_path, experiment) as workdir, Checkpoints(workdir.checkpoints) as checkpoints:
        workdir.log({"step": 6, "loss": 1.0, "gradient_norm": 1.0})
        monkeypatch.setattr(os, "fsync", sync)
        monkeypatch.setattr(pathlib.Path, "rename", rename)
        workdir.wait_for_disk()
        checkpoints.save(state, experiment, 1.0, {})
    assert held[-1] == [] and synced == {workdir.checkpoints.stat().st_ino}


def test_reading_passes_a_damaged_checkpoint_over_and_leaves_it(workdir, capsys):
    truncate(workdir / "checkpoints" / "12" / "checkpoint.json")
    before = files(workdir)
    assert restore_best(workdir)[2] == 6
    assert "checkpoint 12 is damaged (checkpoint.json differs" in capsys.readouterr().err
    assert files(workdir) == before


def test_without_an_intact_checkpoint_nothing_is_touched(workdir):
    for step in ("6", "12"):
        flip(workdir / "checkpoints" / step / "experiment.json")
    before = files(workdir)
    with pytest.raises(UserError, match="no checkpoint is intact .*6: experiment.json differs"):
        run(tiny.echo(), workdir)
    with pytest.raises(UserError, match="no checkpoint is intact"):
        restore_best(workdir)
    assert files(workdir) == before


def test_only_intact_checkpoints_count_as_the_newest_that_are_kept(workdir):
    experiment = tiny.echo().resolve()
    state = init_state(experiment, experiment.task.load())
    flip(workdir / "checkpoints" / "12" / "checkpoint.json")
    with Checkpoints(workdir / "checkpoints") as checkpoints:
        checkpoints.save(state.replace(step=np.int32(13)), experiment, None, {})
    kept = {path.name for path in (workdir / "checkpoints").iterdir()}
    assert kept == {"6", "12.damaged", "13"}


@pytest.mark.parametrize(
    "change, message",
    [
        ({"layout": 2}, "layout 2 of a newer lstmjax, this one reads layout 1"),
        ({"layout": 0}, "layout 0 of an older lstmjax"),
        ({"arrays": {"step": "int32[]"}}, r"params.Dense_0.bias: absent -> float32\[6\]"),
    ],
)
def test_another_layout_is_refused_and_the_difference_named(change, message, workdir):
    checkpoint = workdir / "checkpoints" / "12"
    about = json.loads((checkpoint / "checkpoint.json").read_text())
    (checkpoint / "checkpoint.json").write_text(json.dumps(about | change))
    integrity.seal(checkpoint)
    before = files(workdir)
    with pytest.raises(UserError, match=message):
        run(tiny.echo(), workdir)
    assert files(workdir) == before


def test_what_another_version_wrote_is_no_damage(workdir):
    for name in ("checkpoint.json", integrity.SUMS):
        (workdir / "checkpoints" / "12" / name).unlink()
    before = files(workdir)
    with pytest.raises(UserError, match="another version of lstmjax made it"):
        run(tiny.echo(), workdir)
    assert files(workdir) == before


def test_a_checkpoint_of_another_experiment_is_refused(workdir, tmp_path):
    run(tiny.echo(steps=6, model=Vanilla(features=9)), tmp_path / "other")
    shutil.rmtree(workdir / "checkpoints" / "6")
    (tmp_path / "other" / "checkpoints" / "6").rename(workdir / "checkpoints" / "24")
    with pytest.raises(UserError, match="model.features: 9 -> 8"):
        run(tiny.echo(), workdir)


FORBIDDEN = ("pickle.find_class", "os.system", "subprocess.Popen")
_forbid = []  # an audit hook stays for good: this list turns it on


def _hook(event, _):
    if _forbid and event in FORBIDDEN:
        raise RuntimeError(f"{event} while a checkpoint is restored")


def test_restoring_runs_no_code(workdir):
    sys.addaudithook(_hook)
    experiment = tiny.echo().resolve()
    state = init_state(experiment, experiment.task.load())
    _forbid.append(True)
    try:
        with pytest.raises(RuntimeError, match="pickle"):  # the hook works
            import pickle

            pickle.loads(b"cbuiltins\nprint\n.")
        with Checkpoints(workdir / "checkpoints") as checkpoints:
            checkpoints.restore(state, experiment, 12)
        restore_best(workdir)
    finally:
        _forbid.clear()


def test_a_full_disk_ends_in_one_line_and_leaves_what_was_there(workdir, tmp_path):
    """As a limit on the size of files, which a checkpoint exceeds and the log does not."""
    shutil.rmtree(workdir / "checkpoints" / "12")
    before = files(workdir / "checkpoints" / "6")
    config = tmp_path / "config.py"
    config.write_text("from tests import tiny\n\ndef get_config():\n    return tiny.echo()\n")
    limited = (
        "import resource, runpy; resource.setrlimit(resource.RLIMIT_FSIZE, (2500, 2500)); "
        "runpy.run_module('launch.train', run_name='__main__', alter_sys=True)"
    )
    result = subprocess.run(
        [sys.executable, "-c", limited, f"--config={config}", f"--workdir={workdir}"],
        env=os.environ | {"JAX_PLATFORMS": "cpu"},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 1
    (fault,) = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert "checkpoint 12 could not be saved (File too large); earlier ones are intact" in fault
    assert result.stderr.strip().endswith(fault) and "Traceback" not in result.stderr
    assert files(workdir / "checkpoints" / "6") == before
    kept = {path.name for path in (workdir / "checkpoints").iterdir()}
    assert kept <= {"6", ".12"}  # orbax may go on writing into what the next run clears away


def test_saving_again_and_again_takes_no_memory(tmp_path):
    """In Python's objects: each save left 48 behind when tensorstore kept its numbers."""
    experiment = tiny.echo().resolve()
    state = init_state(experiment, experiment.task.load())
    gc.collect()
    gc.freeze()  # what other tests left is not looked at again and again
    with Checkpoints(tmp_path / "checkpoints") as checkpoints:
        counts = []
        for step in range(9):
            checkpoints.save(state.replace(step=state.step + step), experiment, 1.0, {})
            gc.collect()
            counts.append(len(gc.get_objects()))
    gc.unfreeze()
    assert counts[8] - counts[3] < 120, counts
