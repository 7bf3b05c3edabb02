"""Inside a trained LSTM: its gates, candidate and memory while it reads one sequence."""

import pathlib
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from matplotlib.patches import Rectangle

from lstmjax import devices
from lstmjax.experiment import Experiment
from lstmjax.figures import style
from lstmjax.tasks.base import Data

EXAMPLES = 512  # test sequences that the gates are averaged over


class Trace(NamedTuple):
    """What one LSTM layer computes at every step, each (*batch, time, features)."""

    input_gate: Array
    forget_gate: Array
    output_gate: Array
    candidate: Array
    memory: Array  # c after the step
    output: Array  # h after the step


def trace(cell: dict[str, Any], inputs: Array) -> Trace:
    """Runs an LSTM from a zero carry and keeps everything, by the equations in `scan_lstm`.

    Args:
      cell: OptimizedLSTMCell's parameter tree.
      inputs: (*batch, time, width).
    """

    def step(carry: tuple[Array, Array], now: Array) -> tuple[tuple[Array, Array], Trace]:
        memory, output = carry
        blocks = {
            gate: now @ cell[f"i{gate}"]["kernel"]
            + output @ cell[f"h{gate}"]["kernel"]
            + cell[f"h{gate}"]["bias"]
            for gate in "ifgo"
        }
        into, keep, out = (jax.nn.sigmoid(blocks[gate]) for gate in "ifo")
        candidate = jnp.tanh(blocks["g"])
        memory = keep * memory + into * candidate
        output = out * jnp.tanh(memory)
        return (memory, output), Trace(into, keep, out, candidate, memory, output)

    zeros = jnp.zeros((*inputs.shape[:-2], *cell["hi"]["bias"].shape))
    _, traced = jax.lax.scan(step, (zeros, zeros), jnp.moveaxis(inputs, -2, 0))
    return Trace(*(jnp.moveaxis(values, 0, -2) for values in traced))


def gates(experiment: Experiment, data: Data, params: Any, path: pathlib.Path) -> str:
    """Gates, candidate and memory over one echo sequence: a row a unit, a column a step.

    Args:
      experiment: with the task Echo and the model Vanilla.
      data: the task's.
      params: of one seed.
      path: the PNG file to write.
    """
    indices = jnp.arange(min(EXAMPLES, data.sizes["test"]))
    batch = experiment.task.batch(data.arrays, "test", indices)
    traced = jax.tree.map(np.asarray, devices.jit(trace)(params["LSTM_0"]["cell"], batch.inputs))
    outputs, _ = devices.jit(experiment.apply)(params, batch)
    answers, symbols = np.asarray(outputs.argmax(-1)), np.asarray(batch.inputs.argmax(-1))
    # the first sequence in which no symbol, or as few as may be, comes twice
    shown = max(range(len(symbols)), key=lambda row: len(set(symbols[row])))
    wanted = experiment.task.position
    units = np.argsort(-traced.memory[shown, -1])
    panels = {
        "input gate": (traced.input_gate, 1),
        "forget gate": (traced.forget_gate, 1),
        "output gate": (traced.output_gate, 1),
        "candidate": (traced.candidate, 0),
        "memory": (traced.memory, 0),
    }
    with style.picture(path, 4.4) as figure:
        columns = figure.subplots(1, len(panels), sharey=True)
        for axes, (name, (values, is_gate)) in zip(columns, panels.items(), strict=True):
            heat = values[shown][:, units].T  # (features, time)
            most = 1 if is_gate else max(1, np.abs(heat).max())
            image = axes.imshow(
                heat,
                cmap=style.AMOUNT if is_gate else style.SIGNED,
                vmin=0 if is_gate else -most,
                vmax=most,
                aspect="auto",
            )
            axes.set_title(name, fontsize=10)
            axes.set_xticks(range(len(symbols[shown])), symbols[shown])
            axes.tick_params(length=0)
            axes.get_xticklabels()[wanted].set(color=style.VERMILLION, weight="bold")
            # around the step whose symbol is to be echoed
            edge = (wanted - 0.5, -0.5), 1, len(units)
            axes.add_patch(
                Rectangle(
                    *edge, fill=False, edgecolor=style.VERMILLION, linewidth=1.5, clip_on=False
                )
            )
            axes.spines[:].set_visible(False)
            bar = figure.colorbar(image, ax=axes, location="bottom", aspect=8, pad=0.02)
            bar.set_ticks([0, 1] if is_gate else [-most, 0, most])
            bar.ax.xaxis.set_major_formatter("{x:.2g}")
        columns[0].set(yticks=[], ylabel=f"{len(units)} units")
        columns[len(columns) // 2].set_xlabel("symbols read")
    answer, truth = answers[shown], symbols[shown, wanted]
    later = traced.forget_gate[:, wanted + 1 :]
    keeps = f", the forget gate {later.mean():.2f} after it" if later.shape[1] else ""
    return (
        f"Inside the LSTM as it reads {' '.join(map(str, symbols[shown]))} and echoes {answer}"
        f"{'' if answer == truth else f' instead of {truth}'}, a row a unit: over "
        f"{len(symbols)} test sequences the input gate is {traced.input_gate[:, wanted].mean():.2f}"
        f" on average at the framed step and "
        f"{np.delete(traced.input_gate, wanted, 1).mean():.2f} at the others{keeps}."
    )
