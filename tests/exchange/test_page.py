"""The samples of docs/exchange.md run, one after the other; those that need PyTorch are `py`."""

import pathlib
import re

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "exchange.md"


def test_the_samples_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "notebook"}
    samples = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert len(samples) >= 4
    for sample in samples:
        exec(compile(sample, str(PAGE), "exec"), names)
    assert names["outputs"].shape == (4, 7, 2) and names["h"].shape == (4, 5)
    assert (tmp_path / "echo.md").exists()
