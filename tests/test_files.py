"""Files are written whole or not at all, to where their name leads."""

import os
import pathlib
import threading

import pytest

from lstmjax.errors import UserError
from lstmjax.files import write_lines, write_text


def test_a_link_stays_one(tmp_path):
    (tmp_path / "there").mkdir()
    target, link = tmp_path / "there" / "a.txt", tmp_path / "link.txt"
    target.write_text("before")
    link.symlink_to(target)
    write_lines(link, ["after"])
    assert link.is_symlink() and target.read_text() == "after\n"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a.txt", "link.txt", "there"]


def test_a_pipe_is_written_to(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    read = []
    reader = threading.Thread(target=lambda: read.append((tmp_path / "pipe").read_text()))
    reader.start()
    write_text(tmp_path / "pipe", "through")
    reader.join(10)
    assert read == ["through"] and (tmp_path / "pipe").is_fifo()


def test_a_file_that_cannot_be_written_stays_as_it_was(tmp_path, monkeypatch):
    file = tmp_path / "a.txt"
    file.write_text("before")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match="a.txt: cannot be written .No space left on device"):
        write_text(pathlib.Path(file), "after")
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert file.read_text() == "before"
