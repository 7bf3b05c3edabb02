"""The course as one web page: tables, figures and samples in a single file, without a network."""

import base64
import dataclasses
import html
import pathlib
import re
from collections.abc import Sequence

from lstmjax.files import write_text

MOST_COLUMNS = 4  # of a table that stays one on a narrow screen
NUMBER = re.compile(
    r"[-−+<]?[.\d][\d.,]*(e[-+]?\d+)?( ?(±|[-–]) ?[.\d]+(e[-+]?\d+)?)?( ?[%s]|/\d+)?$"
)
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


@dataclasses.dataclass(frozen=True)
class Figure:
    """A PNG file and the sentence that says what to see in it, which is also read aloud."""

    image: pathlib.Path
    caption: str


@dataclasses.dataclass(frozen=True)
class Table:
    """Text in columns; every row is as long as the header, and its first cell names it."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""


@dataclasses.dataclass(frozen=True)
class Sample:
    """Text shown as it is, such as a model's answers or a text it wrote."""

    title: str
    text: str


@dataclasses.dataclass(frozen=True)
class Lesson:
    """A section of the page."""

    title: str
    prose: Sequence[str] = ()  # paragraphs
    tables: Sequence[Table] = ()
    figures: Sequence[Figure] = ()
    samples: Sequence[Sample] = ()


def write_page(
    path: pathlib.Path,
    lessons: Sequence[Lesson],
    samples: Sequence[Sample] = (),
    *,
    title: str = "The LSTM course",
    introduction: Sequence[str] = (),
    summary: Table | None = None,
) -> None:
    """Writes the page as one HTML file that refers to nothing outside itself.

    Args:
      path: the file to write.
      lessons: in the order of reading.
      samples: shown after the lessons.
      title: of the page.
      introduction: paragraphs below the title.
      summary: the table over all lessons, shown before them.

    Raises:
      ValueError: a row of a table is not as long as its header.
    """
    sections = [(f"lesson-{i}", lesson) for i, lesson in enumerate(lessons, 1)]
    if samples:
        sections.append(("samples", Lesson("Samples", samples=samples)))
    links = [f'<li><a href="#{name}">{_text(lesson.title)}</a></li>' for name, lesson in sections]
    parts = [
        "<!doctype html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark">',
        f"<title>{_text(title)}</title>",
        f"<style>{STYLE}</style>",
        "</head>",
        "<body>",
        "<header>",
        f"<h1>{_text(title)}</h1>",
        *_paragraphs(introduction),
        '<nav aria-label="Lessons">',
        "<ol>",
        *links,
        "</ol>",
        "</nav>",
        "</header>",
        "<main>",
    ]
    if summary is not None:
        parts += ['<section id="summary">', "<h2>Results</h2>", _table(summary), "</section>"]
    for name, lesson in sections:
        parts += [f'<section id="{name}">', *_section(lesson), "</section>"]
    parts += ["</main>", "</body>", "</html>", ""]
    write_text(path, "\n".join(parts))


def _section(lesson: Lesson) -> list[str]:
    return [
        f"<h2>{_text(lesson.title)}</h2>",
        *_paragraphs(lesson.prose),
        *map(_table, lesson.tables),
        *(
            ['<div class="figures">', *map(_figure, lesson.figures), "</div>"]
            * bool(lesson.figures)
        ),
        *map(_sample, lesson.samples),
    ]


def _paragraphs(prose: Sequence[str]) -> list[str]:
    return [f"<p>{_text(paragraph)}</p>" for paragraph in prose]


def _table(table: Table) -> str:
    """A table in a box that scrolls.

    On a narrow screen the rows of one with many columns become cards; the roles keep it a table for
    screen readers then.
    """
    columns = list(zip(table.header, *table.rows, strict=True))
    classes = [_class(cells) for _, *cells in columns]
    heads = "".join(
        f'<th role="columnheader" scope="col"{kind}>{_text(name)}</th>'
        for name, kind in zip(table.header, classes, strict=True)
    )
    rows = []
    for first, *rest in table.rows:
        cells = [f'<th role="rowheader" scope="row">{_cell(first)}</th>']
        for name, kind, cell in zip(table.header[1:], classes[1:], rest, strict=True):
            empty = "" if cell else ' data-empty=""'
            cells.append(
                f'<td role="cell" data-label="{_text(name)}"{kind}{empty}>{_cell(cell)}</td>'
            )
        rows.append(f'<tr role="row">{"".join(cells)}</tr>')
    caption = f"<caption>{_text(table.caption)}</caption>" if table.caption else ""
    label = _text(table.caption or "table")
    cards = ' class="cards"' if len(table.header) > MOST_COLUMNS else ""
    return (
        f'<div class="box" tabindex="0" role="region" aria-label="{label}">'
        f'<table role="table"{cards}>{caption}\n'
        f'<thead role="rowgroup"><tr role="row">{heads}</tr></thead>\n'
        f'<tbody role="rowgroup">{chr(10).join(rows)}</tbody></table></div>'
    )


