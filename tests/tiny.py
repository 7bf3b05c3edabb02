"""Experiments that train in a moment."""

import functools
import pathlib

import jax

from lstmjax.experiment import Experiment
from lstmjax.models.encoder_decoder import EncoderDecoder
from lstmjax.models.generative import Generative
from lstmjax.models.tagger import Tagger
from lstmjax.models.vanilla import Vanilla
from lstmjax.optimizers import Adam
from lstmjax.recurrent.regularization import Regularization
from lstmjax.runs.checkpoints import Checkpoints
from lstmjax.runs.workdir import Workdir
from lstmjax.tasks.generated.echo import Echo
from lstmjax.tasks.generated.listops import ListOps
from lstmjax.tasks.generated.programs import Programs
from lstmjax.tasks.pairs import Pairs
from lstmjax.tasks.sequences import Labelled
from lstmjax.tasks.series import Series
from lstmjax.tasks.tagging import Tagging
from lstmjax.tasks.text import Text
from lstmjax.training import run as training
from lstmjax.training.steps import init_state
from tests import small_files

run = functools.partial(training.run, pictures=False)  # most tests look at none

SHORT = dict(steps=12, batch_size=4, log_every=3, evaluate_every=6)


def echo(**changes) -> Experiment:
    fields = dict(
        task=Echo(length=4, symbols=6, position=1, valid_examples=50, test_examples=70),
        model=Vanilla(features=8),
        optimizer=Adam(learning_rate=1e-2),
        evaluation_batch_size=32,
    )
    return Experiment(**SHORT | fields | changes)


def listops(**changes) -> Experiment:
    fields = dict(
        task=ListOps(train_examples=30, valid_examples=10, test_examples=20, length=14, shapes=3),
        model=Vanilla(features=8),
        optimizer=Adam(learning_rate=1e-2),
        evaluation_batch_size=8,
    )
    return Experiment(**SHORT | fields | changes)


def programs(**changes) -> Experiment:
    task = Programs(
        length=1,
        curriculum="combined",
        train_examples=40,
        valid_examples=10,
        test_examples=20,
        shapes=1,
    )
    fields = dict(
        task=task,
        model=EncoderDecoder(features=(8,)),
        optimizer=Adam(learning_rate=1e-2),
        evaluation_batch_size=8,
    )
    return Experiment(**SHORT | fields | changes)


def text(directory: pathlib.Path, **changes) -> Experiment:
    file = directory / "poem.txt"
    if not file.exists() or file.read_text() != small_files.POEM:  # another process may read it
        file.write_text(small_files.POEM)
    fields = dict(
        task=Text(path=str(file), level="character", window=8, valid_fraction=0.1),
        model=Generative(features=(8, 8), embedding=5, dropout=0.2),
        optimizer=Adam(learning_rate=1e-2, clip_norm=1.0),
        evaluation_batch_size=4,
    )
    return Experiment(**SHORT | fields | changes)


def regularized() -> Generative:
    """A model of symbols with every regularization there is."""
    regularization = Regularization(
        locked=True,
        weight_drop=0.3,
        recurrent_dropout=0.2,
        recurrent_form="hidden",
        zoneout_cell=0.1,
        zoneout_hidden=0.1,
    )
    return Generative(
        features=(6,),
        embedding=4,
        dropout=0.3,
        input_dropout=0.2,
        embedding_dropout=0.2,
        regularization=regularization,
    )


def pairs(directory: pathlib.Path, **changes) -> Experiment:
    file = small_files.pairs_file(directory)
    fields = dict(
        task=Pairs(path=file, valid_fraction=0.1, test_fraction=0.1, shapes=2),
        model=EncoderDecoder(features=(8,), bidirectional=True, embedding=4, attention="dot"),
        optimizer=Adam(learning_rate=1e-2),
        evaluation_batch_size=8,
    )
    return Experiment(**SHORT | fields | changes)


def labelled(directory: pathlib.Path, **changes) -> Experiment:
    fields = dict(
        task=Labelled(**small_files.labelled_files(directory), shapes=2),
        model=Vanilla(features=8),
        optimizer=Adam(learning_rate=2e-2),
        evaluation_batch_size=8,
    )
    return Experiment(**SHORT | fields | changes)


def finish(experiment: Experiment, path: pathlib.Path, scale: float = 1.0) -> None:
    """Writes the directory of a run that has ended, without training: the first weights, scaled."""
    experiment = experiment.resolve()
    state = init_state(experiment, experiment.task.load())
    state = state.replace(params=jax.tree.map(lambda leaf: scale * leaf, state.params))
    with Workdir(path, experiment) as workdir, Checkpoints(workdir.checkpoints) as checkpoints:
        workdir.log({"step": 6, "loss": 1.0, "gradient_norm": 1.0})
        workdir.log({"step": experiment.steps, "valid": {"loss": 1.0}})
        state = state.replace(step=state.step + experiment.steps)
        checkpoints.save(state, experiment, 1.0, {"seconds": {}, "window": {}})


def tagging(directory: pathlib.Path, **changes) -> Experiment:
    model = dict(word_features=4, character_features=4, spelling_features=4)
    fields = dict(
        task=Tagging(**small_files.tagging_files(directory), row_length=10, longest_word=4),
        model=Tagger(features=(8,), **model),
        optimizer=Adam(learning_rate=2e-2),
        evaluation_batch_size=8,
    )
    return Experiment(**SHORT | fields | changes)


def entities(directory: pathlib.Path, **changes) -> Experiment:
    task = Tagging(
        **small_files.entities_files(directory),
        format="columns",
        word="1",
        tag="-1",
        row_length=10,
        longest_word=4,
    )
    return tagging(directory, task=task, **changes)


def series(task: dict, **changes) -> Experiment:
    fields = dict(
        task=Series(**task), model=Vanilla(features=4), optimizer=Adam(), evaluation_batch_size=8
    )
    return Experiment(**SHORT | fields | changes)
