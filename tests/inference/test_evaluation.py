from functools import partial

import numpy as np
import pytest

import lstmjax
from lstmjax import programs
from lstmjax.inference.evaluation import evaluation_indices
from lstmjax.runs import reporting
from lstmjax.runs.checkpoints import restore_best
from lstmjax.training.run import run
from tests import tiny


@pytest.mark.parametrize("size, batch", [(10, 4), (8, 4), (3, 4), (1, 1)])
@pytest.mark.parametrize("stream", [False, True])
def test_evaluation_reads_each_example_once(size, batch, stream):
    indices, valid = evaluation_indices(size, stream, batch)
    assert sorted(indices[valid]) == list(range(size))
    if stream:
        for row in range(indices.shape[1]):
            kept = indices[:, row][valid[:, row]]
            assert np.all(np.diff(kept) == 1)


@pytest.mark.parametrize("kind", ["generated", "buckets", "stream"])
def test_of_many_examples_a_sample_is_scored_and_said(kind, tmp_path):
    """The mean over the examples that are named, each scored alone."""
    make = {"generated": tiny.echo, "buckets": tiny.listops, "stream": partial(tiny.text, tmp_path)}
    experiment = make[kind](evaluation_examples=7, evaluation_batch_size=1, steps=1)
    report = run(experiment, tmp_path / "run")
    size = report["sampled"]["test"][1]
    assert report["sampled"] == {"test": [7, size]} and size > 7
    assert f"test, 7 of {size:,}" in reporting.scores(report)
    experiment, params, _ = restore_best(tmp_path / "run")
    data, nats, carry = experiment.task.load(), [], None
    for i in range(7) if kind == "stream" else np.linspace(0, size - 1, 7).round().astype(int):
        batch = experiment.task.batch(data.arrays, "test", np.array([i]), data.shapes[-1])
        outputs, after = experiment.apply(params, batch, carry)
        carry = after if kind == "stream" else None
        nats.append(float(experiment.task.loss(outputs, batch).mean()))
    np.testing.assert_allclose(np.mean(nats), report["test"]["nats"]["mean"], rtol=1e-5)


@pytest.mark.parametrize("seeds", [1, 2])
def test_a_restored_checkpoint_is_scored_by_the_program_of_the_run(seeds, tmp_path):
    def scoring():
        return [key for key in programs._kept if key[0] == "evaluation"]

    programs.forget()
    report = tiny.run(tiny.echo(seeds=seeds, steps=1), tmp_path / "run")
    assert len(scoring()) == 2  # of validation and test
    assert lstmjax.load(tmp_path / "run").evaluate() == report["test"]
    assert len(scoring()) == 2
