import collections

import pytest

from lstmjax.errors import UserError
from lstmjax.tasks.pairs.files import join_symbols, read_pairs, split_by_source


def read(
    tmp_path, content, form="tsv", source="character", target="character", stress=False, **more
):
    file = tmp_path / "pairs"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_pairs(str(file), "task.path", form, source, target, stress, **more)


def test_further_columns_are_passed_over_or_chosen(tmp_path):
    content = "ab\tcd\tlicence\n"
    assert read(tmp_path, content) == [(1, ("a", "b"), ("c", "d"))]
    assert read(tmp_path, content, columns=(2, 1)) == [(1, ("c", "d"), ("a", "b"))]


def test_lines_of_tsv(tmp_path):
    pairs = read(tmp_path, "ab\tcd e\r\n\nab\tx\nab\tx\n", target="token")
    assert [tuple(pair) for pair in pairs] == [
        (1, ("a", "b"), ("cd", "e")),
        (3, ("a", "b"), ("x",)),
    ]


CMUDICT = """;;; an old header
a AH0
a(2) EY1
aalborg AO1 L B # place, danish
b.  B IY1
b.(2) B IY2
"""


def test_lines_of_cmudict(tmp_path):
    pairs = read(tmp_path, CMUDICT, form="cmudict", target="token")
    assert [("".join(pair.source), " ".join(pair.target)) for pair in pairs] == [
        ("a", "AH"),
        ("a", "EY"),
        ("aalborg", "AO L B"),
        ("b.", "B IY"),  # its two pronunciations differ in stress alone
    ]
    stressed = read(tmp_path, CMUDICT, form="cmudict", target="token", stress=True)
    assert [pair.target for pair in stressed[-2:]] == [("B", "IY1"), ("B", "IY2")]


@pytest.mark.parametrize(
    "content, settings, told",
    [
        ("a\tb\nno tab\n", {}, "line 2 has no tab; write source<TAB>target"),
        ("a\tb\tc\n", {"columns": (1, 4)}, "line 1 has no column 4"),
        ("a\tb\n\tc\n", {}, "line 2 has an empty source"),
        ("a\tb\nc\t \n", {}, "line 2 has an empty target"),
        ("", {}, "empty; give a file"),
        (";;; nothing\n", {"form": "cmudict"}, "no pairs in it; write WORD PHONEME"),
        ("word\n", {"form": "cmudict"}, "line 1 has no phonemes"),
        (b"a\tb\ncaf\xe9\tc\n", {}, "line 2 is not UTF-8; convert the file"),
    ],
)
def test_faults_name_file_line_and_remedy(content, settings, told, tmp_path):
    with pytest.raises(UserError) as caught:
        read(tmp_path, content, **settings)
    assert str(caught.value).startswith(f"task.path {tmp_path}/pairs: ")
    assert told in str(caught.value)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(UserError, match="task.path .*absent: no such file"):
        read_pairs(str(tmp_path / "absent"), "task.path", "tsv", "character", "character", False)


def test_sources_are_held_out_whole(tmp_path):
    lines = [f"{word}{twice}\tx{i}\n" for word in range(40) for twice in "ab" for i in range(3)]
    pairs = read(tmp_path, "".join(lines))
    parts = split_by_source(pairs, [0.1, 0.2], seed=0)
    assert sorted(pair for part in parts for pair in part) == sorted(pairs)
    sources = [{pair.source for pair in part} for part in parts]
    assert [len(part) for part in sources] == [56, 8, 16]
    assert not sources[0] & sources[1] and not sources[1] & sources[2]
    assert split_by_source(pairs[::-1], [0.1, 0.2], seed=0)[1] == parts[1][::-1]
    assert split_by_source(pairs, [0.1, 0.2], seed=1)[1] != parts[1]
    counts = collections.Counter(pair.source for part in parts for pair in part)
    assert set(counts.values()) == {3}
    with pytest.raises(UserError, match="4 different sources are too few to hold out 10% and 20%"):
        split_by_source(pairs[:12], [0.1, 0.2], seed=0)


def test_letters_are_what_characters_are_composed_of(tmp_path):
    """Hangul's syllables begin at U+AC00, 28 last letters for each of 21 vowels (Unicode, 3.12)."""
    number = ord("한") - 0xAC00
    parts = 0x1100 + number // 588, 0x1161 + number % 588 // 28, 0x11A7 + number % 28
    ((_, source, target),) = read(tmp_path, "한é\té\n", source="letter")
    assert source == (*map(chr, parts), "e", "\u0301") and target == ("é",)
    assert join_symbols(source, "letter") == "한é"
