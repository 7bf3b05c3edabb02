"""Files of any content: each is read, or refused in one line, and nothing else happens."""

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lstmjax.errors import UserError
from lstmjax.experiment import read_experiment
from lstmjax.files import write_json
from lstmjax.runs.workdir import read_log
from tests import spoiled

few = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
LOG = [{"step": 1, "loss": 0.5}, {"step": 2, "loss": 0.4}, {"step": 2, "valid": {"loss": 0.3}}]


@pytest.mark.parametrize("name", spoiled.FORMATS)
def test_a_small_file_is_right(name, tmp_path):
    file = spoiled.write(name, tmp_path)
    task = spoiled.FORMATS[name].task(str(file)).resolve()
    assert all(task.load().sizes.values())


@few
@pytest.mark.parametrize("name", spoiled.FORMATS)
@given(data=st.data())
def test_a_training_file_is_read_or_refused(name, tmp_path, data):
    file = spoiled.write(name, tmp_path, data.draw(spoiled.files(name)))
    try:
        spoiled.FORMATS[name].task(str(file)).resolve()
    except UserError as error:
        assert "task." in str(error) or file.name in str(error)


@few
@given(data=st.data())
def test_an_experiment_is_read_or_refused(tmp_path, data):
    file = tmp_path / "experiment.json"
    write_json(file, spoiled.FORMATS["csv"].experiment(tmp_path / "a.csv").to_json())
    file.write_bytes(data.draw(spoiled.spoiled_json(file.read_bytes())))
    try:
        read_experiment(file)
    except UserError as error:
        assert str(file) in str(error)


@few
@given(data=st.data())
def test_a_log_is_read_as_far_as_a_run_wrote_it(tmp_path, data):
    file = tmp_path / "metrics.jsonl"
    lines = [json.dumps(line).encode() for line in LOG]
    place = data.draw(st.integers(0, 2))
    lines[place] = data.draw(spoiled.spoiled_json(lines[place]))
    file.write_bytes(b"\n".join(lines))
    read = read_log(file)
    assert read[:place] == LOG[:place]
    losses = [(line["valid"] if "valid" in line else line)["loss"] for line in read]
    assert np.array(losses, float).ndim <= 2 and all(line["step"] > 0 for line in read)
