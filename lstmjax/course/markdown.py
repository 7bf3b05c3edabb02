"""The lessons' Markdown as HTML: only what they use, and what looks otherwise is shown as text."""

import re
from collections.abc import Callable, Iterator

from lstmjax.exchange.html import escaped

NUMBER = re.compile(r"[-−+<*]*[.\d][\d.,]*(e[-+]?\d+)?( ?(±|[-–]) ?[.\d]+(e[-+]?\d+)?)?[ %*]*$")
# code first: nothing in it is markup
INLINE = re.compile(
    r"`(?P<code>[^`]+)`|\[(?P<link>[^]]+)\]\((?P<target>[^)]+)\)"
    r"|\*\*(?P<strong>.+?)\*\*|\*(?P<emphasis>[^*\s][^*]*)\*"
)
PICTURE = re.compile(r"!\[(?P<alt>[^]]*)\]\((?P<target>[^)]+)\)$")

Link = Callable[[str], str | None]  # a target to the page's own; None: no link
Picture = Callable[[str, str], str]  # (target, what is on it) to HTML


def render(source: str, link: Link, picture: Picture, level: int = 0) -> list[tuple[str, str]]:
    """Each block of a text: (the name of its element, its HTML).

    Args:
      source: headings, paragraphs, lists, tables, fenced code and pictures.
      link: where links lead.
      picture: what pictures become.
      level: by how much headings are lowered.
    """
    blocks = []
    for kind, lines in _blocks(source.splitlines()):
        joined = " ".join(line.strip() for line in lines)
        if kind == "code":
            code = escaped("\n".join(lines))
            html = f'<pre tabindex="0" role="region" aria-label="Code"><code>{code}</code></pre>'
            kind = "pre"
        elif kind == "heading":
            marks, _, title = joined.partition(" ")
            kind = f"h{len(marks) + level}"
            html = f"<{kind}>{inline(title, link)}</{kind}>"
        elif kind == "table":
            html = _table(lines, link)
        elif kind == "list":
            items = re.split(r"^- ", "\n".join(lines), flags=re.MULTILINE)[1:]
            told = "".join(f"<li>{inline(' '.join(item.split()), link)}</li>" for item in items)
            kind, html = "ul", f"<ul>{told}</ul>"
        elif match := PICTURE.match(joined):
            kind, html = "figure", picture(match["target"], match["alt"])
        else:
            kind, html = "p", f"<p>{inline(joined, link)}</p>"
        blocks.append((kind, html))
    return blocks


def inline(source: str, link: Link) -> str:
    """Code, links, and words that are stressed, as HTML."""

    def marked(match: re.Match[str]) -> str:
        if match["code"]:
            return f"<code>{escaped(match['code'])}</code>"
        if match["link"]:
            target, shown = link(match["target"]), inline(match["link"], link)
            return shown if target is None else f'<a href="{escaped(target)}">{shown}</a>'
        tag = "strong" if match["strong"] else "em"
        return f"<{tag}>{inline(match['strong'] or match['emphasis'], link)}</{tag}>"

    parts, end = [], 0
    for match in INLINE.finditer(source):
        parts += [escaped(source[end : match.start()]), marked(match)]
        end = match.end()
    return "".join([*parts, escaped(source[end:])])


def _blocks(lines: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Lines that belong together, with what they are."""
    found: list[str] = []
    kind, fenced = "", False
    for line in [*lines, ""]:
        if line.startswith("```"):
            if fenced:
                yield "code", found
            elif found:
                yield kind, found
            found, fenced = [], not fenced
            continue
        if fenced:
            found.append(line)
            continue
        starts = _kind(line)
        # a list goes on in indented lines, a paragraph until an empty line
        goes_on = found and line.strip() and starts in (kind, "paragraph") and kind != "heading"
        if found and not goes_on:
            yield kind, found
            found = []
        if line.strip():
            kind = kind if found else starts
            found.append(line)


def _kind(line: str) -> str:
    starts = {"#": "heading", "|": "table", "- ": "list"}
    return next((kind for mark, kind in starts.items() if line.startswith(mark)), "paragraph")


def _table(lines: list[str], link: Link) -> str:
    """A table in a box that scrolls; columns of numbers are flush right."""
    head, _, *rows = ([cell.strip() for cell in line.strip("| ").split("|")] for line in lines)
    rows = [row + [""] * (len(head) - len(row)) for row in rows]
    classes = []
    for column in zip(*rows, strict=True):
        numbers = all(NUMBER.match(cell) for cell in column if cell)
        classes.append(' class="number"' * numbers)
    classes[0] = ""

    def line_of(cells: list[str], tag: str) -> str:
        told = (
            f"<{tag}{kind}>{inline(cell, link)}</{tag}>"
            for cell, kind in zip(cells, classes, strict=True)
        )
        return f"<tr>{''.join(told)}</tr>"

    body = "\n".join(line_of(row, "td") for row in rows)
    return (
        '<div class="box" tabindex="0" role="region" aria-label="Table"><table>'
        f"<thead>{line_of(head, 'th')}</thead>\n<tbody>{body}</tbody></table></div>"
    )
