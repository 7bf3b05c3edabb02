"""The samples of docs/exchange.md run; those without this package answer as `Run.predict` does."""

import pathlib
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest

import lstmjax
from lstmjax.models.bidirectional import Bidirectional
from lstmjax.models.encoder_decoder import EncoderDecoder
from lstmjax.tasks.generated.addition import ALPHABET, Addition
from tests import small_files, tiny

PAGE = pathlib.Path(__file__).parent.parent.parent / "docs" / "exchange.md"
UTTERANCE = np.random.default_rng(5).normal(size=(7, 2)).round(3)  # two channels


def printed(title, lacking, folder):
    """What each Python sample of a section prints where some packages cannot be imported."""
    sections = re.split(r"^## ", PAGE.read_text(), flags=re.MULTILINE)
    (section,) = (text for text in sections if text.startswith(title))
    samples = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    code = "".join(f"import sys; sys.modules[{name!r}] = None\n" for name in lacking)
    code += "\nprint('~')\n".join(samples)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return [text.removesuffix("\n") for text in done.stdout.split("~\n")]


def test_the_samples_that_import_this_package(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "notebook"}
    text = re.sub(
        r"^## (ONNX|Exported programs)\n.*?(?=^## |\Z)", "", PAGE.read_text(), flags=re.M | re.S
    )
    samples = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(samples) >= 4
    for sample in samples:
        exec(compile(sample, str(PAGE), "exec"), names)
    assert names["outputs"].shape == (4, 7, 2) and names["h"].shape == (4, 5)
    assert (tmp_path / "echo.md").exists()


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A run of each task that the samples are about, by the name that they give it."""
    folder = tmp_path_factory.mktemp("runs")
    series = dict(
        path=str(small_files.series_csv(folder, 120)), targets=("heat",), lookback=6, horizon=2
    )
    addition = Addition(valid_examples=4, test_examples=4)
    model = EncoderDecoder(features=(8,), attention="dot")
    made = {
        "vowels": tiny.labelled(folder, model=Bidirectional(features=8, every_step=False)),
        "text": tiny.text(folder),
        "series": tiny.series(series),
        "addition": tiny.echo(task=addition, model=model),
        "tags": tiny.tagging(folder),
    }
    for name, experiment in made.items():
        tiny.finish(experiment, folder / name)
    return {name: lstmjax.load(folder / name) for name in made}


@pytest.fixture
def folder(runs, tmp_path):
    """Where the samples find their files."""
    np.savetxt(tmp_path / "utterance.csv", UTTERANCE, delimiter=",")
    shutil.copy(runs["series"].experiment.task.path, tmp_path / "load.csv")
    (tmp_path / "words.txt").write_text("Do cats sleep !\n")
    return tmp_path


def export(run, path):
    """Exports, and expects that the files name no folder of this machine."""
    for file in run.export(path):
        content = file.read_bytes()
        assert str(run.workdir.parent).encode() not in content
        assert not re.search(rb"/(home|root|tmp|usr)/|lstmjax/recurrent", content)


def test_the_onnx_samples(runs, folder):
    for name, run in runs.items():
        export(run, folder / f"{name}.onnx")
    said = printed("ONNX", ("jax", "flax", "lstmjax", "onnx"), folder)
    vowel, text, series, answer, tags = said
    (probabilities,) = runs["vowels"].predict([UTTERANCE])
    label, probability = vowel.split()
    assert label == runs["vowels"].experiment.task.classes[probabilities.argmax()]
    np.testing.assert_allclose(float(probability), probabilities.max(), rtol=1e-5)
    assert text == runs["text"].sample("the cat", 40, temperature=0)
    (forecast,) = runs["series"].predict(folder / "load.csv")
    numbers = np.array(re.findall(r"-?[\d.]+", series), float)
    np.testing.assert_allclose(numbers, forecast.median[:, 0], rtol=1e-5)
    assert answer == greedy(runs["addition"], "7+10+3")
    assert tags == str(list(runs["tags"].predict(folder / "words.txt")[0]))


def greedy(run, source):
    """What our model writes by itself, with the stop symbol."""
    codes = np.array([[ALPHABET.index(symbol) for symbol in source]])
    outputs, _ = run((codes, np.zeros((1, 9), int)), lengths=np.array([len(source)]))
    written = "".join(ALPHABET[code] for code in outputs[0].argmax(-1))
    return written[: written.find(" ") + 1 or None]


def test_the_samples_of_exported_programs(runs, folder):
    for name in ("vowels", "text"):
        export(runs[name], folder / f"{name}.stablehlo")
    label, text = printed("Exported programs", ("flax", "lstmjax", "optax", "orbax"), folder)
    (probabilities,) = runs["vowels"].predict([UTTERANCE])
    assert label == runs["vowels"].experiment.task.classes[probabilities.argmax()]
    assert text == runs["text"].sample("the cat", 40, temperature=0)
