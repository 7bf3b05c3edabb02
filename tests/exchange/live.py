"""Random models there and back with the real PyTorch and Keras; prints the largest differences.

python -m tests.exchange.live --peer=PYTHON [--cases=20]

PYTHON is that of an environment with torch, keras, h5py and safetensors.
"""

import argparse
import json
import os
import pathlib
import subprocess
import tempfile
import types

import jax
import numpy as np

from lstmjax import exchange, from_keras, from_torch
from lstmjax.models.generative import Generative
from lstmjax.models.stacked import Stacked
from lstmjax.models.stacked_bidirectional import StackedBidirectional


def draw(rng):
    """The settings of a model, and inputs of unequal length."""
    symbols = int(rng.integers(3, 9)) if rng.random() < 0.4 else 0
    names = dict(width=(1, 9), features=(1, 13), depth=(1, 4), outputs=(1, 5))
    settings = {name: int(rng.integers(*ends)) for name, ends in names.items()}
    settings |= dict(symbols=symbols, both=not symbols and bool(rng.random() < 0.6))
    rows, time = rng.integers(1, 5), rng.integers(1, 12)
    inputs = rng.normal(size=(rows, time, settings["width"])).astype(np.float32)
    if symbols:
        settings["outputs"] = symbols
        inputs = rng.integers(0, symbols, (rows, time))
    lengths = rng.integers(1, time + 1, rows)
    lengths[0] = time
    return settings, inputs, lengths


def ours(settings):
    """The model of ours that computes the same."""
    widths = (settings["features"],) * settings["depth"]
    if settings["symbols"]:
        return Generative(outputs=settings["symbols"], features=widths, embedding=settings["width"])
    kind = StackedBidirectional if settings["both"] else Stacked
    return kind(outputs=settings["outputs"], features=widths, every_step=True)


def run(model, params, inputs, lengths):
    """Outputs, zero at padded steps, and h and c as PyTorch stacks them."""
    outputs, carry = model.apply({"params": params}, inputs, lengths=lengths)
    states = jax.tree.leaves(carry)  # c, h, c, h, ...
    valid = np.arange(inputs.shape[1]) < lengths[:, None]
    return [outputs * valid[..., None], np.stack(states[1::2]), np.stack(states[::2])]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", required=True)
    parser.add_argument("--cases", type=int, default=20)
    given = parser.parse_args()
    rng, worst = np.random.default_rng(0), {}
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        cases = [draw(rng) for _ in range(given.cases)]
        (folder / "cases.json").write_text(json.dumps([{"settings": case[0]} for case in cases]))
        for i, (settings, inputs, lengths) in enumerate(cases):
            np.savez(folder / f"{i}.npz", inputs=inputs, lengths=lengths)
            model = ours(settings)
            params = model.init(jax.random.key(i), inputs)["params"]
            np.savez(folder / f"{i}.ours.npz", *run(model, params, inputs, lengths))
            kept = types.SimpleNamespace(model=model)
            for end in (".pt", ".torch.safetensors", ".weights.h5"):
                source = types.SimpleNamespace(experiment=kept, params=params)
                exchange.export(source, folder / f"ours_{i}{end}")
        peer = [given.peer, str(pathlib.Path(__file__).with_name("live_peer.py"))]
        environment = os.environ | {"KERAS_BACKEND": "torch"}
        for task in ("make", "check"):
            subprocess.run([*peer, task, name], check=True, env=environment)
        for i, (settings, inputs, lengths) in enumerate(cases):
            model = ours(settings)
            for end in (".pt", ".safetensors", ".keras", ".h5", ".weights.h5"):
                library = "torch" if end in (".pt", ".safetensors") else "keras"
                read = from_torch if library == "torch" else from_keras
                params = read(folder / f"{i}{end}", model=model)
                found = run(model, params, inputs, lengths)
                with np.load(folder / f"{i}.{library}.npz") as theirs:
                    valid = (np.arange(inputs.shape[1]) < lengths[:, None])[..., None]
                    pairs = zip(found, (theirs[key] for key in theirs.files), strict=True)
                    outputs, *states = [
                        np.abs((x - y) * (valid if j == 0 else 1)).max()
                        for j, (x, y) in enumerate(pairs)
                    ]
                each = worst.setdefault(end, [0, 0.0, 0.0])
                worst[end] = [each[0] + 1, max(each[1], outputs), max(each[2], *states)]
    for end, (count, outputs, states) in worst.items():
        print(f"in  {end:20} {count} models  outputs {outputs:.1e}  final states {states:.1e}")


if __name__ == "__main__":
    main()
