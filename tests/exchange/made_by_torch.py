"""Writes made_by_torch.zip with the real PyTorch: weights, and what they make of some inputs.

python tests/exchange/made_by_torch.py, in an environment with torch (2.13) and safetensors.
"""

import pathlib
import tempfile
import zipfile

import numpy as np
import safetensors.torch
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

ARCHIVE = pathlib.Path(__file__).with_suffix(".zip")
# name: width, features, layers, both directions
STACKS = {"one": (3, 5, 1, False), "two_both": (4, 3, 2, True), "three": (2, 4, 3, False)}
LENGTHS = (7, 4, 1)


def run(lstm, inputs, lengths):
    """Outputs (batch, time, directions * features), and h and c (layers * directions, ...)."""
    packed = pack_padded_sequence(inputs, torch.tensor(lengths), batch_first=True)
    outputs, (h, c) = lstm(packed)
    return pad_packed_sequence(outputs, batch_first=True)[0], h, c


class Text(nn.Module):
    """A model over symbols, as PyTorch's word_language_model example names its layers."""

    def __init__(self):
        super().__init__()
        self.encoder = nn.Embedding(7, 4)
        self.rnn = nn.LSTM(4, 6, 2, batch_first=True)
        self.decoder = nn.Linear(6, 7)

    def forward(self, symbols):
        hidden, state = self.rnn(self.encoder(symbols))
        return self.decoder(hidden), *state


class Classifier(nn.Module):
    """Both directions and a dense layer at every step."""

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(3, 4, 2, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(8, 2)

    def forward(self, inputs):
        hidden, state = self.lstm(inputs)
        return self.fc(hidden), *state


def write(here):
    """Every file into a folder."""
    torch.manual_seed(0)
    known = {}

    def note(name, inputs, outputs, h, c):
        found = dict(inputs=inputs, outputs=outputs, h=h, c=c)
        known.update({f"{name}.{key}": x.detach().numpy() for key, x in found.items()})

    with torch.no_grad():
        for name, (width, features, layers, both) in STACKS.items():
            lstm = nn.LSTM(width, features, layers, batch_first=True, bidirectional=both)
            inputs = torch.randn(len(LENGTHS), max(LENGTHS), width)
            torch.save(lstm.state_dict(), here / f"{name}.pt")
            note(name, inputs, *run(lstm, inputs, LENGTHS))
        text, symbols = Text(), torch.randint(7, (2, 6))
        note("text", symbols, *text(symbols))
        # a training checkpoint: the weights inside a dictionary, beside other things
        checkpoint = {"epoch": 3, "model": text.state_dict(), "losses": [0.5, 0.25]}
        torch.save(checkpoint, here / "text.pt")
        classifier, inputs = Classifier(), torch.randn(2, 5, 3)
        note("classifier", inputs, *classifier(inputs))
        safetensors.torch.save_file(classifier.state_dict(), here / "classifier.safetensors")
        cell, inputs = nn.LSTMCell(3, 4, bias=False), torch.randn(2, 3)
        h, c = cell(inputs)
        note("cell", inputs[:, None], h[:, None], h, c)
        torch.save(
            {k: v.to(torch.bfloat16) for k, v in cell.state_dict().items()}, here / "half.pt"
        )
        torch.save(cell.state_dict(), here / "cell.pt")
        projected = nn.LSTM(3, 5, 2, batch_first=True, proj_size=2, bidirectional=True)
        inputs = torch.randn(len(LENGTHS), max(LENGTHS), 3)
        torch.save(projected.state_dict(), here / "projected.pt")
        note("projected", inputs, *run(projected, inputs, LENGTHS))
        torch.save(nn.GRU(3, 4).state_dict(), here / "gru.pt")
        torch.save(nn.LSTM(1, 1), here / "module.pt")
        torch.save(cell.state_dict(), here / "old.pt", _use_new_zipfile_serialization=False)
    np.savez_compressed(here / "known.npz", **known)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        write(pathlib.Path(folder))
        with zipfile.ZipFile(ARCHIVE, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in sorted(pathlib.Path(folder).iterdir()):
                archive.write(file, file.name)
