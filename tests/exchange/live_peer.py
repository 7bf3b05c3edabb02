"""PyTorch's and Keras' side of live.py, which starts it: `make FOLDER`, then `check FOLDER`."""

import json
import pathlib
import sys
import time

import keras
import numpy as np
import safetensors.torch
import torch
from keras import layers
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class Torch(nn.Module):
    """Embedding if there are symbols, LSTM layers, a dense layer on every step."""

    def __init__(self, width, features, depth, both, outputs, symbols):
        super().__init__()
        self.embed = nn.Embedding(symbols, width) if symbols else None
        self.lstm = nn.LSTM(width, features, depth, batch_first=True, bidirectional=both)
        self.head = nn.Linear(features * (1 + both), outputs)

    def forward(self, inputs, lengths):
        """Outputs (batch, time, outputs), h and c (layers * directions, batch, features)."""
        hidden = self.embed(inputs) if self.embed else inputs
        packed = pack_padded_sequence(hidden, lengths, batch_first=True, enforce_sorted=False)
        hidden, (h, c) = self.lstm(packed)
        hidden = pad_packed_sequence(hidden, batch_first=True, total_length=inputs.shape[1])[0]
        return self.head(hidden), h, c


def in_keras(width, features, depth, both, outputs, symbols):
    inputs = keras.Input((None,), dtype="int32") if symbols else keras.Input((None, width))
    mask = keras.Input((None,), dtype="bool")
    hidden = layers.Embedding(symbols, width)(inputs) if symbols else inputs
    every = []
    for _ in range(depth):
        layer = layers.LSTM(features, return_sequences=True, return_state=True)
        hidden, *states = (layers.Bidirectional(layer) if both else layer)(hidden, mask=mask)
        every += states
    return keras.Model([inputs, mask], [layers.Dense(outputs)(hidden), *every])


def run_torch(model, inputs, lengths):
    inputs = torch.tensor(inputs.astype(np.int64 if inputs.ndim == 2 else np.float32))
    with torch.no_grad():
        return [x.numpy() for x in model(inputs, torch.tensor(lengths))]


def run_keras(model, inputs, lengths):
    mask = np.arange(inputs.shape[1]) < lengths[:, None]
    outputs, *states = (keras.ops.convert_to_numpy(x) for x in model([inputs, mask]))
    return [outputs * mask[..., None], np.stack(states[::2]), np.stack(states[1::2])]


def make(folder):
    for i, case in enumerate(json.loads((folder / "cases.json").read_text())):
        rng = np.random.default_rng(i)
        settings = case["settings"]
        with np.load(folder / f"{i}.npz") as known:
            inputs, lengths = known["inputs"], known["lengths"]
        theirs = Torch(**settings)
        torch.save(theirs.state_dict(), folder / f"{i}.pt")
        safetensors.torch.save_file(theirs.state_dict(), folder / f"{i}.safetensors")
        outputs = run_torch(theirs, inputs, lengths)
        np.savez(folder / f"{i}.torch.npz", *outputs)
        model = in_keras(**settings)
        model.set_weights([rng.normal(size=w.shape) / 3 for w in model.get_weights()])
        model.save(folder / f"{i}.keras")
        model.save(folder / f"{i}.h5")
        model.save_weights(folder / f"{i}.weights.h5")
        np.savez(folder / f"{i}.keras.npz", *run_keras(model, inputs, lengths))


def check(folder):
    worst = {}
    for i, case in enumerate(json.loads((folder / "cases.json").read_text())):
        with np.load(folder / f"{i}.npz") as known:
            inputs, lengths = known["inputs"], known["lengths"]
        with np.load(folder / f"{i}.ours.npz") as ours:
            ours = [ours[name] for name in ours.files]
        valid = (np.arange(inputs.shape[1]) < lengths[:, None])[..., None]
        for end in (".pt", ".torch.safetensors", ".weights.h5"):
            path = folder / f"ours_{i}{end}"
            if end == ".weights.h5":
                model = in_keras(**case["settings"])
                model.load_weights(path)
                found = run_keras(model, inputs, lengths)
            else:
                model = Torch(**case["settings"])
                if end == ".pt":
                    arrays = torch.load(path, weights_only=True)
                    mapped = torch.load(path, weights_only=True, mmap=True)
                    assert all(torch.equal(arrays[name], mapped[name]) for name in arrays)
                else:
                    arrays = safetensors.torch.load_file(path)
                names = {"dense": "head"}
                model.load_state_dict(
                    {
                        ".".join(
                            [names.get(k.split(".")[0], k.split(".")[0]), *k.split(".")[1:]]
                        ): v
                        for k, v in arrays.items()
                    }
                )
                found = run_torch(model, inputs, lengths)
            differences = [
                np.abs((x - y) * (valid if x.ndim == 3 and j == 0 else 1)).max()
                for j, (x, y) in enumerate(zip(ours, found, strict=True))
            ]
            each = worst.setdefault(end, [0, 0.0, 0.0])
            each[0] += 1
            each[1] = max(each[1], differences[0])
            each[2] = max(each[2], *differences[1:])
    for end, (count, outputs, states) in worst.items():
        print(f"out {end:20} {count} models  outputs {outputs:.1e}  final states {states:.1e}")


if __name__ == "__main__":
    torch.manual_seed(0)
    torch.set_num_threads(1)
    begin = time.perf_counter()
    {"make": make, "check": check}[sys.argv[1]](pathlib.Path(sys.argv[2]))
    print(f"{sys.argv[1]}: {time.perf_counter() - begin:.0f} s", file=sys.stderr)
