"""When a run was done, from logs written by hand."""

import jax.numpy as jnp
import numpy as np
import pytest

from lstmjax.errors import UserError
from lstmjax.experiment import load_config
from lstmjax.papers import run as papers
from lstmjax.papers.criterion import largest_counted, sequences_until
from lstmjax.papers.suite import SUITE
from lstmjax.training.steps import init_state
from tests.small_configs import CONFIGS


def test_the_first_validation_that_is_good_enough_counts():
    log = [
        {"step": 10, "loss": [1.0, 1.0, 1.0]},
        {"step": 10, "valid": {"accuracy": [0.5, 1.0, 0.2]}},
        {"step": 20, "valid": {"accuracy": [1.0, 0.9, 0.3]}},
        {"step": 30, "valid": {"accuracy": [1.0, 1.0, 0.99]}},
    ]
    assert sequences_until(log, "accuracy", 1.0, 8) == [160, 80, None]
    assert sequences_until(log, "accuracy", 0.3, 8, lower_is_better=True) == [None, None, 80]
    alone = [{"step": 5, "valid": {"mse": 0.2}}, {"step": 9, "valid": {"mse": 0.01}}]
    assert sequences_until(alone, "mse", 0.02, 2, lower_is_better=True) == [18]


def test_counting_is_scored_up_to_the_first_mistake(monkeypatch):
    """A model in the place of a trained one, right but for n of 5 and of 70, that is from 4 on."""
    experiment = load_config("papers/grammars").override(
        ["task=Counting", "task.test_examples=80", "seeds=2", "model.features=2"]
    )
    experiment = experiment.resolve()
    params = init_state(experiment, experiment.task.load()).params
    task = experiment.task

    def apply(self, params, batch):
        n = (batch.inputs[..., 1].sum(-1)).astype(int)
        wrong = (n == 5) | (n == 70)
        return (2 * batch.targets - 1) * jnp.where(wrong, -1, 1)[:, None, None], None

    monkeypatch.setattr(type(experiment), "apply", apply)
    assert largest_counted(experiment, params) == [4, 4]
    batch = task.batch((), "test", jnp.arange(80))
    scores = task.metrics(apply(None, None, batch)[0], batch)
    np.testing.assert_allclose(float(scores["sequence_accuracy"][0]), 78)


def test_every_entry_is_an_experiment():
    names = [entry.name for entry in SUITE]
    assert len(set(names)) == len(names)
    for entry in SUITE:
        experiment = load_config(f"papers/{entry.config}").override(entry.settings).resolve()
        assert experiment.steps >= 100, entry.name


def test_one_entry_in_small(tmp_path, monkeypatch, capsys):
    entry = next(entry for entry in SUITE if entry.name == "counting_2")
    small = ("steps=2", "evaluate_every=2", "log_every=2", "task.test_examples=5", "batch_size=2")
    small = type(entry)(entry.name, entry.config, (*entry.settings, *small), seeds=2)
    monkeypatch.setattr(papers, "SUITE", (small,))
    papers.run_papers(tmp_path, CONFIGS[0].parents[CONFIGS[0].parts[::-1].index("configs") - 1])
    assert "right up to n = " in capsys.readouterr().out
    assert (tmp_path / "papers.md").read_text().startswith("| experiment |")
    with pytest.raises(UserError, match="there are counting_2"):
        papers.run_papers(tmp_path, tmp_path, ["adding"])
