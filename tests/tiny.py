"""Experiments that train in a moment: generated, of unequal lengths, streams, pairs."""

import itertools
import pathlib

from lstmjax.experiment import Experiment
from lstmjax.models.encoder_decoder import EncoderDecoder
from lstmjax.models.generative import Generative
from lstmjax.models.vanilla import Vanilla
from lstmjax.optimizers import Adam
from lstmjax.tasks.echo import Echo
from lstmjax.tasks.listops import ListOps
from lstmjax.tasks.pairs import Pairs
from lstmjax.tasks.text import Text

POEM = "the cat sat on the mat; the dog dug in the fog. " * 40


def echo(**changes) -> Experiment:
    fields = dict(
        task=Echo(length=4, symbols=6, position=1, valid_examples=50, test_examples=70),
        model=Vanilla(features=8),
        optimizer=Adam(learning_rate=1e-2),
        steps=12,
        batch_size=4,
        log_every=3,
        evaluate_every=6,
        evaluation_batch_size=32,
    )
    return Experiment(**fields | changes)


def listops(**changes) -> Experiment:
    fields = dict(
        task=ListOps(train_examples=30, valid_examples=10, test_examples=20, length=14, shapes=3),
        model=Vanilla(features=8),
        optimizer=Adam(learning_rate=1e-2),
        steps=12,
        batch_size=4,
        log_every=3,
        evaluate_every=6,
        evaluation_batch_size=8,
    )
    return Experiment(**fields | changes)


def text(directory: pathlib.Path, **changes) -> Experiment:
    file = directory / "poem.txt"
    file.write_text(POEM)
    fields = dict(
        task=Text(path=str(file), level="character", window=8, valid_fraction=0.1),
        model=Generative(features=(8, 8), embedding=5, dropout=0.2),
        optimizer=Adam(learning_rate=1e-2, clip_norm=1.0),
        steps=12,
        batch_size=4,
        log_every=3,
        evaluate_every=6,
        evaluation_batch_size=4,
    )
    return Experiment(**fields | changes)


def pairs_file(directory: pathlib.Path, form: str = "tsv") -> str:
    """Words of a to e, each spelled backward in capitals; every third has a second target."""
    words = ["".join(word) for size in (2, 3) for word in itertools.product("abcde", repeat=size)]
    lines = []
    for i, word in enumerate(words):
        capitals = word[::-1].upper()
        spelled = [capitals, *([capitals + "X"] if i % 3 == 0 else [])]
        for variant, target in enumerate(spelled, 1):
            mark = f"({variant})" if variant > 1 else ""
            tsv, cmudict = f"{word}\t{target}", f"{word}{mark} {' '.join(target)}"
            lines.append(tsv if form == "tsv" else cmudict)
    file = directory / f"pairs.{form}"
    file.write_text("\n".join(lines) + "\n")
    return str(file)


def pairs(directory: pathlib.Path, **changes) -> Experiment:
    fields = dict(
        task=Pairs(path=pairs_file(directory), valid_fraction=0.1, test_fraction=0.1, shapes=2),
        model=EncoderDecoder(features=(8,), bidirectional=True, embedding=4, attention="dot"),
        optimizer=Adam(learning_rate=1e-2),
        steps=12,
        batch_size=4,
        log_every=3,
        evaluate_every=6,
        evaluation_batch_size=8,
    )
    return Experiment(**fields | changes)
