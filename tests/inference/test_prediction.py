import pytest

from lstmjax.errors import UserError
from lstmjax.inference.prediction import predict
from tests import spoiled, tiny


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The directory of a run that forecasts series."""
    directory = tmp_path_factory.mktemp("finished")
    file = spoiled.write("csv", directory)
    tiny.finish(spoiled.FORMATS["csv"].experiment(file), directory / "run")
    return directory / "run"


@pytest.mark.parametrize(
    "source, output, fault",
    [
        ("a.csv", "missing/out.csv", "there is no directory .*missing; name a file"),
        ("a.csv", ".", "is a directory; name a file"),
        ("a.csv", "a.csv", "takes the place of .*a.csv; name another"),
        ("a.csv", "link.csv", "takes the place of .*a.csv; name another"),
        ("a.csv", "out.png", "a picture goes there; name it .csv"),
        ("a.png", "a.out", "the picture .*a.png: takes the place of .*a.png"),
    ],
)
def test_answers_take_the_place_of_nothing(finished, source, output, fault, tmp_path):
    content = spoiled.FORMATS["csv"].content
    (tmp_path / source).write_bytes(content)
    (tmp_path / "link.csv").symlink_to(tmp_path / "a.csv")
    with pytest.raises(UserError, match=fault):
        predict(finished, tmp_path / source, tmp_path / output)
    assert (tmp_path / source).read_bytes() == content
    assert {path.name for path in tmp_path.iterdir()} == {source, "link.csv"}


@pytest.mark.parametrize("option", ["beam", "n_best"])
def test_a_choice_that_the_task_lacks_is_refused(finished, option, tmp_path):
    source = spoiled.write("csv", tmp_path)
    with pytest.raises(UserError, match=f"--{option}: task Series has no such choice; leave it"):
        predict(finished, source, tmp_path / "out.csv", **{option: 2})
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize("option", [dict(band=0.8), dict(count=3)])
def test_what_is_of_forecasts_is_refused_before_the_file_is_read(option, finished, tmp_path):
    """By a task that forecasts no series, and by a run that has no bands and no distribution."""
    tiny.finish(tiny.pairs(tmp_path), tmp_path / "pairs")
    flag = {"band": "--band", "count": "--paths"}[next(iter(option))]
    for run, told in (
        (tmp_path / "pairs", f"{flag}: task Pairs forecasts no series; leave it out"),
        (finished, f"{flag}.* (launch.evaluate|no distribution to draw from)"),
    ):
        with pytest.raises(UserError, match=told):
            predict(run, tmp_path / "no such file", tmp_path / "out.csv", **option)


def test_the_picture_lies_beside_the_forecast(finished, tmp_path):
    source = spoiled.write("csv", tmp_path)
    assert predict(finished, source, tmp_path / "out.csv") == (1, tmp_path / "out.png")
    assert (tmp_path / "out.csv").read_text().startswith("day,target,forecast")
    assert (tmp_path / "out.png").read_bytes().startswith(b"\x89PNG")
