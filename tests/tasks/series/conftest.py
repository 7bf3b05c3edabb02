import pytest

from tests import small_files
from tests.tasks.series.small import ROWS


@pytest.fixture
def file(tmp_path):
    return str(small_files.series_csv(tmp_path, ROWS))
