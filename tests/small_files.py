"""Small files in the formats that people have."""

import gzip
import itertools
import json
import pathlib
import struct

import numpy as np

from lstmjax.tasks.panels import Panels
from lstmjax.tasks.series import Series

POEM = "the cat sat on the mat; the dog dug in the fog. " * 40

CONLLU = """# sent_id = 1
# text = Don't stop!
1-2\tDon't\t_\t_\t_\t_\t_\t_\t_\t_
1\tDo\tdo\tAUX\tVB\t_\t3\taux\t_\t_
2\tn't\tnot\tPART\tRB\t_\t3\tadvmod\t_\t_
3\tstop\tstop\tVERB\tVB\t_\t0\troot\t_\tSpaceAfter=No
3.1\tnow\tnow\tADV\tRB\t_\t_\t_\t_\t_
4\t!\t!\tPUNCT\t.\t_\t3\tpunct\t_\t_

# sent_id = 2
1\tCats\tcat\tNOUN\tNNS\t_\t2\tnsubj\t_\t_
2\tsleep\tsleep\tVERB\tVBP\t_\t0\troot\t_\t_

"""


def series_values(rows: int) -> np.ndarray:
    """Two columns with a season of four, the first with gaps, NaN: (rows, 2)."""
    time = np.arange(rows)
    noise = np.random.default_rng(0).normal(size=(rows, 2))
    load = 50 + 8 * np.sin(np.pi * time / 2) + noise[:, 0]
    load[time % 17 == 3] = np.nan
    return np.round(np.stack([load, 5 + 0.1 * time + noise[:, 1]], 1), 3)


def series_csv(directory: pathlib.Path, rows: int, level: float = 0.0) -> pathlib.Path:
    """Those columns, lifted by `level`, as `load` and `heat`; the `day`; `late` from row 100 on."""
    lines = ["day,load,heat,late"]
    for row, (load, heat) in enumerate(level + series_values(rows)):
        day = np.datetime64("2021-01-01") + np.timedelta64(row, "D")
        lines.append(f"{day},{'' if np.isnan(load) else load},{heat},{1 if row >= 100 else 'NA'}")
    file = directory / "series.csv"
    file.write_text("\n".join(lines) + "\n")
    return file


def like_series(file: pathlib.Path, task: Series) -> dict[str, object]:
    """Writes a small CSV with the columns of a task, and returns settings that fit it."""
    targets = task.targets or ("load",)
    numbers = [*targets, *task.covariates]
    time = [] if task.time is None else [task.time]
    lines = [",".join([*numbers, *task.categories, *time])]
    for row, values in enumerate(np.random.default_rng(0).uniform(1, 9, (90, len(numbers)))):
        cells = [*map(str, values), *("ab"[row % 2] for _ in task.categories)]
        day = str(np.datetime64("2020-01-01") + np.timedelta64(row, "D"))
        lines.append(",".join([*cells, *(day for _ in time)]))
    file.write_text("\n".join(lines))
    return {
        "targets": ",".join(targets),
        "lookback": 2 * task.patch,
        "horizon": 2,
        "split_rows": "60,75",
    }


def panel_values(sizes: tuple[int, ...] = (60, 45, 32, 9)) -> list[np.ndarray]:
    """Series of unequal length with a season of four, each of its own size; some values missing."""
    rng, found = np.random.default_rng(3), []
    for i, rows in enumerate(sizes):
        values = 5 * 10.0**i * (3 + np.sin(np.pi * np.arange(rows) / 2) + rng.random(rows))
        values[::13][1:] = np.nan
        found.append(np.array([float(f"{value:.5g}") for value in values]))
    return found


def panel_csv(
    directory: pathlib.Path, sizes: tuple[int, ...] = (60, 45, 32, 9), ahead: int = 0
) -> pathlib.Path:
    """Those series as `y` of `meter` by the `hour`, later ones starting later, rows mixed.

    `price` is known `ahead` rows after the last `y`, `heat` until now, and `kind` and `area` belong
    to a meter.
    """
    rng, lines = np.random.default_rng(4), []
    for i, values in enumerate(panel_values(sizes)):
        rows = len(values) + ahead
        cells = ["" if np.isnan(value) else f"{value:.5g}" for value in values] + [""] * ahead
        heat = [*(f"{value:.3f}" for value in rng.random(len(values))), *[""] * ahead]
        for row, price in enumerate(rng.random(rows)):
            hour = np.datetime64("2021-01-01T00") + np.timedelta64(row + 10 * i, "h")
            start = f"m{i},{str(hour).replace('T', ' ')}:00,{cells[row]},{price:.3f},{heat[row]}"
            lines.append((row, f"{start},{'ab'[i % 2]},{i + 1.5}"))
    file = directory / "panel.csv"
    text = [line for _, line in sorted(lines, key=lambda line: line[0])]
    file.write_text("\n".join(["meter,hour,y,price,heat,kind,area", *text]) + "\n")
    return file


