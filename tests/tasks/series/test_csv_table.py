import numpy as np
import pytest

from lstmjax.errors import UserError
from lstmjax.tasks.series.csv_table import read_table


def table(tmp_path, content, separator=","):
    file = tmp_path / "data.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_table(str(file), separator)


def test_cells_quotes_marks_and_missing_values(tmp_path):
    content = '\ufeffday,"a, b",c\r\n1,"2.5",x\r\n2,NA, \r\n3,,"y ""z"""\r\n\r\n'
    read = table(tmp_path, content)
    assert read.names == ["day", "a, b", "c"]
    np.testing.assert_array_equal(read.numbers("a, b", "task.targets"), [2.5, np.nan, np.nan])
    assert read.words("c", "task.categories") == ["x", None, 'y "z"']


def test_a_blank_line_in_one_column_is_a_missing_value(tmp_path):
    np.testing.assert_array_equal(
        table(tmp_path, "a\n1\n\n3\n\n\n").numbers("a", "task.targets"), [1, np.nan, 3]
    )


def test_times(tmp_path):
    read = table(
        tmp_path, "when;how\n2020-01-31 23:00;31.1.20 23\n2020-02-01 00:00;1.2.20 0\n", ";"
    )
    expected = np.array(["2020-01-31T23", "2020-02-01T00"], "datetime64[s]")
    np.testing.assert_array_equal(read.times("when", None), expected)
    np.testing.assert_array_equal(read.times("how", "%d.%m.%y %H"), expected)
    zones = table(tmp_path, "t\n2020-03-29T01:30+01:00\n2020-03-29T03:00+02:00\n").times("t", None)
    np.testing.assert_array_equal(np.diff(zones), np.timedelta64(30, "m"))
    months = table(tmp_path, 'm\n"1949-01"\n"1949-02"\n').times("m", None)
    np.testing.assert_array_equal(months, np.array(["1949-01", "1949-02"], "datetime64[M]"))


@pytest.mark.parametrize("separator", ["", ";;", "\n", "\r", '"', "\0"])
def test_what_cannot_separate_is_refused(separator, tmp_path):
    with pytest.raises(UserError, match="task.separator is .*one character"):
        table(tmp_path, b"a,b\n1,2\n", separator)


@pytest.mark.parametrize("separator", ["tab", r"\t", "\t"])
def test_a_tab_can_be_typed(separator, tmp_path):
    assert table(tmp_path, "a\tb\n1\t2\n", separator).rows == [["1", "2"]]
    with pytest.raises(UserError, match="or tab$"):
        table(tmp_path, "a\tb\n1\t2\n", "")


@pytest.mark.parametrize(
    "content, told",
    [
        (b"", "data.csv: empty"),
        (b"\n\n", "data.csv: empty"),
        ("a,b\n1,2\n\u00e9,4\n".encode("latin-1"), "line 3: not UTF-8"),
        ("a,b\n1,2\n".encode("utf-16"), "line 1: not UTF-8"),
        (b"a,b\n1,2\n3\n", "line 3: 1 cells, the header names 2"),
        (b'a,b\n1,"x\ny"\n3,4,5\n', "line 4: 3 cells"),
        (b"a,b\n1,2\n\n3,4\n", "line 3: 0 cells"),
        (b'a,b\n1,"2\n', "mend the quotes"),
        (b"1,2\n3,4\n", "line 1: only numbers; a header"),
        (b"a,b,a\n1,2,3\n", "two columns named 'a'"),
        (b"a;b\n1;2\n", "set task.separator=';'"),
    ],
)
def test_malformed_files_are_told(content, told, tmp_path):
    with pytest.raises(UserError) as caught:
        table(tmp_path, content)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    "content, ask, told",
    [
        ("price\n1\n", lambda t: t.numbers("prize", "task.targets"), "did you mean 'price'?"),
        ("price\n1\n", lambda t: t.numbers("x", "task.targets"), "no column 'x' (task.targets)"),
        ("a,b\n1,2\nx,3\n", lambda t: t.numbers("a", "s"), "line 3: 'x' in column 'a' is not a"),
        ("a,b\n1,2\ninf,3\n", lambda t: t.numbers("a", "s"), "line 3: 'inf' in column 'a'"),
        ("t\n2020-01-01\n1st May\n", lambda t: t.times("t", None), "line 3: '1st May' in column"),
        ("t,a\n2020-01-01,1\n,2\n", lambda t: t.times("t", None), "line 3: '' in column 't'"),
        ("t\n1\n", lambda t: t.times("t", None), "line 2: '1' in column 't' is not a time"),
        ("t\n01.01.20\n", lambda t: t.times("t", "%Y"), "line 2: '01.01.20'"),
        (
            "a\n5 %\n5\n",
            lambda t: t.numbers("a", "s"),
            "line 3: '5' in column 'a', whose",
        ),
        ("a\n1e200\n", lambda t: t.numbers("a", "s"), "line 2: '1e200' in column 'a'"),
    ],
)
def test_faults_in_columns_are_told(content, ask, told, tmp_path):
    with pytest.raises(UserError) as caught:
        ask(table(tmp_path, content))
    assert told in str(caught.value)
    assert str(tmp_path / "data.csv") in str(caught.value)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(UserError, match="No such file"):
        read_table(str(tmp_path / "absent.csv"), ",")
    with pytest.raises(UserError, match="--set task.path=my.csv"):
        read_table("", ",")
