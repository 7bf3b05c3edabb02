"""Trains on one, two and eight simulated devices; test_devices.py starts it as a process.

python -m tests.many_devices DIRECTORY
"""

import pathlib
import shutil
import sys

import jax
import numpy as np

from lstmjax import devices
from lstmjax.errors import UserError
from lstmjax.experiment import Experiment
from lstmjax.runs.workdir import read_log
from lstmjax.training.run import run
from tests import tiny

SPREAD = {1: 1, 16: 1, 31: 1, 32: 2, 48: 3, 50: 2, 51: 3, 53: 1, 64: 4, 100: 5, 999: 3, 1000: 8}


def losses(workdir: pathlib.Path) -> np.ndarray:
    """Training and validation losses of a run."""
    lines = read_log(workdir / "metrics.jsonl")
    return np.array([line.get("loss", line.get("valid", {}).get("loss")) for line in lines], float)


def on(count: int, experiment: Experiment, workdir: pathlib.Path) -> np.ndarray:
    """The losses of a run on some of the devices."""
    devices.available = lambda: jax.devices()[:count]
    assert len(run(experiment, workdir)["devices"]) == count
    return losses(workdir)


def go_on(count: int, experiment: Experiment, begun: pathlib.Path) -> np.ndarray:
    """The losses of a run that goes on, on so many devices, with the first half of another."""
    workdir = begun.with_name(f"{begun.name}-{count}")
    shutil.copytree(begun, workdir)
    shutil.rmtree(workdir / "checkpoints" / "12")
    return on(count, experiment, workdir)


def main(directory: pathlib.Path) -> None:
    """Compares them, and lets each go on with the other's checkpoint."""
    assert jax.device_count() == 8
    stream = tiny.text(directory, batch_size=8, evaluation_batch_size=8)
    seeds = tiny.echo(batch_size=8, seeds=2)
    for name, experiment, counts in (("stream", stream, (1, 2, 8)), ("seeds", seeds, (1, 8))):
        each = {count: on(count, experiment, directory / f"{name}{count}") for count in counts}
        for count in counts[1:]:
            # sums in another order; twelve updates of 1e-2
            np.testing.assert_allclose(each[count], each[1], rtol=1e-4)
    for begun, count in (("stream8", 1), ("stream1", 8)):
        resumed = go_on(count, stream, directory / begun)
        np.testing.assert_allclose(resumed, losses(directory / "stream1"), rtol=1e-4)
    try:
        on(8, tiny.echo(batch_size=12), directory / "uneven")
    except UserError as error:
        assert "batch_size 12 does not divide over 8 devices: take 8 or 16" in str(error), error
    else:
        raise AssertionError("a batch of 12 was divided by 8")
    devices._are_cores = lambda _: True
    devices.available = jax.devices
    for size, count in SPREAD.items():
        assert devices.mesh(size).size == count, size
    assert len(run(tiny.echo(batch_size=48), directory / "cores")["devices"]) == 3


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
