"""A trained model as a web page: one file that answers in the browser, without a network."""

import base64
import html
import json
import pathlib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from lstmjax import settings
from lstmjax.errors import UserError
from lstmjax.exchange import Source
from lstmjax.exchange.demos import Demo, demo_of
from lstmjax.exchange.layer import stack
from lstmjax.experiment import Experiment
from lstmjax.files import write_text
from lstmjax.models.bidirectional import Bidirectional
from lstmjax.models.cnn_lstm import CnnLstm
from lstmjax.models.encoder_decoder import EncoderDecoder, RepeatVector
from lstmjax.models.generative import Generative
from lstmjax.models.stacked import Stacked
from lstmjax.models.stacked_bidirectional import StackedBidirectional
from lstmjax.models.tagger import Tagger
from lstmjax.models.vanilla import Vanilla
from lstmjax.recurrent.cells import Standard
from lstmjax.runs import reporting

SUFFIXES = (".html",)
FOLDER = pathlib.Path(__file__).parent / "page"
KNOWN = (
    Bidirectional,
    CnnLstm,
    EncoderDecoder,
    Generative,
    RepeatVector,
    Stacked,
    StackedBidirectional,
    Tagger,
    Vanilla,
)
LARGEST = float(np.finfo(np.float16).max)
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def write(source: Source, path: pathlib.Path) -> None:
    """Writes a page on which one tries the model, and reads its scores.

    Raises:
      UserError: the page has no demonstration for such a task, or cannot run such a model.
    """
    demo = demo_of(source.experiment)
    body = [
        f"<h1>{escaped(demo.title)}</h1>",
        block(demo, {"": (source.experiment, source.params)}),
    ]
    try:
        report = source.report
    except UserError:  # training has not ended
        report = None
    if report is not None:
        body += ["<h2>Scores on held-out examples</h2>", _scores(report)]
    write_text(path, document(demo.title, "\n".join(body), demo.scripts))


def block(demo: Demo, models: Mapping[str, tuple[Experiment, Any]], about: str = "") -> str:
    """The part of a page where one tries a demonstration.

    Args:
      demo: what it shows.
      models: each with its parameters, of one seed, by the name that it has on the page.
      about: a sentence above it; none: the demonstration's own.
    """
    content = {
        "demo": demo.scripts[-1],
        "task": demo.settings,
        "models": [{"name": name} | pack(*model) for name, model in models.items()],
    }
    # no "<" in it: nothing there can end the element
    packed = json.dumps(content, separators=(",", ":")).replace("<", "\\u003c")
    return (
        f'<div class="demo" role="region" aria-label="{escaped(demo.title)}">'
        f"<p><strong>Try it.</strong> {escaped(about or demo.about)}</p>"
        f'<script type="application/json">{packed}</script>'
        "<noscript><p>To try the model here, allow this page to run JavaScript.</p></noscript>"
        "</div>"
    )


def pack(experiment: Experiment, params: Any, precision: str = "float16") -> dict[str, Any]:
    """A model as JSON: its class, its settings, and its weights as base64.

    The eight kernels and four biases of an LSTM become one matrix for the input, one for the
    carry, and one bias. Weights too large for float16 are kept in float32.

    Raises:
      UserError: the page's JavaScript does not know the model.
    """
    model = experiment.model
    if type(model) not in KNOWN:
        names = ", ".join(kind.__name__ for kind in KNOWN)
        raise UserError(f"a page cannot run a model of class {type(model).__name__}, but: {names}")
    if getattr(model, "merge", "") == "none":
        raise UserError("a page needs one output a step: set model.merge to anything but none")
    other = {
        f"cell={type(model.cell).__name__}": type(model.cell) is not Standard,
        "trainable_carry": model.trainable_carry,
        "regularization with zoneout": model.regularization.in_steps(train=False),
    }
    for name, is_set in other.items():
        if is_set:
            raise UserError(f"a page runs the standard LSTM alone, not model.{name}")
    leaves = dict(_leaves(params))
    flat = np.concatenate([np.ravel(leaf) for leaf in leaves.values()])
    if precision == "float32" or np.abs(flat).max() > LARGEST:
        precision, flat = "float32", flat.astype("<f4")
    else:
        flat = flat.astype("<f2")
    return {
        "kind": type(model).__name__,
        "fields": {
            field.name: settings.to_json(getattr(model, field.name))
            for field in settings.fields(model)
        },
        "params": {
            "type": precision,
            "data": base64.b64encode(flat.tobytes()).decode(),
            "leaves": [[path, leaf.shape] for path, leaf in leaves.items()],
        },
    }


def document(title: str, body: str, scripts: Iterable[str]) -> str:
    """A whole page around a body, with the scripts of the demonstrations that it holds."""
    names = ["lstm", "models", "page", *dict.fromkeys(scripts)]
    code = "\n".join((FOLDER / f"{name}.js").read_text(encoding="utf-8") for name in names)
    style = (FOLDER / "page.css").read_text(encoding="utf-8")
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{escaped(title)}</title>
<style>{style}</style>
</head>
<body>
{body}
<script>{code}start();</script>
</body>
</html>
"""


def escaped(content: str) -> str:
    """Text for HTML: markup escaped, and characters that HTML does not allow shown as U+FFFD."""
    return html.escape(FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", content))


def _leaves(params: Any, path: str = "") -> Iterator[tuple[str, np.ndarray]]:
    """Every array with its path, those of an LSTM layer joined."""
    for name, node in params.items():
        place = f"{path}{name}"
        if not isinstance(node, Mapping):
            yield place, np.asarray(node, np.float32)
        elif "cell" not in node:
            yield from _leaves(node, f"{place}/")
        else:
            layer = stack(node)
            if layer.projection is not None:
                raise UserError(f"a page cannot run the layer {place}: it has a projection")
            for part, array in zip(("input", "recurrent", "bias"), layer[:3], strict=True):
                yield f"{place}/cell/{part}", np.asarray(array, np.float32)


def _scores(report: dict[str, Any]) -> str:
    head, *rows = reporting.score_rows(report)
    cells = "".join(f'<th scope="col">{escaped(cell)}</th>' for cell in head)
    lines = (
        f'<tr><th scope="row">{escaped(name)}</th>'
        + "".join(f'<td class="number">{escaped(cell)}</td>' for cell in rest)
        + "</tr>"
        for name, *rest in rows
    )
    return (
        '<div class="box" tabindex="0" role="region" aria-label="Scores"><table>'
        f"<thead><tr>{cells}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
        f'<p class="muted">{escaped(reporting.footer(report))}</p>'
    )
