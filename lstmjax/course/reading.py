"""A lesson's text with what one touches in it, and the pictures of the run in their places."""

import pathlib
from collections.abc import Sequence

from lstmjax.course.markdown import render
from lstmjax.course.page import Figure, figure
from lstmjax.exchange.html import escaped
from lstmjax.files import shipped

# A picture of the text, and the one of a run of the course that takes its place.
PICTURES = {
    "echo_gates": "vanilla_echo/figures/gates",
    "learning_curve_vanilla_echo": "vanilla_echo/figures/learning_curve",
    "damped_sines": "stacked_damped_sine/figures/forecasts",
    "moving_square": "cnn_lstm_moving_square_single/figures/video",
    "addition_attention": "encoder_decoder_addition/figures/attention",
    "directions": "bidirectional_cumulative_sum_balance/figures/directions",
    "rectangles": "generative_rectangles/figures/rectangles",
}


def texts() -> list[pathlib.Path]:
    """The lessons, in the order of reading; the first is on the layer, without an experiment."""
    return sorted(shipped("docs").glob("[0-9]_*.md"))


def read(
    path: pathlib.Path, pictures: Sequence[Figure] = (), demo: str = ""
) -> tuple[str, str, list[Figure]]:
    """A lesson's title, its text as HTML, and the pictures that have no place in the text.

    Args:
      path: of the text.
      pictures: of the course's runs.
      demo: what one touches, as HTML; it stands after the first section.
    """
    left = {str(each.image.with_suffix("")): each for each in pictures}

    def picture(target: str, seen: str) -> str:
        wanted = PICTURES.get(pathlib.Path(target).stem, target)
        found = next((name for name in left if name.endswith(f"/{wanted}")), None)
        return f"<p><em>{escaped(seen)}</em></p>" if found is None else figure(left.pop(found))

    def link(target: str) -> str | None:
        number = pathlib.Path(target).name.partition("_")[0]
        return f"#lesson-{number}" if number.isdigit() else None

    blocks = render(path.read_text(encoding="utf-8"), link, picture, level=1)
    title = path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")
    sections = [place for place, (kind, _) in enumerate(blocks) if kind == "h3"]
    told = [html for _, html in blocks]
    if demo:
        told.insert(sections[1] if len(sections) > 1 else len(told), demo)
    return title, "\n".join(told[1:]), list(left.values())
