"""SIGMORPHON's shared task on spellings and phonemes, its languages side by side in a directory."""

import dataclasses
import pathlib
from typing import Literal

from lstmjax.errors import UserError
from lstmjax.tasks.pairs.files import Level
from lstmjax.tasks.pairs.pairs import Pairs

Language = Literal[
    "arm_e", "bul", "dut", "fre", "geo", "hbs_latn", "hun", "jpn_hira", "kor", "vie_hanoi"
]


@dataclasses.dataclass(frozen=True)
class Sigmorphon(Pairs):
    """Task 1 of 2021, medium: LANGUAGE_train.tsv, _dev.tsv and _test.tsv (Ashby et al. 2021)."""

    target: Level = "token"
    directory: str = "."  # of the files
    language: Language = "kor"

    def resolve(self) -> "Sigmorphon":
        """The language's files, then what they hold.

        Raises:
          UserError: a file is missing or malformed.
        """
        splits = {"path": "train", "valid_path": "dev", "test_path": "test"}
        paths = {
            field: f"{self.directory}/{self.language}_{split}.tsv"
            for field, split in splits.items()
        }
        for path in map(pathlib.Path, paths.values()):
            if not path.is_file():
                raise UserError(
                    f"task.directory {self.directory}: no file {path.name}; give the directory of "
                    "the shared task's files"
                )
        return super(Sigmorphon, dataclasses.replace(self, **paths)).resolve()
