"""Trains two steps with every value of every setting, for all configs.

python -m tests.settings_sweep [--config=NAME]... [--most=N] [--seed=0]

Values are those of each Literal and bool, None of what may be None, and the ends of a number's
bounds where they are small. A combination either trains two steps and reports finite scores, or is
refused in one line. Exits with 1 and names the first that does neither. `--most` takes a sample.
"""

import pathlib
import random
import sys
import tempfile
import types
import typing
from collections.abc import Iterator

import numpy as np
from absl import app, flags

from lstmjax import settings
from lstmjax.errors import UserError
from lstmjax.experiment import Experiment
from lstmjax.training.run import run
from tests.small_configs import CONFIGS, small

SMALL = 64  # bounds beyond this are not tried: they would make a large run, not a strange one


def values(field, value) -> Iterator[str]:
    """What to set a field to, as on a command line, other than what it is."""
    kind = field.type
    found: list[object] = []
    options = (
        typing.get_args(kind)
        if typing.get_origin(kind) in (typing.Union, types.UnionType)
        else (kind,)
    )
    for option in options:
        if typing.get_origin(option) is typing.Literal:
            found += typing.get_args(option)
        elif option is bool:
            found += [True, False]
        elif option is type(None):
            found.append("none")
        elif option in (int, float):
            bounds = (field.metadata.get(name) for name in ("at_least", "at_most"))
            found += [option(bound) for bound in bounds if bound is not None and bound <= SMALL]
    return (str(item) for item in found if item != value)


def assignments(experiment: Experiment) -> list[str]:
    """Every `path=value` to try."""
    return [
        f"{path}={value}"
        for path, field, now in settings.walk(experiment)
        for value in values(field, now)
    ]


def outcome(experiment: Experiment, assignment: str, directory: pathlib.Path) -> str:
    """`trained`, or the line that refuses; anything else is raised."""
    try:
        report = run(experiment.override([assignment, "steps=2"]), directory)
    except UserError as error:
        line = str(error)
        assert line and "\n" not in line and "Traceback" not in line, line
        return line
    assert np.isfinite(report[next(k for k in ("test", "valid") if k in report)]["loss"]["mean"])
    return "trained"


def sweep(configs: list[pathlib.Path], most: int | None, seed: int) -> dict[str, int]:
    """Counts of combinations that were trained and refused; prints those that were refused."""
    counts = {"trained": 0, "refused": 0}
    with tempfile.TemporaryDirectory() as name:
        for config in configs:
            place = pathlib.Path(name) / config.stem
            place.mkdir()
            experiment = small(config, place)
            every = assignments(experiment)
            chosen = every if most is None else random.Random(seed).sample(every, most)
            for i, assignment in enumerate(chosen):
                try:
                    told = outcome(experiment, assignment, place / str(i))
                except Exception as error:
                    raise AssertionError(f"{config.stem}: {assignment}: {error!r}") from error
                counts["trained" if told == "trained" else "refused"] += 1
                if told != "trained":
                    print(f"{config.stem}: {assignment}: {told}", flush=True)
    return counts


if __name__ == "__main__":
    CONFIG = flags.DEFINE_multi_string("config", [], "A config's name; all if none is given.")
    MOST = flags.DEFINE_integer("most", None, "Settings of each config that are tried.")
    SEED = flags.DEFINE_integer("seed", 0, "Of that choice.")

    def main(_: list[str]) -> None:
        """Sweeps and prints the counts."""
        names = set(CONFIG.value)
        configs = [config for config in CONFIGS if not names or config.stem in names]
        print(sweep(configs, MOST.value, SEED.value))

    sys.exit(app.run(main))
