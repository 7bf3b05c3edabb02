import pathlib
import zipfile

import numpy as np
import pytest


@pytest.fixture(scope="session")
def torch_files(tmp_path_factory):
    return _unpacked("made_by_torch", tmp_path_factory)


@pytest.fixture(scope="session")
def keras_files(tmp_path_factory):
    return _unpacked("made_by_keras", tmp_path_factory)


def _unpacked(name, tmp_path_factory):
    """The folder of what the other library wrote, and the numbers that it computed."""
    folder = tmp_path_factory.mktemp(name)
    with zipfile.ZipFile(pathlib.Path(__file__).parent / f"{name}.zip") as archive:
        archive.extractall(folder)
    with np.load(folder / "known.npz") as known:
        return folder, dict(known)
