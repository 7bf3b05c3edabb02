"""The samples of docs/python.md run, one after the other, as a reader would run them."""

import pathlib
import re

PAGE = pathlib.Path(__file__).parent.parent / "docs" / "python.md"


def test_the_samples_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    samples = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert len(samples) >= 7
    names = {"__name__": "notebook"}
    for sample in samples:
        exec(compile(sample, str(PAGE), "exec"), names)
    assert "last symbol" in capsys.readouterr().out  # the table, with its baselines
    assert names["logits"].shape == (1, 10)
    assert names["h"].shape == (4, 16)
