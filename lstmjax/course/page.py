"""The course as one web page: tables, figures and samples in a single file, without a network."""

import base64
import dataclasses
import pathlib
import re
from collections.abc import Sequence

from lstmjax.exchange.html import document, escaped
from lstmjax.files import write_text

MOST_COLUMNS = 4  # of a table that stays one on a narrow screen
NUMBER = re.compile(
    r"[-−+<]?[.\d][\d.,]*(e[-+]?\d+)?( ?(±|[-–]) ?[.\d]+(e[-+]?\d+)?)?( ?[%s]|/\d+)?$"
)


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
    body: str = ""  # HTML
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
    scripts: Sequence[str] = (),
) -> None:
    """Writes the page as one HTML file that refers to nothing outside itself.

    Args:
      path: the file to write.
      lessons: in the order of reading.
      samples: shown after the lessons.
      title: of the page.
      introduction: paragraphs below the title.
      summary: the table over all lessons, shown before them.
      scripts: of the demonstrations in the lessons' bodies.

    Raises:
      ValueError: a row of a table is not as long as its header.
    """
    sections = [(f"lesson-{i}", lesson) for i, lesson in enumerate(lessons, 1)]
    if samples:
        sections.append(("samples", Lesson("Samples", samples=samples)))
    links = [f'<li><a href="#{name}">{escaped(lesson.title)}</a></li>' for name, lesson in sections]
    parts = [
        "<header>",
        f"<h1>{escaped(title)}</h1>",
        *(f"<p>{escaped(paragraph)}</p>" for paragraph in introduction),
        '<nav aria-label="Lessons">',
        '<ul class="lessons">',
        *links,
        "</ul>",
        "</nav>",
        "</header>",
        "<main>",
    ]
    if summary is not None:
        parts += ['<section id="summary">', "<h2>Results</h2>", _table(summary), "</section>"]
    for name, lesson in sections:
        parts += [f'<section id="{name}">', *_section(lesson), "</section>"]
    parts.append("</main>")
    write_text(path, document(title, "\n".join(parts), scripts))


def _section(lesson: Lesson) -> list[str]:
    parts = [f"<h2>{escaped(lesson.title)}</h2>", lesson.body]
    if lesson.body and lesson.tables:
        parts.append("<h3>This run</h3>")
    parts += [*map(_table, lesson.tables), *map(_sample, lesson.samples)]
    if lesson.figures:
        shown = map(figure, lesson.figures)
        parts += ["<details><summary>More pictures of this run</summary>"] * bool(lesson.body)
        parts += ['<div class="figures">', *shown, "</div>", "</details>" * bool(lesson.body)]
    return parts


def _table(table: Table) -> str:
    """A table in a box that scrolls.

    On a narrow screen the rows of one with many columns become cards; the roles keep it a table for
    screen readers then.
    """
    columns = list(zip(table.header, *table.rows, strict=True))
    classes = [_class(cells) for _, *cells in columns]
    heads = "".join(
        f'<th role="columnheader" scope="col"{kind}>{escaped(name)}</th>'
        for name, kind in zip(table.header, classes, strict=True)
    )
    rows = []
    for first, *rest in table.rows:
        cells = [f'<th role="rowheader" scope="row">{_cell(first)}</th>']
        for name, kind, cell in zip(table.header[1:], classes[1:], rest, strict=True):
            empty = "" if cell else ' data-empty=""'
            cells.append(
                f'<td role="cell" data-label="{escaped(name)}"{kind}{empty}>{_cell(cell)}</td>'
            )
        rows.append(f'<tr role="row">{"".join(cells)}</tr>')
    caption = f"<caption>{escaped(table.caption)}</caption>" if table.caption else ""
    label = escaped(table.caption or "table")
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
        escaped(text).replace(" ± ", "\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}").replace("_", "_<wbr>")
    )


def figure(shown: Figure) -> str:
    """A picture with its caption, as HTML."""
    image = shown.image.read_bytes()
    width, height = (int.from_bytes(image[start : start + 4]) for start in (16, 20))
    caption = escaped(shown.caption)
    return (
        f'<figure><img alt="{caption}" width="{width}" height="{height}" '
        f'src="data:image/png;base64,{base64.b64encode(image).decode()}">'
        f'<figcaption aria-hidden="true">{caption}</figcaption></figure>'
    )


def _sample(sample: Sample) -> str:
    return (
        f'<h3>{escaped(sample.title)}</h3>\n<pre class="box" tabindex="0" role="region" '
        f'aria-label="{escaped(sample.title)}">{escaped(sample.text)}</pre>'
    )
