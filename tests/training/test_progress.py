from lstmjax.training import progress
from lstmjax.training.progress import Clock, Pace


def test_a_stretch_takes_a_second_however_long_evaluations_are(monkeypatch):
    """64 steps a second, and 20 seconds of evaluation after every fourth stretch."""
    now = 0.0
    monkeypatch.setattr(progress.time, "perf_counter", lambda: now)
    clock = Clock({"train": 1000.0})
    pace, steps = Pace(clock.spent["train"]), []
    for stretch in range(40):
        with clock.on("train"):
            now += pace.steps / 64
        pace.tick(clock.spent["train"])
        steps.append(pace.steps)
        if stretch % 4 == 3:
            with clock.on("evaluate"):
                now += 20
    assert steps[:6] == [2, 4, 8, 16, 32, 32] and set(steps[5:]) <= {32, 64}
