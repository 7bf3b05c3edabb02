import dataclasses

import pytest

from lstmjax.errors import UserError
from lstmjax.tasks.pairs import Sigmorphon


def write(directory, language, split, lines):
    (directory / f"{language}_{split}.tsv").write_text("".join(f"{line}\n" for line in lines))


def test_a_language_is_read_from_its_three_files_as_they_are(tmp_path):
    write(tmp_path, "kor", "train", ["ab\tt͡ɕ a", "b\ta", "ba\ta t͡ɕ"])
    write(tmp_path, "kor", "dev", ["bb\ta a"])
    write(tmp_path, "kor", "test", ["aa\tt͡ɕ", "bab\ta"])
    task = Sigmorphon(directory=str(tmp_path), language="kor").resolve()
    assert task.target_vocabulary == ("a", "t͡ɕ")  # phonemes, not characters
    assert task.load().sizes == {"train": 3, "valid": 1, "test": 2}
    other = dataclasses.replace(task, language="hun")
    with pytest.raises(UserError, match="no file hun_train.tsv; give the directory"):
        other.resolve()
