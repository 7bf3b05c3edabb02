"""`.safetensors`: a whole trained model in one file, with a model card beside it."""

import contextlib
import json
import pathlib
from typing import Any

from lstmjax.errors import UserError
from lstmjax.exchange import Source
from lstmjax.experiment import Experiment
from lstmjax.files import write_text
from lstmjax.runs import one_file, reporting

SUFFIXES = (".safetensors",)
HUB_TASKS = {  # what model hubs call what a family of tasks does
    "pairs": "text2text-generation",
    "series": "time-series-forecasting",
    "tagging": "token-classification",
    "text": "text-generation",
}


def write(source: Source, path: pathlib.Path) -> None:
    """Writes the model, and its card as `.md` beside it.

    `lstmjax.load(path)` answers, samples and evaluates with it.
    """
    report = None
    with contextlib.suppress(UserError):  # a run that has not ended
        report = source.report
    one_file.write(path, source.experiment, source.params, source.step_of_best, report)
    write_text(path.with_suffix(".md"), card(source.experiment, path.name, report))


def save(experiment: Experiment, params: Any, path: str | pathlib.Path) -> None:
    """Writes parameters, such as imported ones, with the resolved experiment that they are for.

    `lstmjax.load(path)` evaluates them; `lstmjax.train(experiment, start=path)` starts from them.
    """
    one_file.write(pathlib.Path(path), experiment, params)


def card(experiment: Experiment, name: str, report: dict[str, Any] | None) -> str:
    """A model card in Markdown, with the front matter that model hubs read.

    The scores are those of the seed in the file, the first. The table gives the mean of all.
    """
    task, model = type(experiment.task), type(experiment.model).__name__
    family = task.__module__.removeprefix("lstmjax.tasks.").split(".")[0]
    data = getattr(experiment.task, "path", "")
    data = pathlib.Path(data).name if data else task.__name__
    hub_task = HUB_TASKS.get(family, "other")
    lines = ["---", "library_name: lstmjax", "tags: [lstm, jax, flax]"]
    if family in HUB_TASKS:
        lines.append(f"pipeline_tag: {hub_task}")
    if report is not None:
        split = "test" if "test" in report else "valid"
        title = json.dumps(pathlib.Path(name).stem)
        lines += ["model-index:", f"- name: {title}", "  results:"]
        lines += [f"  - task: {{type: {hub_task}}}"]
        lines += [f"    dataset: {{type: {family}, name: {json.dumps(data)}, split: {split}}}"]
        lines += ["    metrics:"]
        lines += [
            f"    - {{type: {metric}, value: {score['each'][0]:.6g}}}"
            for metric, score in report[split].items()
        ]
    lines += ["---", "", f"# {model} on {data}", ""]
    lines += [
        f"An LSTM model of [lstmjax](https://pypi.org/project/lstmjax), task {task.__name__}."
    ]
    lines += ["", "```python", "import lstmjax", "", f'model = lstmjax.load("{name}")']
    lines += ['model.predict("new.csv"), model.evaluate()', "```", ""]
    if report is not None:
        head, *rows = reporting.score_rows(report)
        table = [head, ["---"] * len(head), *rows]
        lines += ["## Scores", "", *(f"| {' | '.join(row)} |" for row in table), ""]
        lines += ["Rows below the first are baselines.", "", reporting.footer(report), ""]
    lines += ["## Settings", "", "```json", json.dumps(experiment.to_json(), indent=1), "```", ""]
    return "\n".join(lines)
