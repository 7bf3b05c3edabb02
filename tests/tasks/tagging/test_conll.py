import pytest

from lstmjax.errors import UserError
from lstmjax.tasks.tagging.conll import (
    CONLLU,
    fill,
    find_columns,
    from_text,
    name_columns,
    read_document,
)
from tests import small_files

NER = """-DOCSTART- -X- O O

EU NNP B-NP I-ORG
# NN I-NP O

Peter NNP B-NP I-PER
"""
PLUS = "# global.columns = ID FORM NER\n# a comment\n1\tEU\tB-ORG\n"


def read(tmp_path, text, form="conllu", word="FORM", tag="UPOS", **more):
    file = tmp_path / "file"
    file.write_text(text)
    columns = find_columns(name_columns(file, "task.train", form), word, tag)
    return read_document(file, "task.train", columns, **more)


def test_conllu_leaves_out_ranges_and_empty_nodes(tmp_path):
    document = read(tmp_path, small_files.CONLLU)
    assert [sentence.words for sentence in document.sentences] == [
        ("Do", "n't", "stop", "!"),
        ("Cats", "sleep"),
    ]
    assert document.sentences[0].tags == ("AUX", "PART", "VERB", "PUNCT")
    assert document == read(tmp_path, small_files.CONLLU, word="2", tag="4")
    assert document.lines == small_files.CONLLU.removesuffix("\n").split("\n")


def test_filling_changes_the_tags_alone(tmp_path):
    document = read(tmp_path, small_files.CONLLU)
    assert fill(document, [sentence.tags for sentence in document.sentences]) == document.lines
    filled = fill(document, [["X"] * 4, ["Y"] * 2])
    changed = [(a, b) for a, b in zip(document.lines, filled, strict=True) if a != b]
    assert len(changed) == 6
    for before, after in changed:
        cells = before.split("\t")
        cells[3] = after.split("\t")[3]
        assert cells[3] in "XY" and after.split("\t") == cells


@pytest.mark.parametrize("word, tag", [("1", "4"), ("1", "-1"), ("-4", "4")])
def test_columns_by_number(tmp_path, word, tag):
    document = read(tmp_path, NER, "columns", word, tag)
    assert [s.words for s in document.sentences] == [("EU", "#"), ("Peter",)]
    assert [s.tags for s in document.sentences] == [("I-ORG", "O"), ("I-PER",)]


def test_a_missing_last_column_is_filled(tmp_path):
    file = tmp_path / "bare"
    file.write_text("EU NNP B-NP\n")
    columns = find_columns(("1", "2", "3", "4"), "1", "-1")
    document = read_document(file, "--input", columns, tagged=False)
    assert fill(document, [["I-ORG"]]) == ["EU NNP B-NP I-ORG"]
    with pytest.raises(UserError, match="line 1 has 3 columns, task.train has 4"):
        read_document(file, "task.test", columns)


def test_names_in_the_file(tmp_path):
    document = read(tmp_path, PLUS, "columns", tag="NER")
    assert document.sentences[0][1:] == (("EU",), ("B-ORG",))
    assert fill(document, [["O"]])[-1] == "1\tEU\tO"


def test_text_becomes_sentences(tmp_path):
    file = tmp_path / "lines.txt"
    file.write_text("Cats sleep .\n\n Dogs bark\n")
    document = from_text(file, "--input", find_columns(CONLLU, "FORM", "UPOS"))
    lines = fill(document, [["A", "B", "C"], ["D", "E"]])
    assert lines[0] == "# text = Cats sleep ." and lines[5] == "# text = Dogs bark"
    assert lines[1] == "1\tCats\t_\tA\t_\t_\t_\t_\t_\t_" and lines[7][:6] == "2\tbark"
    again = read(tmp_path, "\n".join(lines))
    assert [s.tags for s in again.sentences] == [("A", "B", "C"), ("D", "E")]
    bare = from_text(file, "--input", find_columns(("1", "2"), "1", "2"))
    assert fill(bare, [["A", "B", "C"], ["D", "E"]])[:4] == ["Cats\tA", "sleep\tB", ".\tC", ""]


@pytest.mark.parametrize(
    "text, settings, message",
    [
        ("", {}, "task.train .*file: empty; give"),
        ("# only a comment\n", {}, "no sentences in it"),
        ("1\tEU\t_\n", {}, "line 1 has 3 columns, CoNLL-U has 10: .*task.format"),
        (
            small_files.CONLLU.replace("AUX", "_"),
            {},
            "line 4 has no tag in column UPOS; fill it in",
        ),
        (small_files.CONLLU.replace("\tDo\t", "\t\t"), {}, "line 4 has no word in column FORM"),
        (
            small_files.CONLLU,
            {"tag": "UPSO"},
            "task.tag: .* no column 'UPSO'; did you mean 'UPOS'?",
        ),
        (small_files.CONLLU, {"word": "11"}, "task.word: .* no column '11'; there are ID, FORM"),
        (NER + "Fish NN\n", {"form": "columns", "word": "1", "tag": "4"}, "line 7 has 2 columns"),
        (NER, {"form": "columns"}, "task.word: .* no column 'FORM'; there are 1, 2, 3, 4"),
    ],
)
def test_faults_are_told_with_their_line(tmp_path, text, settings, message):
    with pytest.raises(UserError, match=message):
        read(tmp_path, text, **settings)


def test_another_encoding_is_told(tmp_path):
    file = tmp_path / "file"
    file.write_bytes(small_files.CONLLU.encode() + "1\tcafé".encode("latin-1"))
    with pytest.raises(UserError, match="file: line 14 is not UTF-8; convert"):
        read_document(file, "task.train", find_columns(CONLLU, "FORM", "UPOS"))
