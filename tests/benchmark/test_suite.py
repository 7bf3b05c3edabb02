"""One tiny case of each part, through processes of its own as in the real benchmark."""

import json
import sys
from time import sleep

import numpy as np
import pytest

from lstmjax import figures
from lstmjax.benchmark import suite as suite_module
from lstmjax.benchmark import work
from lstmjax.benchmark.suite import Suite, benchmark
from lstmjax.benchmark.timing import milliseconds
from lstmjax.errors import UserError

TINY = (2, 3, 4, 5, 1, False)


def test_a_layer_beside_flax_and_the_products(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(suite_module, "LAYERS", [TINY])
    suite = Suite(tmp_path, sys.executable, rounds=1)
    file = tmp_path / "benchmark.json"
    results = benchmark(suite, ["layers"], file)
    assert json.loads(file.read_text())["layers"] == results["layers"]
    (row,) = results["layers"]
    assert {"lstmjax", "scan", "products", "flax"} <= set(row)
    for name in ("lstmjax", "scan", "products", "flax"):
        for kind in ("train", "forward"):
            assert 0 < row[name][kind]["minimum"] <= row[name][kind]["median"]
    assert "2,3,4,5,1" in capsys.readouterr().out
    figures.benchmark(results["layers"], tmp_path / "benchmark.png")
    assert (tmp_path / "benchmark.png").stat().st_size > 1000


def test_cost_is_divided_among_the_calls():
    times = milliseconds(lambda: sleep(0.01), seconds=0.1, at_least=3, calls=10)
    assert 1 <= times["minimum"] <= times["median"]


def test_examples_for_a_peer_are_those_of_the_run(tmp_path):
    path = tmp_path / "examples.npz"
    work.examples("configs/encoder_decoder_addition_published.py", str(path), 50)
    with np.load(path) as arrays:
        assert arrays["x"].shape == (50, 8, 12) and arrays["y"].shape == (50, 2, 12)
        alphabet = np.array(list("0123456789+ "))
        for x, y in zip(arrays["x"], arrays["y"], strict=True):
            terms = "".join(alphabet[x.argmax(-1)]).split("+")
            assert sum(map(int, terms)) == int("".join(alphabet[y.argmax(-1)]))


def test_a_python_without_peers_is_told(tmp_path):
    with pytest.raises(UserError, match="--peer_python .*No such file"):
        Suite(tmp_path, str(tmp_path / "python"), 1)
