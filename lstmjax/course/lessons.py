"""The course: every lesson's experiments one after the other, their table, pictures and samples."""

import dataclasses
import pathlib
import textwrap
import time
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from lstmjax import figures
from lstmjax.course import reading
from lstmjax.course.page import Figure, Lesson, Sample, Table, write_page
from lstmjax.course.syntax import parsed_share
from lstmjax.exchange import html
from lstmjax.exchange.demos import demo_of
from lstmjax.experiment import load_config
from lstmjax.files import write_text
from lstmjax.inference import generation
from lstmjax.runs import reporting
from lstmjax.runs.checkpoints import restore_best
from lstmjax.runs.workdir import read_log
from lstmjax.tasks.text.ngrams import NGram
from lstmjax.training.run import run

HEADER = ("experiment", "parameters", "score", "worst", "failed", "floors", "published", "seconds")
BRIEF = ("experiment", "score", "worst seed", "failed", "best floor", "published", "seconds")
WIDTH = 100  # of a terminal
SAMPLE_ROWS, SAMPLE_LENGTH = 16, 2_000  # texts drawn to see how much of them is Python
Draw = Callable[..., str]  # (experiment, data, params of one seed, path) -> caption


@dataclasses.dataclass(frozen=True)
class Entry:
    """One experiment of a lesson."""

    config: str  # name of the file, without .py
    metric: str  # the headline
    success: float  # a seed on the wrong side of this has failed
    lower_is_better: bool = False
    published: str = ""  # what the course's own model scored, where it did
    one_seed: bool = False  # too long to train many side by side
    figure: Draw | None = None
    settings: tuple[str, ...] = ()  # changes to the config, as --set takes them
    direction: str = ""  # its name among the lesson's runs that are compared with one another
    touch: str | None = None  # its name on the page, where one tries it; none: one does not

    @property
    def name(self) -> str:
        """What the run is called, and its directory."""
        both = self.direction in ("", "both")
        return self.config if both else f"{self.config}_{self.direction}"


COURSE = {
    "Vanilla: remember one of five digits": (
        Entry("vanilla_echo", "accuracy", 0.999, figure=figures.gates, touch=""),
        Entry("vanilla_echo_published", "accuracy", 0.5, published="0.99-1"),
    ),
    "Stacked: continue a damped sine": (
        Entry("stacked_damped_sine", "mae", 0.002, True, figure=figures.forecasts, touch=""),
        Entry("stacked_damped_sine_published", "mae", 0.04, True, published="0.021-0.033"),
    ),
    "CNN-LSTM: which way does the square move": (
        Entry("cnn_lstm_moving_square_single", "accuracy", 0.9, figure=figures.video, touch=""),
        Entry("cnn_lstm_moving_square", "accuracy", 0.9),
        Entry(
            "cnn_lstm_moving_square_published", "accuracy", 0.9, published="0.99-1", one_seed=True
        ),
    ),
    "Encoder-decoder: add three numbers": (
        Entry("encoder_decoder_addition", "sequence_accuracy", 0.5, figure=figures.attention),
        Entry(
            "encoder_decoder_addition_published", "sequence_accuracy", 0.5, published="1 (leaked)"
        ),
        Entry(
            "encoder_decoder_addition_3digits", "sequence_accuracy", 0.9, one_seed=True, touch=""
        ),
    ),
    "Bidirectional: label every step": (
        Entry(
            "bidirectional_cumulative_sum_balance",
            "accuracy",
            0.96,
            direction="both",
            touch="Both directions",
        ),
        *(
            Entry(
                "bidirectional_cumulative_sum_balance",
                "accuracy",
                0.9,
                settings=(f"model.direction={direction}",),
                direction=direction,
                touch=f"The {direction} direction alone",
            )
            for direction in ("forward", "backward")
        ),
        Entry("bidirectional_cumulative_sum_published", "accuracy", 0.96, published="0.998"),
    ),
    "Generative: rectangles, and a text": (
        Entry("generative_rectangles", "nats", -3.0, True, figure=figures.rectangles),
        Entry("generative_rectangles_published", "mae", 0.15, True, published="0.112"),
        # fewer updates than the config has: the course is to end before the coffee is cold
        Entry(
            "generative_text",
            "nats",
            1.6,
            True,
            one_seed=True,
            settings=("steps=1500", "evaluation_examples=20000"),  # all there are to test on
            touch="",
        ),
    ),
}


