import collections
import os
import re
import threading
import time

import numpy as np
import pytest

from lstmjax.errors import UserError
from lstmjax.tasks.text import Text, Words, corpus, encoded
from lstmjax.tasks.text.words import TOKENS, UNKNOWN
from tests import small_files

CODES = np.arange(1000, dtype=np.uint16)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A cache that takes texts of any length."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("LSTMJAX_CACHE", raising=False)
    monkeypatch.setattr(encoded, "LEAST_BYTES", 0)
    return tmp_path / "cache" / "lstmjax" / "texts"


class Made:
    """Codes in two parts that count how often they are made."""

    def __init__(self, seconds=0.0):
        self.times, self.seconds = 0, seconds

    def pieces(self):
        self.times += 1
        yield CODES[:300]
        time.sleep(self.seconds)
        yield CODES[300:700]

    def load(self):
        parts = {"path": self.pieces, "test_path": lambda: [CODES[700:]]}
        arrays = encoded.encoded("key", parts, np.uint16, 2000)
        np.testing.assert_array_equal(arrays["path"], CODES[:700])
        np.testing.assert_array_equal(arrays["test_path"], CODES[700:])
        assert isinstance(arrays["path"].base.base, np.memmap)


@pytest.mark.parametrize("damage", ["a bit", "cut short", "gone", "no digest", "a killed writer"])
def test_codes_are_made_once_and_anew_when_damaged(damage, cache):
    made = Made()
    made.load()
    made.load()
    assert made.times == 1
    file = cache / "key.codes"
    content = file.read_bytes()
    assert content == CODES.tobytes()
    if damage == "a bit":
        file.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    elif damage == "cut short":
        file.write_bytes(content[:-2])
    elif damage == "gone":
        file.unlink()
    elif damage == "no digest":
        file.with_suffix(".json").write_text("{}")
    else:
        file.with_suffix(".json").unlink()
        file.replace(file.with_suffix(".partial"))
    made.load()
    made.load()
    assert made.times == 2
    assert file.read_bytes() == content and not file.with_suffix(".partial").exists()


def test_two_runs_at_once_make_codes_once(cache):
    made = Made(seconds=0.2)
    threads = [threading.Thread(target=made.load) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made.times == 1


def test_files_used_least_recently_make_room(cache, monkeypatch):
    monkeypatch.setattr(encoded, "MOST_BYTES", 5000)
    for age, key in enumerate(("old", "older")):
        encoded.encoded(key, {"path": lambda: [CODES]}, np.uint16, 2000)
        os.utime(cache / f"{key}.codes", (1e9 - age, 1e9 - age))
    encoded.encoded("new", {"path": lambda: [CODES]}, np.uint16, 2000)
    assert {file.stem for file in cache.glob("*.codes")} == {"old", "new"}


def test_a_disk_without_locks_is_told(cache, monkeypatch):
    def unlocked(*_):
        raise OSError(37, "No locks available")

    monkeypatch.setattr(encoded.fcntl, "flock", unlocked)
    with pytest.raises(UserError, match="No locks available.*LSTMJAX_CACHE=off"):
        Made().load()


def test_no_room_is_told(cache, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(encoded.os, "fsync", full)
    with pytest.raises(UserError, match="No space left on device.*XDG_CACHE_HOME"):
        Made().load()
    assert not list(cache.glob("*.partial"))


ONLY_AT_THE_ENDS = "heads " * 5, " tails" * 5  # that is, held out
STRANGE = "the café's “naïve” dog-walker\u00a0sat 🌾🌾\n\n<unk> on  it;\tΣΊΣΥΦΟΣ, l'été.\r\n" * 40


@pytest.mark.parametrize("size", [1, 5, 64, 2**16])
def test_pieces_cut_neither_characters_nor_words(size, cache, tmp_path, monkeypatch):
    """Against the whole text at once."""
    monkeypatch.setattr(corpus, "READ", size)
    monkeypatch.setattr(corpus, "PIECE", 2 * size)
    head, tail = ONLY_AT_THE_ENDS[0] + STRANGE, "walker " + small_files.POEM + ONLY_AT_THE_ENDS[1]
    (tmp_path / "a").write_bytes(b"\xef\xbb\xbf" + head.encode())
    (tmp_path / "b").write_bytes(tail.encode())
    text = head + tail
    held_out = dict(path=str(tmp_path), pattern="[ab]", valid_fraction=0.1, test_fraction=0.2)
    for level in ("byte", "character"):
        task = Text(level=level, **held_out).resolve()
        symbols = text.encode().decode("latin-1") if level == "byte" else text
        assert task.vocabulary == "".join(sorted(set(symbols)))
        arrays = task.load().arrays
        codes = np.concatenate([arrays[split] for split in ("valid", "train", "test")])
        assert task.decode(codes) == text
    words = TOKENS["word"].findall(text.lower())
    valid, test = round(0.1 * len(words)), len(words) - round(0.2 * len(words))
    counts = collections.Counter(words[valid:test])
    task = Words(unknown_below=3, lowercase=True, **held_out).resolve()
    expected = {word for word, count in counts.items() if count >= 3} - {UNKNOWN}
    assert set(task.vocabulary) == expected | {UNKNOWN}
    arrays = task.load().arrays
    known = [word if word in expected else UNKNOWN for word in words]
    assert [task.vocabulary[code] for code in arrays["train"]] == known[valid:test]
    assert [task.vocabulary[code] for code in arrays["test"]] == known[test:]


def test_words_seen_once_are_forgotten_where_there_are_too_many(tmp_path, monkeypatch):
    monkeypatch.setattr("lstmjax.tasks.text.words.MOST_COUNTED", 50)
    monkeypatch.setattr(corpus, "PIECE", 64)
    monkeypatch.setattr(corpus, "READ", 64)
    (tmp_path / "text").write_text("".join(f"often {i} and\n" for i in range(300)))
    task = Words(path=str(tmp_path / "text"), unknown_below=1).resolve()
    assert {"often", "and", "\n"} < set(task.vocabulary) and task.outputs < 100


def test_a_fault_is_told_with_its_byte(tmp_path, monkeypatch):
    monkeypatch.setattr(corpus, "READ", 4)
    (tmp_path / "text").write_bytes(b"\xef\xbb\xbf" + "é".encode() * 600 + b"\xc3 and more")
    with pytest.raises(UserError, match=re.escape("not UTF-8 at byte 1,203;")):
        Text(path=str(tmp_path / "text")).resolve()
    (tmp_path / "text").write_bytes("é".encode() * 600 + b"\xc3")
    with pytest.raises(UserError, match=re.escape("not UTF-8 at byte 1,200;")):
        Text(path=str(tmp_path / "text")).resolve()
