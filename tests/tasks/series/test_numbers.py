import pytest

from lstmjax.tasks.series.numbers import marks, number


@pytest.mark.parametrize(
    "text, decimal, value",
    [
        ("1,234.5", ".", 1234.5),
        ("-1 234 567", ".", -1234567),
        ("1.234.567,25", ",", 1234567.25),
        ("1\u202f234,5", ",", 1234.5),
        ("50,134", ",", 50.134),
        ("12,5 %", ",", 12.5),
        (",5e-3", ",", 0.0005),
    ],
)
def test_numbers_as_people_write_them(text, decimal, value):
    assert number(text, decimal) == value


@pytest.mark.parametrize(
    "text, decimal", [("1,23", "."), ("1.23,4,5", ","), ("1,234 567", "."), ("", ","), ("x", ",")]
)
def test_what_is_no_number(text, decimal):
    with pytest.raises(ValueError):
        number(text, decimal)


def test_the_mark_is_found_where_the_cells_tell():
    assert marks(["1.5", "2", "3 %"]) == ["."]
    assert marks(["1.234", "5,5"]) == [","]
    assert marks(["1,234.5", "5"]) == ["."]
    assert marks(["1,234", "5"]) == [".", ","]
    assert marks(["x"]) == []
