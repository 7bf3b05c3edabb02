"""The script for a machine with a GPU, on a CPU and with small shapes."""

import subprocess

import numpy as np
import pytest

from lstmjax.benchmark import device, suite
from lstmjax.benchmark.suite import DEVICE, Suite, benchmark
from lstmjax.errors import UserError


@pytest.fixture
def text(tmp_path):
    file = tmp_path / "text.txt"
    file.write_text("a rose is a rose is a rose\nand a nose is a nose\n" * 100)
    return file


@pytest.mark.parametrize("part", ["equality", "determinism", "recipe"])
def test_each_part_of_its_own_runs_here(part, text):
    (found,) = (device.PARTS[name](**case) for name, case in device.plan(str(text)) if name == part)
    if part == "equality":
        # float32 after 8 steps: a few roundings of 6e-8, and no nearer than that
        assert 0 < found["fused"]["exact"] < 1e-5 and set(found) == {"fused"}
    elif part == "determinism":
        assert "gave the same bits" in found["fused"]
    else:
        assert found["symbols"] == 7  # a rose is and nose, the end of a line, <unk>
        assert 1 < found["test_perplexity"] < 1e4 and found["epochs"] > 0
        np.testing.assert_allclose(
            found["seconds_of_39_epochs"], found["seconds"] * 39 / found["epochs"]
        )


def test_a_part_that_fails_stops_no_other(tmp_path, monkeypatch, capsys):
    ran = []

    def result(command, seconds):
        ran.append(command[3])
        assert 0 < seconds <= device.SECONDS
        if command[3] == "determinism":
            raise UserError("out of memory")
        if command[3] == "layers":
            raise subprocess.TimeoutExpired(command, seconds)
        return {"lacks": "", "fused": {"train": {"median": 1.0}}}

    monkeypatch.setattr(suite, "_result", result)
    rows = benchmark(Suite(tmp_path, None, 1), [DEVICE], tmp_path / "out.json")[DEVICE]
    assert ran == list(device.PARTS) == [row["case"]["part"] for row in rows]
    assert [row["case"]["part"] for row in rows if "failed" in row] == ["determinism", "layers"]
    out = capsys.readouterr().out
    assert "out of memory" in out and "fused (train 1 ms)" in out
