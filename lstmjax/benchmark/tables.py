"""What the benchmark found, a line a case."""

from typing import Any

from lstmjax.runs import reporting

LAYER_FIELDS = ("batch", "time", "inputs", "hidden", "layers", "bidirectional")
PEERS = ("torch", "keras", "flax")
Row = dict[str, Any]


def table(part: str, rows: list[Row]) -> str:
    """A part's rows as a table: milliseconds, ratios and rates."""
    lines = [TABLES[part](row) for row in rows]
    return reporting.table([list(lines[0]), *(list(line.values()) for line in lines)])


def _layer_line(row: Row) -> dict[str, str]:
    case, ours = row["case"], row["lstmjax"]
    shape = ",".join(str(case[name]) for name in LAYER_FIELDS[:-1])
    line = {"layer": shape + (" both ways" if case["bidirectional"] else "")}
    line |= {
        "step ms": f"{ours['train']['median']:.3g}",
        "± ": f"{ours['train']['spread']:.2g}",
        "in a scan": f"{ours['train_in_scan']['median']:.3g}",
        "forward": f"{ours['forward']['median']:.3g}",
        "compile s": f"{ours['compile_seconds']:.1f}",
    }
    if "products" in row:
        for kind in ("train", "forward"):
            share = row["products"][kind]["median"] / ours[kind]["median"]
            line[f"of products, {kind}"] = f"{share:.2f}"
            rate = row["operations"][kind] / ours[kind]["median"] * 1e3
            line[f"of best, {kind}"] = f"{rate / row['best']:.2f}"
    for name in ("scan", *PEERS):
        if name in row:
            ratios = [
                ours[mine]["median"] / row[name][kind]["median"]
                for mine, kind in (
                    ("train", "train"),
                    ("train_in_scan", "train"),
                    ("forward", "forward"),
                )
            ]
            line[f"/ {name}"] = " ".join(f"{ratio:.2f}" for ratio in ratios)
    return line


def _lesson_line(row: Row) -> dict[str, str]:
    ours = row["lstmjax"]
    line = {
        "lesson": row["case"]["lesson"],
        "metric": ours["metric"],
        "score": f"{ours['score']:.4g}",
        "seconds": f"{ours['seconds']:.1f}",
    }
    if "keras" in row:
        line |= {
            "Keras' score": f"{row['keras']['score']:.4g}",
            "seconds ": f"{row['keras']['seconds']:.1f}",
            "times": f"{row['keras']['seconds'] / ours['seconds']:.1f}",
        }
    return line


def _text_line(row: Row) -> dict[str, str]:
    case, ours = row["case"], row["lstmjax"]
    return {
        "training on text": f"hidden {case['hidden']}, {case['batch']} x {case['window']}",
        "step ms": f"{ours['train']['median']:.3g}",
        "characters a second": f"{ours['characters_per_second']:,.0f}",
        "compile s": f"{ours['compile_seconds']:.1f}",
    }


def _sampling_line(row: Row) -> dict[str, str]:
    case, ours = row["case"], row["lstmjax"]
    rate = case["batch"] / ours["symbol"]["median"] * 1e3
    line = {
        "sampling": f"{case['layers']} x {case['hidden']}, batch {case['batch']}",
        "characters a second": f"{rate:,.0f}",
        "of limit": f"{ours['products']['median'] / ours['symbol']['median']:.2f}",
    }
    if "torch" in row:
        line["torch"] = f"{case['batch'] / row['torch']['symbol']['median'] * 1e3:,.0f}"
        line["times"] = f"{row['torch']['symbol']['median'] / ours['symbol']['median']:.1f}"
    return line


def _arrays_line(row: Row) -> dict[str, str]:
    seconds = row["seconds"]
    return {
        "arrays": row["case"]["framework"],
        "fit s": f"{seconds['fit']:.1f}",
        "again": f"{seconds['again']:.1f}",
        "one ms": f"{seconds['one'] * 1e3:.2f}",
        "of a new length": f"{seconds['other'] * 1e3:.2f}",
        "10,000 s": f"{seconds['many']:.2f}",
    }


def _scaling_line(row: Row) -> dict[str, str]:
    case, ours = row["case"], row["lstmjax"]
    steps = case["batch"] * case["time"]
    return {
        "hidden 128": f"batch {case['batch']}, time {case['time']}",
        "step ms": f"{ours['train']['median']:.3g}",
        "us a row and step": f"{ours['train']['median'] * 1e3 / steps:.3g}",
        "MiB": f"{ours['mebibytes']:.1f}",
        "KiB a row and step": f"{ours['mebibytes'] * 1024 / steps:.2f}",
    }


def _device_line(row: Row) -> dict[str, str]:
    case = dict(row["case"])
    part, _ = case.pop("part"), case.pop("file", None)
    found = {name: value for name, value in row.items() if name not in ("case", "lacks")}
    return {
        "device": " ".join([part, *(str(size) for size in case.values())]),
        "found": ", ".join(f"{name} {_short(value)}" for name, value in found.items()),
    }


def _short(value: Any) -> str:
    """A figure, a time's median, or the figures of a kernel."""
    if isinstance(value, float):
        return f"{value:.3g}"
    if not isinstance(value, dict):
        return str(value)
    if "median" in value:
        return f"{value['median']:.3g} ms"
    return "(" + ", ".join(f"{name} {_short(part)}" for name, part in value.items()) + ")"


TABLES = {
    "device": _device_line,
    "layers": _layer_line,
    "lessons": _lesson_line,
    "text": _text_line,
    "sampling": _sampling_line,
    "arrays": _arrays_line,
    "scaling": _scaling_line,
}