def run_course(workdir: pathlib.Path, configs: pathlib.Path, seeds: int) -> None:
    """Runs every entry in a directory of its own and prints its scores as it ends.

    At the end: the table, also as `course.md`, and all of it as one page, `course.html`. What a
    directory holds already is not trained again.

    Raises:
      UserError: a config is missing, or a directory holds another experiment.
    """
    began = time.perf_counter()
    first, *texts = reading.texts()
    rows, briefly, lessons, scripts = [], [], [Lesson(*reading.read(first)[:2])], []
    for document, (title, entries) in zip(texts, COURSE.items(), strict=False):
        print(f"\n{title}", flush=True)
        tables, pictures, samples = [], [], []
        for entry in entries:
            directory = workdir / entry.name
            experiment = load_config(str(configs / f"{entry.config}.py")).override(entry.settings)
            experiment = dataclasses.replace(experiment, seeds=1 if entry.one_seed else seeds)
            report = run(experiment, directory, defer_signals=True)
            print(entry.name, reporting.scores(report), reporting.footer(report), sep="\n")
            print(flush=True)
            rows.append(row(entry, report))
            briefly.append(brief(entry, report))
            header, *lines = reporting.score_rows(report)
            tables.append(Table(header, lines, f"{entry.name}, on held-out examples"))
            pictures += draw(entry, directory)
            if entry.config == "generative_text":
                samples = write_python(directory)
                print(*(f"{sample.title}\n\n{sample.text}\n" for sample in samples), sep="\n")
        pictures += compare(workdir, [entry for entry in entries if entry.direction])
        demo, needed = touch(workdir, entries)
        scripts += needed
        heading, body, pictures = reading.read(document, pictures, demo)
        lessons.append(Lesson(heading, body, tables, pictures, samples))
    in_lines = [[cell.replace("\n", "; ") for cell in cells] for cells in [HEADER, *rows]]
    print(for_terminal(in_lines))
    write_text(workdir / "course.md", markdown(in_lines))
    seconds = f"{time.perf_counter() - began:.0f} s in all"
    introduction = (
        "Six LSTM architectures, each with the experiment that shows what it is for. Scores are of "
        "held-out examples, mean and deviation over seeds, beside what a predictor that learned "
        "nothing, or a classical one, gets on the same examples. Each lesson has a model to try, "
        "which runs in this page.",
    )
    summary = Table(BRIEF, briefly)
    write_page(
        workdir / "course.html",
        lessons,
        introduction=introduction,
        summary=summary,
        scripts=scripts,
    )
    print(
        f"{seconds}; the table: {workdir / 'course.md'}; the course to read and to touch, in a "
        f"browser: {workdir / 'course.html'}"
    )


def row(entry: Entry, report: dict[str, Any]) -> list[str]:
    """An entry's line of the table."""
    score = report["test"][entry.metric]
    sign = -1 if entry.lower_is_better else 1
    worst = sign * min(sign * value for value in score["each"])
    failed = sum(not sign * value >= sign * entry.success for value in score["each"])
    floors = (
        f"{name} {floor[entry.metric]:.3g}"
        for name, floor in report["floors"].items()
        if entry.metric in floor
    )
    return [
        entry.name,
        f"{report['parameters']:,}",
        f"{entry.metric} {reporting.score(score)}",
        f"{worst:.4g}",
        f"{failed}/{report['seeds']}",
        "\n".join(floors),
        entry.published,
        f"{sum(report['seconds'].values()):.0f}",
    ]


def brief(entry: Entry, report: dict[str, Any]) -> list[str]:
    """An entry's line of the page, which has each lesson's floors elsewhere."""
    name, _, score, worst, failed, _, published, seconds = row(entry, report)
    sign = -1 if entry.lower_is_better else 1
    floors = {k: v[entry.metric] for k, v in report["floors"].items() if entry.metric in v}
    best = max(floors, key=lambda floor: sign * floors[floor], default=None)
    told = "" if best is None else f"{best} {floors[best]:.3g}"
    return [name, score, worst, failed, told, published, seconds]