def _class(cells: Sequence[str]) -> str:
    """The attribute by which a column of numbers is flush right and one of long text wide."""
    if all(map(NUMBER.match, filter(None, cells))):
        return ' class="number"'
    return ' class="long"' if max(map(len, cells), default=0) > 40 else ""


def _cell(text: str) -> str:
    """Text that may be broken after an underscore, and not around a plus-minus sign."""
    return (
        _text(text).replace(" ± ", "\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}").replace("_", "_<wbr>")
    )


def _figure(figure: Figure) -> str:
    image = figure.image.read_bytes()
    width, height = (int.from_bytes(image[start : start + 4]) for start in (16, 20))
    caption = _text(figure.caption)
    return (
        f'<figure><img alt="{caption}" width="{width}" height="{height}" '
        f'src="data:image/png;base64,{base64.b64encode(image).decode()}">'
        f'<figcaption aria-hidden="true">{caption}</figcaption></figure>'
    )


def _sample(sample: Sample) -> str:
    return (
        f'<h3>{_text(sample.title)}</h3>\n<pre class="box" tabindex="0" role="region" '
        f'aria-label="{_text(sample.title)}">{_text(sample.text)}</pre>'
    )


def _text(text: str) -> str:
    """Text for HTML: markup escaped, and characters that HTML does not allow shown as U+FFFD."""
    return html.escape(FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text))


STYLE = """
:root {
  --page: #ffffff; --ink: #1d1d1f; --muted: #565a60; --line: #d6d9de; --box: #f5f6f8;
  --link: #005a9c;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #16181c; --ink: #e6e7e9; --muted: #a9aeb6; --line: #3a3f47; --box: #1f2329;
    --link: #7cbcf5;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 76rem;
  background: var(--page); color: var(--ink);
  font: 1.0625rem/1.6 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
  overflow-wrap: break-word;
}
h1 { font-size: 2.1rem; line-height: 1.2; margin: 0 0 1rem; }
h2 { font-size: 1.5rem; line-height: 1.3; margin: 3.5rem 0 .75rem; padding-top: 1rem;
     border-top: 1px solid var(--line); }
h3 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
p, nav, figure { max-width: 44rem; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 28rem), 1fr));
           column-gap: 2rem; align-items: start; }
a { color: var(--link); }
a:focus-visible, .box:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
nav ol { columns: 2 16rem; padding-left: 1.5rem; margin: 1.5rem 0; }
figure { margin: 1.25rem 0; min-width: 0; }
img { display: block; width: 100%; max-width: 100%; height: auto; background: #ffffff;
      border: 1px solid var(--line); border-radius: 6px; padding: .5rem; }
figcaption { margin-top: .6rem; color: var(--muted); font-size: .95rem; line-height: 1.5; }
.box { overflow-x: auto; margin: 1.25rem 0; }
table { border-collapse: collapse; font-size: .9rem; line-height: 1.4;
        font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--muted); padding-bottom: .5rem; }
th, td { white-space: pre-line; text-align: left; vertical-align: top; padding: .45rem .6rem;
         border-bottom: 1px solid var(--line); }
th:first-child { padding-left: 0; }
thead th { color: var(--muted); font-weight: 600; vertical-align: bottom; }
tbody th { font-weight: 600; }
.number { text-align: right; }
td.number { white-space: nowrap; }
.long { min-width: 18rem; }
pre { background: var(--box); border: 1px solid var(--line); border-radius: 6px;
      padding: .9rem 1rem; font: .875rem/1.5 ui-monospace, "SF Mono", Consolas, "DejaVu Sans Mono",
      monospace; }
@media (max-width: 46rem) {
  body { padding: 1.25rem 1rem 3rem; font-size: 1rem; }
  h1 { font-size: 1.7rem; }
  h2 { font-size: 1.3rem; margin-top: 2.5rem; }
  .cards, .cards :is(caption, tbody, tr, th, td) { display: block; width: 100%; }
  .cards thead { position: absolute; width: 1px; height: 1px; overflow: hidden;
                 clip-path: inset(50%); }
  .cards tbody tr { border: 1px solid var(--line); border-radius: 6px; padding: .6rem .8rem;
                    margin: .75rem 0; }
  .cards :is(th, td) { border: 0; padding: .15rem 0; }
  .cards tbody th { margin-bottom: .25rem; }
  .cards tbody td { position: relative; padding-left: 38%; min-width: 0; text-align: left;
                    white-space: pre-line; }
  .cards td[data-empty] { display: none; }
  .cards td::before { content: attr(data-label); color: var(--muted); position: absolute; left: 0;
                      width: 36%; }
  pre { font-size: .8125rem; }
}
@media print { .box { overflow: visible; } pre { white-space: pre-wrap; } }
"""
