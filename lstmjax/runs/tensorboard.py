"""The log of a run for TensorBoard, written anew from `metrics.jsonl`."""

import pathlib
import shutil

import numpy as np

from lstmjax.errors import UserError
from lstmjax.runs.workdir import read_log


def to_tensorboard(workdir: pathlib.Path, directory: pathlib.Path) -> None:
    """Writes every number of the log as a scalar: `train/loss`, `valid/accuracy`, ...

    With several seeds each is a series of its own, `train/loss/seed_0`. What was in the directory
    is replaced, so that after a resumed run nothing stands twice.

    Args:
      workdir: of the run.
      directory: for TensorBoard's files.

    Raises:
      UserError: tensorboardX is not installed.
    """
    try:
        from tensorboardX import SummaryWriter
    except ImportError:
        raise UserError(
            "TensorBoard's files are written by tensorboardX: pip install tensorboardX"
        ) from None
    for old in directory.glob("events.out.tfevents.*"):
        old.unlink() if old.is_file() else shutil.rmtree(old)
    with SummaryWriter(str(directory)) as writer:
        for line in read_log(workdir / "metrics.jsonl"):
            part = "valid" if "valid" in line else "train"
            scores = line["valid"] if part == "valid" else line
            for name, value in scores.items():
                if name == "step":
                    continue
                for seed, number in enumerate(np.atleast_1d(np.asarray(value, float))):
                    each = f"/seed_{seed}" if np.ndim(value) else ""
                    writer.add_scalar(f"{part}/{name}{each}", number, line["step"])
