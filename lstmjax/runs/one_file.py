"""A trained model as one `.safetensors` file: parameters, experiment and report.

Its tensors are the parameters by name, `LSTM_0.cell.hf.kernel`. Its metadata are texts:
`experiment` and `report` in JSON, and `step`, the updates done. Any reader of safetensors opens it.
"""

import dataclasses
import json
import pathlib
from typing import Any

import jax
import numpy as np

from lstmjax.errors import UserError, needed
from lstmjax.experiment import Experiment
from lstmjax.files import write_bytes


def write(
    path: pathlib.Path,
    experiment: Experiment,
    params: Any,
    step: int = 0,
    report: dict[str, Any] | None = None,
) -> None:
    """Writes the file; it appears whole or not at all.

    Args:
      path: of the file.
      experiment: what the parameters belong to; of several seeds, they are the first one's.
      params: one seed's.
      step: updates done.
      report: what `report.json` holds, if the run has ended.

    Raises:
      UserError: safetensors is missing, or the file cannot be written.
    """
    safetensors = needed("safetensors.numpy", "exchange")
    single = dataclasses.replace(experiment, seeds=1)
    metadata = {"format": "lstmjax", "step": str(step), "experiment": json.dumps(single.to_json())}
    if report is not None:
        metadata["report"] = json.dumps(report)
    arrays = {  # in the order of the axes: a transposed view would be written as it lies in memory
        jax.tree_util.keystr(place, simple=True, separator="."): np.ascontiguousarray(leaf)
        for place, leaf in jax.tree_util.tree_leaves_with_path(params)
    }
    write_bytes(path, safetensors.save(arrays, metadata))


def read(path: pathlib.Path) -> tuple[Experiment, Any, int]:
    """The experiment, its parameters, and the updates done.

    Raises:
      UserError: it is no such file, or names classes that are not here.
    """
    metadata, arrays = _open(path)
    params: dict[str, Any] = {}
    for name, array in arrays.items():
        *outer, leaf = name.split(".")
        inside = params
        for part in outer:
            inside = inside.setdefault(part, {})
        inside[leaf] = array
    return (
        Experiment.from_json(json.loads(metadata["experiment"]), str(path)),
        params,
        int(metadata["step"]),
    )


def read_report(path: pathlib.Path) -> dict[str, Any]:
    """The report in a file; UserError if it has none."""
    metadata, _ = _open(path)
    if "report" not in metadata:
        raise UserError(f"{path} holds no report: the run had not ended when it was written")
    return json.loads(metadata["report"])


def _open(path: pathlib.Path) -> tuple[dict[str, str], dict[str, np.ndarray]]:
    safetensors = needed("safetensors", "exchange")
    try:
        with safetensors.safe_open(path, "numpy") as file:
            metadata = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, safetensors.SafetensorError) as error:
        raise UserError(f"{path} cannot be read as safetensors: {error}") from error
    if metadata.get("format") != "lstmjax":
        raise UserError(
            f"{path} holds weights without an experiment; lstmjax.from_torch reads PyTorch's"
        )
    return metadata, arrays
