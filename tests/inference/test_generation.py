import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lstmjax.errors import UserError
from lstmjax.inference.generation import CHUNK, Sampling, generate, write_samples
from lstmjax.models.generative import Generative
from tests import small_files, tiny
from tests.tiny import run

GREEDY = Sampling(temperature=0)


@pytest.fixture(scope="module")
def model():
    model = Generative(outputs=9, features=(8, 8), embedding=4)
    params = model.init(jax.random.key(0), jnp.zeros((1, 1), jnp.int32))["params"]
    # logits of a fresh model are nearly equal: make it decided
    return model, jax.tree.map(lambda leaf: 4 * leaf, params)


def draw(model, prompt, rows=1, length=20, seed=0, how=GREEDY):
    return np.concatenate(list(generate(*model, np.array(prompt), rows, length, seed, how)), 1)


@pytest.mark.parametrize("length", [1, CHUNK, CHUNK + 7])
def test_greedy_takes_the_likeliest_each_time(length, model):
    module, params = model
    text = [6, 6]
    for _ in range(length):
        logits, _ = module.apply({"params": params}, np.array([text + [0] * (80 - len(text))]))
        text.append(int(logits[0, len(text) - 1].argmax()))
    np.testing.assert_array_equal(draw(model, [6, 6], length=length)[0], text[2:])


def test_next_to_no_temperature_takes_the_likeliest(model):
    likeliest = draw(model, [6, 6])
    assert len(np.unique(likeliest)) > 3
    np.testing.assert_array_equal(draw(model, [6, 6], how=Sampling(temperature=1e-39)), likeliest)


def test_a_row_does_not_depend_on_how_many_there_are(model):
    how = Sampling(temperature=1.0)
    three, one = draw(model, [1], 3, how=how), draw(model, [1], 1, how=how)
    np.testing.assert_array_equal(three[:1], one)
    assert len({tuple(row) for row in three}) == 3
    assert np.any(draw(model, [1], 1, how=how, seed=1) != one)


def test_draws_follow_the_distribution(model):
    """Chi-squared of 2,000 first symbols against the model's own probabilities."""
    module, params = model
    logits, _ = module.apply({"params": params}, np.array([[2, 5]]))
    expected = 2000 * np.asarray(jax.nn.softmax(logits[0, -1] / 2.0))
    drawn = draw(model, [2, 5], rows=2000, length=1, how=Sampling(temperature=2.0))
    counts = np.bincount(drawn[:, 0], minlength=9)
    # 8 degrees of freedom: 26 is passed once in a thousand seeds, and the seed is fixed
    assert ((counts - expected) ** 2 / expected).sum() < 26


def test_top_k_and_top_p_rule_out_the_rest():
    logits = jnp.log(jnp.array([[0.5, 0.1, 0.3, 0.1]]))
    kept = lambda **how: np.isfinite(Sampling(**how).keep(logits))[0].tolist()  # noqa: E731
    assert kept() == [True] * 4
    assert kept(top_k=1) == [True, False, False, False]
    assert kept(top_k=2) == [True, False, True, False]
    assert kept(top_k=9) == [True] * 4
    assert kept(top_p=0.0) == [True, False, False, False]
    assert kept(top_p=0.5) == [True, False, False, False]
    assert kept(top_p=0.6) == [True, False, True, False]
    assert kept(top_p=1.0) == [True] * 4
    cold = jax.nn.softmax(Sampling(temperature=0.5).keep(logits))[0]
    np.testing.assert_allclose(cold, np.array([25, 1, 9, 1]) / 36, rtol=1e-5)


def test_samples_of_a_restored_checkpoint(tmp_path, capsys):
    run(tiny.text(tmp_path), tmp_path / "run")
    capsys.readouterr()
    write_samples(tmp_path / "run", "the ", 100, 1, 0, Sampling())
    one = capsys.readouterr().out
    assert one.startswith("the ") and len(one) == len("the ") + 100 + 1
    assert set(one) <= set(small_files.POEM) | {"\n"}
    write_samples(tmp_path / "run", "the ", 100, 2, 0, Sampling())
    assert one in capsys.readouterr().out
    with pytest.raises(UserError, match="not in the corpus.* 'Z b r'"):
        write_samples(tmp_path / "run", "Zebra", 100, 1, 0, Sampling())
    with pytest.raises(UserError, match="empty"):
        write_samples(tmp_path / "run", "", 100, 1, 0, Sampling())


def test_only_text_can_be_written(tmp_path):
    run(tiny.echo(), tmp_path)
    with pytest.raises(UserError, match="Echo, which does not write text"):
        write_samples(tmp_path, "1", 10, 1, 0, Sampling())
