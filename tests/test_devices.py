"""Several devices and several processes, each in processes of their own."""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import unittest.mock

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.experimental import multihost_utils

from lstmjax import devices, programs
from lstmjax.errors import UserError
from lstmjax.training.steps import compile_advance, init_state
from tests import tiny
from tests.conftest import FAST_COMPILATION
from tests.many_devices import losses

ROOT = pathlib.Path(__file__).parent.parent


def start(*command, simulated=1, **environment):
    environment |= {"JAX_PLATFORMS": "cpu"}
    flags = f"--xla_force_host_platform_device_count={simulated} {FAST_COMPILATION}"
    return subprocess.Popen(
        [sys.executable, "-m", *map(str, command)],
        cwd=ROOT,
        env=os.environ | {"XLA_FLAGS": flags} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(*processes):
    """Their (stdout, stderr), once all have ended well."""
    told = [process.communicate(timeout=600) for process in processes]
    codes = [process.returncode for process in processes]
    assert not any(codes), (codes, *(errors for _, errors in told))
    return told


def test_one_two_and_eight_devices_give_the_same_losses_and_exchange_checkpoints(tmp_path):
    finish(start("tests.many_devices", tmp_path, simulated=8))


@pytest.fixture
def train(tmp_path):
    """Trains a text with the command, in one process or in two, told of each other or by Slurm."""
    tiny.text(tmp_path)
    config = tmp_path / "config.py"
    config.write_text(
        "import pathlib\nfrom tests import tiny\n\ndef get_config():\n"
        f"    return tiny.text(pathlib.Path({str(tmp_path)!r}))\n"
    )

    def train(workdir, processes, slurm=False):
        command = ["launch.train", f"--config={config}", f"--workdir={workdir}"]
        if processes == 1:
            return finish(start(*command))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = str(free.getsockname()[1])
        if slurm:  # what srun --ntasks=2 sets
            job = {"SLURM_JOB_ID": "7", "SLURM_STEP_NODELIST": "127.0.0.1", "SLURM_NTASKS": "2"}
            job |= {"JAX_COORDINATOR_PORT": port}
            tasks = ({"SLURM_PROCID": str(i), "SLURM_LOCALID": str(i)} for i in range(2))
            return finish(*(start(*command, **job, **task) for task in tasks))
        where = [f"--coordinator_address=127.0.0.1:{port}", f"--num_processes={processes}"]
        ids = (f"--process_id={i}" for i in range(processes))
        return finish(*(start(*command, *where, id) for id in ids))

    return train


def test_two_processes_train_as_one_and_exchange_checkpoints(train, tmp_path):
    train(tmp_path / "one", 1)
    (spoken, _), (silent, _) = train(tmp_path / "two", 2)
    assert "perplexity" in spoken and "perplexity" not in silent
    expected = losses(tmp_path / "one")
    np.testing.assert_allclose(losses(tmp_path / "two"), expected, rtol=1e-4)
    for begun, processes in (("one", 2), ("two", 1)):
        workdir = tmp_path / f"{begun}-then-{processes}"
        shutil.copytree(tmp_path / begun, workdir)
        shutil.rmtree(workdir / "checkpoints" / "12")
        train(workdir, processes, slurm=True)
        np.testing.assert_allclose(losses(workdir), expected, rtol=1e-4)


def test_the_commands_take_the_cores(tmp_path):
    """Nothing said, a batch is spread over the cores; its losses are those of one device."""
    config = tmp_path / "config.py"
    config.write_text(
        "from tests import tiny\n\ndef get_config():\n    return tiny.echo(batch_size=32)\n"
    )
    command = ["launch.train", f"--config={config}"]
    finish(start(*command, f"--workdir={tmp_path / 'cores'}", XLA_FLAGS=FAST_COMPILATION))
    finish(start(*command, f"--workdir={tmp_path / 'one'}"))
    reports = {
        name: json.loads((tmp_path / name / "report.json").read_text()) for name in ("cores", "one")
    }
    assert len(reports["one"]["devices"]) == 1
    assert len(reports["cores"]["devices"]) == min(2, devices.visible_cores())
    np.testing.assert_allclose(losses(tmp_path / "cores"), losses(tmp_path / "one"), rtol=1e-4)
    evaluate = start(
        "launch.evaluate", f"--workdir={tmp_path / 'cores'}", XLA_FLAGS=FAST_COMPILATION
    )
    ((told, _),) = finish(evaluate)
    assert f"{reports['cores']['test']['accuracy']['mean']:.4g}" in told


def test_what_is_gathered_is_exact(monkeypatch):
    def allgather(values):
        return np.stack([jnp.asarray(values)] * 2)  # through a device, which has no 64 bits

    monkeypatch.setattr(jax, "process_count", lambda: 2)
    monkeypatch.setattr(multihost_utils, "process_allgather", allgather)
    values = [2**24 + 1, 2**30 - 1, -1, 0.1]
    np.testing.assert_array_equal(devices.gather(values), [values] * 2)


def test_processes_are_given_whole_or_not_at_all():
    with pytest.raises(UserError, match="go together"):
        devices.start_processes("127.0.0.1:1", None, 0)
    with pytest.raises(UserError, match="--process_id 2 must be below --num_processes 2"):
        devices.start_processes("127.0.0.1:1", 2, 2)


def test_short_programs_give_the_bits_of_long_ones(monkeypatch):
    """Training the same steps with and without fusion emitters: a setting of the compiler alone."""
    experiment = tiny.echo().resolve()
    data, after = experiment.task.load(), []
    for most in (0, devices.SHORT):
        monkeypatch.setattr(devices, "SHORT", most)
        programs.forget()
        state = init_state(experiment, data)
        state, log = compile_advance(experiment, data, state)(state, 0, 2)
        after.append(jax.device_get((state.params, log["loss"])))
    chex.assert_trees_all_equal(*after)


def test_what_is_short_depends_on_the_work_and_not_on_the_seeds(monkeypatch):
    asked, found = [], {}

    def compiled_never(function, short, **settings):
        asked.append(short)
        return unittest.mock.Mock()

    for seeds in (1, 3):
        experiment = tiny.echo(seeds=seeds, steps=4).resolve()
        data = experiment.task.load()
        state = init_state(experiment, data)
        weights = sum(leaf.size for leaf in jax.tree.leaves(state.params)) // seeds
        work = weights * 4 * experiment.batch_size * experiment.task.length
        for most in (work, work + 1):
            programs.forget()
            with monkeypatch.context() as patched:
                patched.setattr(devices, "SHORT", most)
                patched.setattr(devices, "jit", compiled_never)
                compile_advance(experiment, data, state)
            found[seeds, most - work] = asked[-1]
    programs.forget()
    assert found == {(1, 0): False, (1, 1): True, (3, 0): False, (3, 1): True}


def test_an_option_that_the_compiler_does_not_know_is_left_out():
    assert devices._is_known("xla_backend_optimization_level", 1)
    assert not devices._is_known("xla_of_another_age", 1)
