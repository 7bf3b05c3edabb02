import base64
import html.parser

import pytest

from lstmjax.course.page import Figure, Lesson, Sample, Table, write_page

VOID = {"meta", "img", "wbr"}
NASTY = 'x < y & "z" </pre><script>alert(1)</script> \ufffd'
# the smallest PNG: signature, IHDR of 3 by 2; the page reads no further
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\rIHDR" + (3).to_bytes(4) + (2).to_bytes(4) + b"rest"


class Page(html.parser.HTMLParser):
    """Elements in order, each (tag, attributes, text inside); checks that tags are closed."""

    def __init__(self, text):
        super().__init__()
        self.elements, self._open = [], []
        self.feed(text)
        self.close()
        assert not self._open

    def handle_starttag(self, tag, attributes):
        assert len({name for name, _ in attributes}) == len(attributes)
        element = [tag, dict(attributes), ""]
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag):
        assert self._open.pop()[0] == tag

    def handle_data(self, data):
        for element in self._open:
            element[2] += data

    def all(self, tag):
        return [(attributes, text) for name, attributes, text in self.elements if name == tag]


@pytest.fixture
def page(tmp_path):
    (tmp_path / "one.png").write_bytes(PNG)
    table = Table(
        ("predictor", "accuracy", "floors"),
        [("Vanilla_x", "0.9991 ± 0.0002", NASTY), ("chance", "0.1", "")],
        caption=NASTY,
    )
    wide = Table(list("abcdef"), [["1"] * 6])
    lesson = Lesson(
        f"Echo {NASTY}",
        "<p>A body</p>",
        [table],
        [Figure(tmp_path / "one.png", NASTY)],
        [Sample("A", NASTY)],
    )
    write_page(
        tmp_path / "course.html",
        [lesson, Lesson("Second")],
        [Sample("Text", f"{NASTY}\nline two\x00")],
        introduction=["Hello."],
        summary=wide,
    )
    return Page((tmp_path / "course.html").read_text(encoding="utf-8"))


def test_markup_in_the_data_is_shown_and_not_obeyed(page):
    assert len(page.all("script")) == 1 and "alert(1)" not in page.all("script")[0][1]
    assert [text for _, text in page.all("pre")] == [NASTY, f"{NASTY}\nline two\ufffd"]
    assert page.all("caption")[0][1] == page.all("figcaption")[0][1] == NASTY
    assert "A body" in [text for _, text in page.all("p")]
    assert NASTY in [text for _, text in page.all("td")]
    assert page.all("img")[0][0]["alt"] == NASTY


def test_pictures_are_inside_the_page(page):
    (attributes, _) = page.all("img")[0]
    head, data = attributes["src"].split(",")
    assert head == "data:image/png;base64" and base64.b64decode(data) == PNG
    assert (attributes["width"], attributes["height"]) == ("3", "2")


def test_nothing_outside_the_page_is_referred_to(page):
    assert not page.all("link") and not page.all("iframe")
    names = {attributes.get("id") for _, attributes, _ in page.elements}
    for tag, attributes, _ in page.elements:
        for reference in ("src", "href", "srcset", "poster", "action", "style"):
            value = attributes.get(reference, "#")
            assert value.startswith(("#", "data:")), (tag, value)
        if tag == "a":
            assert attributes["href"].removeprefix("#") in names
    ((_, style),) = page.all("style")
    assert "url(" not in style and "@import" not in style and "://" not in style
    ((_, script),) = page.all("script")
    assert "://" not in script and "fetch" not in script and "import(" not in script


def test_the_page_fits_telephones_and_readers(page):
    metas = {
        attributes.get("name"): attributes.get("content") for attributes, _ in page.all("meta")
    }
    assert metas["viewport"] == "width=device-width, initial-scale=1"
    assert page.all("html")[0][0]["lang"] == "en"
    assert len(page.all("h1")) == 1
    headings = [text for _, text in page.all("h2")]
    assert headings == ["Results", f"Echo {NASTY}", "Second", "Samples"]
    assert [text for _, text in page.all("a")] == headings[1:]
    cards = ["cards" in attributes.get("class", "") for attributes, _ in page.all("table")]
    assert cards == [True, False]


def test_columns_of_numbers_are_flush_right(page):
    kinds = {text: attributes.get("class") for attributes, text in page.all("td")}
    assert kinds["0.9991\xa0±\xa00.0002"] == kinds["0.1"] == "number"
    assert kinds[NASTY] == "long"


def test_a_row_of_another_length_than_the_header_is_refused(tmp_path):
    with pytest.raises(ValueError):
        write_page(tmp_path / "page.html", [Lesson("x", tables=[Table("ab", ["abc"])])])
    assert not list(tmp_path.iterdir())
