"""A few of the settings that `python -m tests.settings_sweep` tries for every config."""

from tests import settings_sweep
from tests.small_configs import CONFIGS, small


def test_every_value_trains_or_is_refused_in_a_line():
    configs = [config for config in CONFIGS if config.stem == "vanilla_echo"]
    counts = settings_sweep.sweep(configs, most=3, seed=1)
    assert counts["trained"] + counts["refused"] == 3 and counts["trained"] >= 1


def test_each_kind_of_value_is_tried(tmp_path):
    (config,) = (config for config in CONFIGS if config.stem == "vanilla_echo")
    tried = settings_sweep.assignments(small(config, tmp_path))
    for expected in (
        "model.kernel=scan",
        "model.every_step=True",
        "model.recompute_every=1",
        "optimizer.schedule=constant",
        "model.dropout=0.95",
    ):
        assert expected in tried
