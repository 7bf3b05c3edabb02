import numpy as np
import pytest

from lstmjax import figures
from lstmjax.course import lessons as course
from lstmjax.course.lessons import Entry
from lstmjax.experiment import load_config
from lstmjax.training.run import run
from tests import tiny


def test_a_row_counts_the_failed_and_names_the_worst():
    report = {
        "parameters": 1234,
        "seeds": 3,
        "seconds": {"compile": 1.0, "train": 2.0, "evaluate": 0.4},
        "test": {"mae": {"mean": 0.2, "deviation": 0.1, "each": [0.1, 0.2, 0.3]}},
        "floors": {"constant": {"mae": 0.5}, "chance": {"accuracy": 0.1}},
    }
    low = course.row(Entry("name", "mae", 0.25, lower_is_better=True, published="0.4"), report)
    assert low == ["name", "1,234", "mae 0.2 ± 0.1", "0.3", "1/3", "constant 0.5", "0.4", "3"]
    assert course.row(Entry("name", "mae", 0.25), report)[3:5] == ["0.1", "2/3"]
    report["floors"]["median"] = {"mae": 0.4}
    told = course.brief(Entry("name", "mae", 0.25, lower_is_better=True), report)
    assert told == ["name", "mae 0.2 ± 0.1", "0.3", "1/3", "median 0.4", "", "3"]
    report["test"]["mae"]["each"][0] = np.nan
    assert course.row(Entry("name", "mae", 0.0), report)[4] == "1/3"


def test_every_entry_has_a_config_and_a_metric_that_its_task_reports():
    for entries in course.COURSE.values():
        for entry in entries:
            experiment = load_config(entry.config).override(entry.settings)
            if entry.direction:
                assert experiment.model.direction == entry.direction
    names = [entry.name for entries in course.COURSE.values() for entry in entries]
    assert len(set(names)) == len(names)


def test_the_table_fits_a_terminal():
    """With the longest names of the course, and floors of more than a line."""
    entries = [entry for entries in course.COURSE.values() for entry in entries]
    floors = "; ".join(f"least squares on the last {n} values 1.23e-05" for n in range(9))
    rows = [
        [
            entry.name,
            "240,661",
            f"{entry.metric} 0.9942 ± 0.0081",
            "0.9745",
            "0/10",
            floors,
            "0.99",
            "1234",
        ]
        for entry in entries
    ]
    told = course.for_terminal([course.HEADER, *rows])
    assert max(map(len, told.splitlines())) <= 100
    words = " ".join(told.split())
    for row in rows:
        assert all(cell in words for cell in row)


def test_the_course_from_first_to_last(tmp_path, monkeypatch, capsys):
    source = "from tests import tiny\n\n\ndef get_config():\n    return tiny.echo()\n"
    (tmp_path / "echo.py").write_text(source)
    entry = Entry("echo", "accuracy", 0.0, published="0.99", figure=figures.gates, touch="")
    monkeypatch.setattr(course, "COURSE", {"Echo": (entry,)})
    course.run_course(tmp_path / "course", tmp_path, seeds=2)
    told = capsys.readouterr().out
    assert "chance" in told and "0/2" in told
    log = tmp_path / "course" / "echo" / "metrics.jsonl"
    before = log.read_bytes()
    assert "| echo |" in (tmp_path / "course" / "course.md").read_text()
    page = (tmp_path / "course" / "course.html").read_text()
    assert page.count("data:image/png;base64") == 2
    assert page.count('class="demo"') == 1 and '"demo":"echo"' in page
    assert "<h2>1. What is an LSTM?</h2>" in page and "<h2>2. The vanilla LSTM</h2>" in page
    course.run_course(tmp_path / "course", tmp_path, seeds=2)  # finished: nothing is trained again
    assert log.read_bytes() == before


@pytest.mark.parametrize("seeds", [1, 2])
def test_texts_say_how_much_of_them_is_python(seeds, tmp_path, monkeypatch):
    file = tmp_path / "source.py"
    file.write_text("\n\n\ndef f(x):\n    return x\n\n\nclass C:\n    y = 1\n" * 60)
    experiment = tiny.text(tmp_path, seeds=seeds)
    run(experiment.override([f"task.path={file}"]), tmp_path / "run")
    monkeypatch.setattr(course, "SAMPLE_LENGTH", 400)
    samples = course.write_python(tmp_path / "run")
    assert [sample.title.split(",")[0] for sample in samples[:2]] == ["The LSTM", "The 5-grams"]
    share = int(samples[1].title.split("takes ")[1].split("%")[0])
    assert share > 80  # a source that repeats itself is easy for 5-grams
    assert "100%" in samples[2].title
