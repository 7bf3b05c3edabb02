"""An LSTM in NumPy and float64, written from the equations: what the kernels are held against."""

import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm(weights, inputs, c, h):
    """One row: inputs (time, width), c and h (features,) -> outputs (time, features), c, h."""
    outputs = []
    for x in inputs:
        i, f, g, o = (
            x @ weights["i" + gate]["kernel"]
            + h @ weights["h" + gate]["kernel"]
            + weights["h" + gate]["bias"]
            for gate in "ifgo"
        )
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        outputs.append(h)
    return np.array(outputs).reshape(len(inputs), len(h)), c, h
