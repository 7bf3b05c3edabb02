"""The same work in PyTorch, Keras and Flax's own layers, for a side-by-side measurement.

A program of its own, so that it runs in whatever environment has these frameworks:

    python peers.py KIND PEER JSON

prints one JSON object. KIND is layer, lesson or sampling, PEER torch, keras or flax.
"""

import functools
import json
import os
import sys
import time

os.environ["KERAS_BACKEND"] = "jax"

CLASSES = 32  # of the head on top of a benchmarked layer
LESSONS = {  # loss of each lesson's published model, and examples an update (0: a fit call each)
    "vanilla_echo": ("categorical_crossentropy", 1),
    "stacked_damped_sine": ("mae", 10),
    "cnn_lstm_moving_square": ("binary_crossentropy", 32),
    "encoder_decoder_addition": ("categorical_crossentropy", 32),
    "bidirectional_cumulative_sum": ("binary_crossentropy", 10),
    "generative_rectangles": ("mae", 1),
}


def torch_layer(batch, time, inputs, hidden, layers, bidirectional):
    """A training step and a forward pass, as functions without arguments."""
    import torch

    lstm = torch.nn.LSTM(inputs, hidden, layers, batch_first=True, bidirectional=bidirectional)
    head = torch.nn.Linear(hidden * (1 + bidirectional), CLASSES)
    optimizer = torch.optim.Adam([*lstm.parameters(), *head.parameters()], 1e-3)
    x, y = torch.randn(batch, time, inputs), torch.randint(0, CLASSES, (batch * time,))

    def train():
        optimizer.zero_grad()
        logits = head(lstm(x)[0]).reshape(-1, CLASSES)
        torch.nn.functional.cross_entropy(logits, y).backward()
        optimizer.step()

    def forward():
        with torch.no_grad():
            head(lstm(x)[0])

    return train, forward


def keras_layer(batch, time, inputs, hidden, layers, bidirectional):
    """As `torch_layer`."""
    import keras
    import numpy as np

    model = keras.Sequential([keras.layers.Input((time, inputs))])
    for _ in range(layers):
        layer = keras.layers.LSTM(hidden, return_sequences=True)
        model.add(keras.layers.Bidirectional(layer) if bidirectional else layer)
    model.add(keras.layers.Dense(CLASSES))
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    x = np.random.randn(batch, time, inputs).astype("float32")
    y = np.random.randint(0, CLASSES, (batch, time))
    return lambda: model.train_on_batch(x, y), lambda: model.predict_on_batch(x)


def flax_layer(batch, time, inputs, hidden, layers, bidirectional):
    """As `torch_layer`, with linen's nn.RNN over OptimizedLSTMCell."""
    import flax.linen as nn
    import jax
    import optax

    class Stack(nn.Module):
        @nn.compact
        def __call__(self, x):
            for _ in range(layers):
                forward, backward = (nn.RNN(nn.OptimizedLSTMCell(hidden)) for _ in range(2))
                x = (nn.Bidirectional(forward, backward) if bidirectional else forward)(x)
            return nn.Dense(CLASSES)(x)

    model, optimizer = Stack(), optax.adam(1e-3)
    x = jax.random.normal(jax.random.key(0), (batch, time, inputs))
    y = jax.random.randint(jax.random.key(1), (batch, time), 0, CLASSES)
    params = model.init(jax.random.key(2), x)
    state = [params, optimizer.init(params)]

    def loss(params):
        logits = model.apply(params, x)
        return optax.softmax_cross_entropy_with_integer_labels(logits, y).mean()

    @functools.partial(jax.jit, donate_argnums=(0, 1))
    def step(params, opt_state):
        value, gradient = jax.value_and_grad(loss)(params)
        updates, opt_state = optimizer.update(gradient, opt_state)
        return optax.apply_updates(params, updates), opt_state, value

    def train():
        *state[:], value = step(*state)
        value.block_until_ready()

    apply = jax.jit(model.apply)
    return train, lambda: apply(state[0], x).block_until_ready()


DRAWN = 64  # characters a row between two readings of the clock


