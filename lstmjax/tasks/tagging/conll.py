"""Tagged sentences in columns: CoNLL-U, CoNLL-U Plus, and the columns of the CoNLL shared tasks."""

import difflib
import pathlib
from collections.abc import Sequence
from typing import Literal, NamedTuple

from lstmjax.errors import UserError
from lstmjax.files import read_lines

Form = Literal["conllu", "columns"]
CONLLU = ("ID", "FORM", "LEMMA", "UPOS", "XPOS", "FEATS", "HEAD", "DEPREL", "DEPS", "MISC")
HEADER = "# global.columns ="  # of CoNLL-U Plus: the names of the columns
BOUNDARY = "-DOCSTART-"  # of the CoNLL-2003 files: between documents
EMPTY = ("", "_")  # cells that hold no tag


class Columns(NamedTuple):
    """Which columns there are, and which of them hold the words and the tags."""

    names: tuple[str, ...]
    word: int
    tag: int

    @property
    def comments(self) -> bool:
        """Whether lines that begin with # are comments: a bare column file may have a word #."""
        return not self.names[0].isdecimal()


class Sentence(NamedTuple):
    """Words with their tags, and where they stand."""

    places: tuple[int, ...]  # indices of the words' lines
    words: tuple[str, ...]
    tags: tuple[str, ...]  # empty where they were not asked for


class Document(NamedTuple):
    """A file as it is, and its sentences."""

    lines: list[str]
    columns: Columns
    sentences: list[Sentence]


def name_columns(path: str, flag: str, form: Form) -> tuple[str, ...]:
    """The names of a file's columns: CoNLL-U's, those of a first line `# global.columns =`, or 1...

    Raises:
      UserError: the file is missing, unreadable or empty.
    """
    if form == "conllu":
        return CONLLU
    lines = read_lines(path, flag)
    if lines[0].startswith(HEADER):
        return tuple(lines[0].removeprefix(HEADER).split())
    first = next((line for line in lines if not _is_boundary(line)), "")
    return tuple(str(i + 1) for i in range(len(_cells(first))))


def find_columns(names: tuple[str, ...], word: str, tag: str) -> Columns:
    """Which columns are meant, by name or by number, from 1 forward or from -1 backward.

    Raises:
      UserError: there is no column `word` or `tag`.
    """
    return Columns(names, _find(word, names, "task.word"), _find(tag, names, "task.tag"))


def read_document(
    path: str | pathlib.Path, flag: str, columns: Columns, tagged: bool = True
) -> Document:
    """The sentences of a file.

    Lines whose id is a range or has a point (multiword tokens and empty nodes of CoNLL-U) are no
    words.

    Args:
      path: of the file.
      flag: the setting or flag that named it.
      columns: as `find_columns` gives them.
      tagged: whether there must be tags. Without, the last column may be missing if it is theirs.

    Raises:
      UserError: the file is missing or malformed, with the line and the remedy.
    """
    lines = read_lines(path, flag)
    sentences, current = [], []
    for place, line in enumerate([*lines, ""]):
        if _is_boundary(line):
            if current:
                places, words, tags = zip(*current, strict=True)
                sentences.append(Sentence(places, words, tags if tagged else ()))
            current = []
        elif not (columns.comments and line.startswith("#")):
            where = f"{flag} {path}: line {place + 1:,}"
            cells = _row(line, columns, where, tagged)
            if columns.names[0] == "ID" and ("-" in cells[0] or "." in cells[0]):
                continue
            word, tag = cells[columns.word], cells[columns.tag] if tagged else ""
            if not word or (tagged and tag in EMPTY):
                name = "word" if not word else "tag"
                column = columns.names[columns.tag if word else columns.word]
                raise UserError(
                    f"{where} has no {name} in column {column}; fill it in, or choose another "
                    f"column with task.{name}"
                )
            current.append((place, word, tag))
    if not sentences:
        raise UserError(f"{flag} {path}: no sentences in it; give at least one word a line")
    return Document(lines, columns, sentences)


def from_text(path: str | pathlib.Path, flag: str, columns: Columns) -> Document:
    """A sentence for each line of a text that is not blank, its words separated by blanks."""
    lines, sentences = [], []
    for text in read_lines(path, flag):
        words = tuple(text.split())
        if not words:
            continue
        if columns.comments:
            lines.append(f"# text = {text.strip()}")
        places = tuple(range(len(lines), len(lines) + len(words)))
        sentences.append(Sentence(places, words, ()))
        for i, word in enumerate(words):
            cells = ["_"] * len(columns.names)
            cells[columns.word] = word
            if columns.names[0] == "ID":
                cells[0] = str(i + 1)
            lines.append("\t".join(cells))
        lines.append("")
    return Document(lines, columns, sentences)


def fill(document: Document, tags: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a document with the tags of its sentences put into their column."""
    lines = list(document.lines)
    column = document.columns.tag
    for sentence, answers in zip(document.sentences, tags, strict=True):
        for place, tag in zip(sentence.places, answers, strict=True):
            cells = _cells(lines[place])
            cells[column : column + 1] = [tag]  # appended where the column is missing
            lines[place] = ("\t" if "\t" in lines[place] else " ").join(cells)
    return lines


def _is_boundary(line: str) -> bool:
    return not line.strip() or line.startswith(BOUNDARY)


def _cells(line: str) -> list[str]:
    """What tabs separate, or blanks where there is no tab."""
    return line.split("\t") if "\t" in line else line.split()


def _row(line: str, columns: Columns, where: str, tagged: bool) -> list[str]:
    cells, count = _cells(line), len(columns.names)
    allowed = {count} if tagged or columns.tag < count - 1 else {count, count - 1}
    if len(cells) not in allowed:
        of = "CoNLL-U" if columns.names == CONLLU else "task.train"
        raise UserError(
            f"{where} has {len(cells)} columns, {of} has {count}: {line[:40]!r}; mend the "
            "line, or say what the files are with task.format, conllu or columns"
        )
    return cells


def _find(name: str, names: tuple[str, ...], setting: str) -> int:
    if name in names:
        return names.index(name)
    try:
        number = int(name)
    except ValueError:
        number = 0
    if 1 <= abs(number) <= len(names):
        return number - 1 if number > 0 else len(names) + number
    close = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(names)}"
    raise UserError(f"{setting}: task.train has no column {name!r}; {hint}")