def like_panel(file: pathlib.Path, task: Panels) -> dict[str, object]:
    """Writes a small long table with the columns of a task, and returns settings that fit it."""
    columns = [task.series, *([task.time] if task.time else [])]
    numbers = [*task.targets, *task.past, *task.known]
    lines = [",".join([*columns, *numbers, *task.static])]
    rng = np.random.default_rng(0)
    rows = 2 * task.lookback + 3 * task.horizon
    for i in range(3):
        for row, values in enumerate(rng.uniform(1, 9, (rows, len(numbers)))):
            time = [] if task.time is None else [str(row + 1)]
            if task.calendar:
                time = [str(np.datetime64("2020-01-01T00") + np.timedelta64(row, "h"))]
            cells = [*map(str, values), *("ab"[i % 2] for _ in task.static)]
            lines.append(",".join([f"s{i}", *time, *cells]))
    file.write_text("\n".join(lines))
    return {}


def pieces_file(directory: pathlib.Path) -> str:
    """Twelve pieces of 3 to 9 frames of up to three notes, six of them to train on."""
    rng = np.random.default_rng(0)
    pieces = [
        [sorted({*map(int, rng.integers(21, 109, rng.integers(0, 4)))}) for _ in range(frames)]
        for frames in rng.integers(3, 10, 12)
    ]
    file = directory / "pieces.json"
    file.write_text(json.dumps({"train": pieces[:6], "valid": pieces[6:9], "test": pieces[9:]}))
    return str(file)


def pairs_file(directory: pathlib.Path, form: str = "tsv") -> str:
    """Words of a to e, each spelled backward in capitals; every third has a second target."""
    directory.mkdir(exist_ok=True)
    words = ["".join(word) for size in (2, 3) for word in itertools.product("abcde", repeat=size)]
    lines = []
    for i, word in enumerate(words):
        capitals = word[::-1].upper()
        spelled = [capitals, *([capitals + "X"] if i % 3 == 0 else [])]
        for variant, target in enumerate(spelled, 1):
            mark = f"({variant})" if variant > 1 else ""
            tsv, cmudict = f"{word}\t{target}", f"{word}{mark} {' '.join(target)}"
            lines.append(tsv if form == "tsv" else cmudict)
    file = directory / f"pairs.{form}"
    file.write_text("\n".join(lines) + "\n")
    return str(file)


def sigmorphon_files(directory: pathlib.Path) -> str:
    """The directory, with Korean files of those pairs: the same in each split."""
    lines = pathlib.Path(pairs_file(directory)).read_text()
    for split in ("train", "dev", "test"):
        (directory / f"kor_{split}.tsv").write_text(lines)
    return str(directory)


def ts_text(size: int, seed: int = 0, classes: str = "up down", labelled: bool = True) -> str:
    """A .ts file of two channels and 2 to 5 steps; the first channel rises or falls."""
    rng, lines = np.random.default_rng(seed), []
    for i in range(size):
        steps = rng.integers(2, 6)
        slope = np.arange(steps) * (1 - 2 * (i % 2)) + rng.normal(size=steps) / 10
        channels = (",".join(f"{value:.3f}" for value in row) for row in (slope, slope**2 + 5))
        lines.append(":".join([*channels, *(classes.split()[i % 2 : i % 2 + 1] * labelled)]))
    head = f"# made up\n@problemName slopes\n@dimensions 2\n@classLabel {labelled} {classes}\n@data"
    return "\n".join([head, *lines, ""])


def idx_bytes(array: np.ndarray) -> bytes:
    """An idx file of unsigned bytes."""
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


def labelled_files(directory: pathlib.Path, idx: bool = False) -> dict[str, str]:
    """Writes a training and a test file; returns the settings that name them."""
    names = {}
    for split, size in (("train", 24), ("test", 10)):
        if not idx:
            names[split] = directory / f"{split}.ts"
            names[split].write_text(ts_text(size, seed=size))
            continue
        labels = np.arange(size) % 3
        pictures = (
            np.random.default_rng(size).integers(0, 99, (size, 6, 5)) + 70 * labels[:, None, None]
        )
        for name, array in ((split, pictures), (f"{split}_labels", labels)):
            names[name] = directory / f"{name}-ubyte.gz"
            names[name].write_bytes(gzip.compress(idx_bytes(array.astype(np.uint8))))
    return {name: str(path) for name, path in names.items()}


def tagging_files(directory: pathlib.Path) -> dict[str, str]:
    """Writes a training, a validation and a test file; returns the settings that name them."""
    names = {}
    for split, times in (("train", 8), ("valid", 2), ("test", 3)):
        names[split] = directory / f"{split}.conllu"
        names[split].write_text(CONLLU * times)
    return {name: str(path) for name, path in names.items()}


def entities_files(directory: pathlib.Path) -> dict[str, str]:
    """Sentences with named entities in two columns; some words are of either kind."""
    names, rng = {}, np.random.default_rng(0)
    for split, size in (("train", 40), ("test", 12)):
        lines = []
        for _ in range(size):
            for _ in range(rng.integers(1, 4)):
                kind = rng.choice(["PER", "LOC"])
                words = rng.choice(["Ann", "York", "Paris", "Lee"], rng.integers(1, 4))
                lines += [f"{word} {'BI'[i > 0]}-{kind}" for i, word in enumerate(words)]
                lines += [f"{rng.choice(['saw', 'in', 'the'])} O"]
            lines.append("")
        if split == "test":
            lines += ["Lee B-ORG", ""]  # a tag that training lacks
        names[split] = directory / f"{split}.txt"
        names[split].write_text("\n".join(lines) + "\n")
    return {name: str(path) for name, path in names.items()}
