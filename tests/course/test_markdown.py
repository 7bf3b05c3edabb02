import html
import re

import pytest

from lstmjax.course import reading
from lstmjax.course.markdown import render
from lstmjax.course.page import Figure
from tests.course.test_page import PNG, Page

SOURCE = """# Title

A *first* paragraph with `a < b` and
**two** lines, [a lesson](2_x.md) and [a page](data.md); 2 * 3 * 4.
- one
- two
  lines

```
# no *heading*

<b>
```

| name | score |
| --- | --- |
| **a** `|x` | 1.5 ± 0.1 |
| b | |

![What one
sees](figures/p.png)
"""


def rendered(source, **more):
    link = {"2_x.md": "#lesson-2"}.get
    return dict(render(source, link, lambda target, alt: f"[{target}: {alt}]", **more))


def test_what_the_lessons_use_is_rendered():
    blocks = rendered(SOURCE.replace("`|x`", "`x`"))
    assert list(blocks) == ["h1", "p", "ul", "pre", "table", "figure"]
    assert blocks["p"] == (
        "<p>A <em>first</em> paragraph with <code>a &lt; b</code> and <strong>two</strong> lines, "
        '<a href="#lesson-2">a lesson</a> and a page; 2 * 3 * 4.</p>'
    )
    assert blocks["ul"] == "<ul><li>one</li><li>two lines</li></ul>"
    assert "<code># no *heading*\n\n&lt;b&gt;</code>" in blocks["pre"]
    assert '<th class="number">score</th>' in blocks["table"]
    assert "<td><strong>a</strong> <code>x</code></td>" in blocks["table"]
    assert blocks["figure"] == "[figures/p.png: What one sees]"
    assert rendered("## Two", level=1) == {"h3": "<h3>Two</h3>"}


@pytest.mark.parametrize("path", reading.texts(), ids=lambda path: path.stem)
def test_every_lesson_is_well_formed_and_nothing_of_it_is_left_as_markdown(path, tmp_path):
    title, body, _ = reading.read(path, demo="<div>demo</div>")
    page = Page(body)  # every element is closed
    shown = set(words(html.unescape(re.sub(r"<[^>]+>", " ", f"{title} {body}"))))
    targets = re.compile(r"\]\([^)]+\)|^```\w*", re.MULTILINE)
    assert set(words(targets.sub("", path.read_text()))) <= shown
    plain = re.sub(r"<pre.*?</pre>|<code>.*?</code>", "", body, flags=re.DOTALL)
    assert "](" not in plain and "**" not in plain and "`" not in plain and "| --" not in plain
    assert len(page.all("div")) >= 1 and body.index("<div>demo</div>") > body.index("<h3>")


def words(text):
    return re.findall(r"\w+", text)


def test_a_run_s_picture_takes_the_place_of_the_text_s(tmp_path):
    place = tmp_path / "vanilla_echo" / "figures" / "gates.png"
    place.parent.mkdir(parents=True)
    place.write_bytes(PNG)
    other = Figure(tmp_path / "x" / "other.png", "Another")
    _, body, left = reading.read(reading.texts()[1], [other, Figure(place, "The gates")])
    assert body.count("data:image/png") == 1 and "The gates" in body
    assert left == [other]