def torch_sampling(batch, hidden, layers, symbols):
    """Draws DRAWN characters a row from a character model, one step at a time."""
    import torch

    lstm = torch.nn.LSTM(symbols, hidden, layers, batch_first=True)
    head = torch.nn.Linear(hidden, symbols)

    def sample():
        drawn, carry = torch.zeros(batch, dtype=torch.long), None
        with torch.no_grad():
            for _ in range(DRAWN):
                one_hot = torch.nn.functional.one_hot(drawn, symbols).float()
                outputs, carry = lstm(one_hot[:, None], carry)
                drawn = torch.multinomial(head(outputs[:, 0]).softmax(-1), 1)[:, 0]

    return sample


def keras_lesson(lesson, data):
    """Trains a lesson's published model once on given examples: score and seconds of training."""
    import keras
    import numpy as np
    from keras import layers

    with np.load(data) as arrays:
        x, y, test_x, test_y = (arrays[name] for name in ("x", "y", "test_x", "test_y"))
    x, y = x.astype("float32"), y.astype("float32")
    body = {
        "vanilla_echo": lambda: [layers.LSTM(25), layers.Dense(10, "softmax")],
        "stacked_damped_sine": lambda: [
            layers.LSTM(20, return_sequences=True),
            layers.LSTM(20),
            layers.Dense(5),
        ],
        "cnn_lstm_moving_square": lambda: [
            layers.TimeDistributed(layers.Conv2D(2, 2, activation="relu")),
            layers.TimeDistributed(layers.MaxPooling2D(2)),
            layers.TimeDistributed(layers.Flatten()),
            layers.LSTM(50),
            layers.Dense(1, "sigmoid"),
        ],
        "encoder_decoder_addition": lambda: [
            layers.LSTM(75),
            layers.RepeatVector(2),
            layers.LSTM(50, return_sequences=True),
            layers.Dense(12, "softmax"),
        ],
        "bidirectional_cumulative_sum": lambda: [
            layers.Bidirectional(layers.LSTM(50, return_sequences=True)),
            layers.Dense(1, "sigmoid"),
        ],
        "generative_rectangles": lambda: [layers.LSTM(10), layers.Dense(2)],
    }[lesson]()
    corners = lesson == "generative_rectangles"  # one corner in, the next one out
    shape = (1, 2) if corners else x.shape[1:]
    model = keras.Sequential([layers.Input(shape), *body])
    loss, batch = LESSONS[lesson]
    model.compile("adam", loss)
    start = time.perf_counter()
    if corners:
        for corners_in, corners_out in zip(x, y, strict=True):
            model.fit(corners_in[:, None], corners_out, batch_size=1, verbose=0, shuffle=False)
    elif batch == 1:
        for i in range(len(x)):
            model.fit(x[i : i + 1], y[i : i + 1], verbose=0)
    else:
        model.fit(x, y, batch_size=batch, verbose=0)
    seconds = time.perf_counter() - start
    if corners:
        test_x, test_y = test_x.reshape(-1, 1, 2), test_y.reshape(-1, 2)
    outputs = model.predict(test_x.astype("float32"), verbose=0)
    if loss == "mae":
        score = np.abs(outputs - test_y).mean()
    elif loss == "binary_crossentropy":
        right = (outputs > 0.5) == (test_y > 0.5)
        score = right.reshape(len(right), -1).all(-1).mean()
    else:
        right = outputs.argmax(-1) == test_y.argmax(-1)
        score = right.reshape(len(right), -1).all(-1).mean()
    return {"score": float(score), "seconds": seconds}


def main(kind, peer, case):
    """What one case takes in one peer, as a JSON value."""
    if kind == "lesson":
        return keras_lesson(**case)
    from timing import milliseconds

    if kind == "sampling":
        return {"symbol": milliseconds(torch_sampling(**case), at_least=5, calls=DRAWN)}
    make = {"torch": torch_layer, "keras": keras_layer, "flax": flax_layer}[peer]
    train, forward = make(**case)
    return {"train": milliseconds(train), "forward": milliseconds(forward)}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], sys.argv[2], json.loads(sys.argv[3]))))
