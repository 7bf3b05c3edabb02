"""Every demonstration in a real browser, if there is one."""

import json
import re
import shutil
import subprocess

import jax
import numpy as np
import pytest

from lstmjax.exchange import html
from lstmjax.exchange.demos import demo_of
from lstmjax.experiment import Experiment
from lstmjax.models.bidirectional import Bidirectional
from lstmjax.models.cnn_lstm import CnnLstm
from lstmjax.models.encoder_decoder import EncoderDecoder
from lstmjax.models.stacked import Stacked
from lstmjax.optimizers import Adam
from lstmjax.tasks.generated.addition import Addition
from lstmjax.tasks.generated.cumulative_sum import CumulativeSum
from lstmjax.tasks.generated.damped_sine import DampedSine
from lstmjax.tasks.generated.moving_square import MovingSquare
from lstmjax.training.steps import init_state
from tests import small_files, tiny

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
BROWSER = next(filter(None, map(shutil.which, BROWSERS)), None)
# touches everything, by pointer and by keys, and tells what became of it
TOUCH = """<script>
window.addEventListener("error", (event) => console.log("ERROR " + event.message));
const keys = ["ArrowLeft", "ArrowUp", "ArrowRight", "PageDown"];
setTimeout(() => {
  for (const plot of document.querySelectorAll(".editable"))
    for (const key of keys) plot.dispatchEvent(new KeyboardEvent("keydown", { key }));
  for (const input of document.querySelectorAll("input, textarea")) {
    if (input.type === "range") input.value = input.max;
    input.dispatchEvent(new Event("input"));
    input.dispatchEvent(new Event("change"));
  }
  for (const button of document.querySelectorAll("button")) button.click();
}, 500);
setTimeout(() => {
  const all = (query, root = document) => [...root.querySelectorAll(query)];
  const parts = "svg rect, svg path, .text span, .word";
  const { scrollWidth, clientWidth } = document.documentElement;
  console.log("TOLD " + JSON.stringify({
    width: innerWidth,
    beyond: scrollWidth - clientWidth,
    shown: all(".demo").map((demo) => all(parts, demo).length),
    wrong: all("[role=alert]").filter((told) => !told.hidden).map((told) => told.textContent),
    unnamed: all("input, textarea, select").filter((control) => !control.labels.length).length,
  }));
}, 2500);
</script></body>"""


def experiments(directory):
    generated = dict(optimizer=Adam(), steps=1, batch_size=2)
    yield tiny.text(directory)
    yield tiny.pairs(directory)
    yield tiny.tagging(directory)
    columns = dict(path=str(small_files.series_csv(directory, 160)), targets=("load", "heat"))
    yield tiny.series(columns | dict(lookback=8, horizon=4, head="quantile"))
    yield tiny.echo()
    yield Experiment(task=DampedSine(), model=Stacked(features=(4, 4)), **generated)
    square = MovingSquare(frames=6, size=8, trail=False)
    yield Experiment(task=square, model=CnnLstm(features=4), **generated)
    yield Experiment(task=CumulativeSum(), model=Bidirectional(features=4), **generated)
    adder = EncoderDecoder(features=(8,), attention="dot")
    yield Experiment(task=Addition(), model=adder, **generated)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A page with every demonstration, whose models were not trained."""
    directory, blocks, scripts = tmp_path_factory.mktemp("page"), [], []
    for experiment in experiments(directory):
        experiment = experiment.resolve()
        data = experiment.task.load()
        shapes = jax.eval_shape(lambda e=experiment, d=data: init_state(e, d).params)
        rng = np.random.default_rng(0)
        params = jax.tree.map(lambda x, r=rng: r.normal(0, 0.3, x.shape), shapes)
        demo = demo_of(experiment)
        blocks.append(html.block(demo, {"": (experiment, params)}))
        scripts += demo.scripts
    text = html.document("All", "\n".join(blocks), scripts)
    file = directory / "page.html"
    file.write_text(text.replace("</body>", TOUCH))
    return file


@pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")
@pytest.mark.parametrize("width", [400, 1200])
def test_every_demonstration_works_at_every_width(width, page):
    frame = page.with_name(f"{width}.html")  # a window has a least width, a frame has none
    frame.write_text(f'<iframe src="{page.name}" style="width:{width}px;height:900px;border:0">')
    flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr"]
    flags += ["--window-size=1300,1000", "--virtual-time-budget=5000", "--dump-dom"]
    done = subprocess.run(
        [BROWSER, *flags, f"--user-data-dir={page.parent}/profile", frame.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
    )
    console = re.findall(r'CONSOLE[^"]*"(.*)", source', done.stderr)
    told = [json.loads(line.removeprefix("TOLD ")) for line in console if line.startswith("TOLD")]
    assert len(console) == len(told) == 1, done.stderr[-2000:]
    assert told[0]["width"] == width and told[0]["beyond"] == 0
    assert min(told[0]["shown"]) > 1 and len(told[0]["shown"]) == 9, told[0]["shown"]
    assert not told[0]["wrong"] and not told[0]["unnamed"]
