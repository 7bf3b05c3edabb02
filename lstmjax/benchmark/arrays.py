"""Arrays in, answers out: `Classifier` beside what one writes in Keras and in PyTorch.

A program of its own, so that it runs in whatever environment has these frameworks:

    python arrays.py FRAMEWORK

prints one JSON object of seconds: `fit`, the first one with everything that it compiles; `again`, a
second one; `one`, the answer to one sequence, and `other`, to one of a length not seen before, each
after a first call; `many`, the answers to 10,000 sequences. No program is kept from earlier runs.
"""

import json
import os
import statistics
import sys
import time

import numpy as np

SIZE, TIME, WIDTH, HIDDEN, CLASSES = 300, 20, 5, 64, 3
BATCH, UPDATES, MANY = 32, 500, 10_000
EPOCHS = UPDATES * BATCH // SIZE  # nearly: Keras counts in these


def sequences(size, steps=TIME):
    """Noise whose class is the channel with the greatest sum: (size, steps, WIDTH), (size,)."""
    X = np.random.default_rng(0).normal(size=(size, steps, WIDTH)).astype(np.float32)
    return X, X[..., :CLASSES].sum(1).argmax(-1)


def lstmjax():
    """A fit, and answers to an array."""
    from lstmjax.estimators import Classifier

    def fit(X, y):
        model = Classifier(features=HIDDEN, steps=UPDATES, batch_size=BATCH).fit(X, y)
        return model.predict

    return fit


def keras():
    """As `lstmjax`, by `fit` and `predict`."""
    from keras import Sequential, layers

    def fit(X, y):
        model = Sequential(
            [
                layers.Input((None, WIDTH)),
                layers.LSTM(HIDDEN),
                layers.Dense(CLASSES, activation="softmax"),
            ]
        )
        model.compile("adam", "sparse_categorical_crossentropy")
        model.fit(X, y, batch_size=BATCH, epochs=EPOCHS, verbose=0)
        return lambda X: model.predict(X, verbose=0).argmax(-1)

    return fit


def torch():
    """As `lstmjax`, by a loop over mini-batches."""
    import torch

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = torch.nn.LSTM(WIDTH, HIDDEN, batch_first=True)
            self.head = torch.nn.Linear(HIDDEN, CLASSES)

        def forward(self, x):
            return self.head(self.lstm(x)[0][:, -1])

    def fit(X, y):
        model = Net()
        optimizer = torch.optim.Adam(model.parameters())
        X, y = torch.from_numpy(X), torch.from_numpy(y)
        for _ in range(UPDATES):
            rows = torch.randint(0, len(X), (BATCH,))
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(X[rows]), y[rows]).backward()
            optimizer.step()

        def predict(X):
            with torch.no_grad():
                return model(torch.from_numpy(X)).argmax(-1).numpy()

        return predict

    return fit


FRAMEWORKS = {"lstmjax": lstmjax, "keras": keras, "torch": torch}


def measure(framework):
    """The seconds of each call, and the share of right answers as a check."""
    os.environ |= {"KERAS_BACKEND": "jax", "LSTMJAX_CACHE": "off"}
    start = time.perf_counter()
    fit = FRAMEWORKS[framework]()
    seconds = {"import": time.perf_counter() - start}

    def clock(name, call, repeats=1):
        spent = []
        for _ in range(repeats):
            start = time.perf_counter()
            result = call()
            spent.append(time.perf_counter() - start)
        seconds[name] = statistics.median(spent)
        return result

    X, y = sequences(SIZE)
    clock("fit", lambda: fit(X, y))
    predict = clock("again", lambda: fit(X, y))
    many, truth = sequences(MANY)
    predict(many[:1])
    clock("one", lambda: predict(many[:1]), 50)
    clock("other", lambda: predict(sequences(1, TIME - 3)[0]))
    predict(many)
    answers = clock("many", lambda: predict(many), 5)
    return seconds | {"accuracy": float(np.mean(answers == truth))}


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1])))