def for_terminal(rows: list) -> str:
    """Rows, the first the header, in lines of 100 columns: what does not fit a row is below it."""
    short = ("experiment", "score", "worst", "seconds")
    places = [HEADER.index(name) for name in short]
    lines = reporting.table([[cells[i] for i in places] for cells in rows]).splitlines()
    told = lines[:2]
    for line, cells in zip(lines[2:], rows[1:], strict=True):
        more = dict(zip(HEADER, cells, strict=True))
        below = f"{more['parameters']} parameters; {more['failed']} seeds failed; "
        below += f"floors: {more['floors']}"
        below += f"; published: {more['published']}" if more["published"] else ""
        told += [line, textwrap.fill(below, WIDTH, initial_indent="    ", subsequent_indent="    ")]
    return "\n".join(told)


def markdown(rows: list) -> str:
    """Rows as a Markdown table, the first the header."""
    head, *rest = [f"| {' | '.join(cells)} |" for cells in rows]
    return "\n".join([head, "|" + " --- |" * len(rows[0]), *rest]) + "\n"


def draw(entry: Entry, directory: pathlib.Path) -> list[Figure]:
    """The pictures of a run: its learning curve, and its own, of the first seed."""
    path, log = directory / "figures" / "learning_curve.png", read_log(directory / "metrics.jsonl")
    pictures = [Figure(path, figures.learning_curve(log, path))] if log else []
    if entry.figure is not None:
        experiment, params, _ = restore_best(directory)
        params = experiment.first_seed(params)
        path = directory / "figures" / f"{entry.figure.__name__}.png"
        caption = entry.figure(experiment, experiment.task.load(), params, path)
        pictures.insert(0, Figure(path, caption))
    return pictures


def compare(workdir: pathlib.Path, entries: list[Entry]) -> list[Figure]:
    """The pictures of a lesson's runs beside one another, if it has such runs."""
    if not entries:
        return []
    directory = workdir / entries[0].name / "figures"
    logs, runs = {}, {}
    for entry in entries:
        logs[entry.direction] = read_log(workdir / entry.name / "metrics.jsonl")
        experiment, params, _ = restore_best(workdir / entry.name)
        runs[entry.direction] = (experiment, experiment.task.load(), params)
    curves, places = directory / "directions.png", directory / "positions.png"
    return [
        Figure(places, figures.positions(runs, places)),
        Figure(curves, figures.directions(logs, curves)),
    ]


def touch(workdir: pathlib.Path, entries: Iterable[Entry]) -> tuple[str, tuple[str, ...]]:
    """What one touches of a lesson, as HTML, and the scripts that it needs."""
    models = {}
    for entry in entries:
        if entry.touch is not None:
            experiment, params, _ = restore_best(workdir / entry.name)
            models[entry.touch] = experiment, experiment.first_seed(params)
    if not models:
        return "", ()
    demo = demo_of(next(iter(models.values()))[0])
    return html.block(demo, models), demo.scripts


def write_python(directory: pathlib.Path) -> list[Sample]:
    """Texts from a model of Python source and from 5-grams, and how much of each is Python."""
    task, _, _ = generation.restore_text_model(directory)
    data = task.load()
    plain = generation.Sampling()
    drawn = {
        "The LSTM": generation.draw_texts(directory, "\n\n", SAMPLE_LENGTH, SAMPLE_ROWS, 0, plain)
    }
    ngram = NGram(np.asarray(data.arrays["train"], np.int64), task.outputs, 5)
    prompt = task.encode("\n\n")
    drawn["The 5-grams"] = [
        task.decode(ngram.sample(SAMPLE_LENGTH, seed, prompt)) for seed in range(SAMPLE_ROWS)
    ]
    held_out = [task.decode(data.arrays["test"][: SAMPLE_LENGTH * SAMPLE_ROWS])]
    samples = []
    for name, texts in drawn.items():
        share, count = parsed_share(texts)
        title = f"{name}, at temperature 1: Python's parser takes {share:.0%} of {count} blocks"
        samples.append(Sample(title, texts[0][:800]))
    share, count = parsed_share(held_out)
    return [
        *samples,
        Sample(f"The held-out source itself: {share:.0%} of {count}", held_out[0][:300]),
    ]
