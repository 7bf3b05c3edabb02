"""Every config at two steps of two examples, on small files of its format."""

import pathlib

from lstmjax import settings
from lstmjax.experiment import load_config
from lstmjax.models.captioner import Captioner
from lstmjax.models.generative import Generative
from lstmjax.models.segments import Segments
from lstmjax.tasks.music import PianoRoll
from lstmjax.tasks.pairs import Pairs, Sigmorphon
from lstmjax.tasks.panels import Panels
from lstmjax.tasks.pictures import Captions, MovingDigits
from lstmjax.tasks.sequences import Labelled
from lstmjax.tasks.series import Series
from lstmjax.tasks.tagging import Tagging
from tests import pictures, small_files

CONFIGS = sorted((pathlib.Path(__file__).parent.parent / "configs").rglob("*.py"))


def small(config, tmp_path):
    """The experiment of a config at two steps of two examples."""
    experiment = load_config(str(config))
    file = tmp_path / "data"
    file.write_text(small_files.POEM)
    if isinstance(experiment.task, Pairs):
        file = small_files.pairs_file(tmp_path, experiment.task.format)
    if isinstance(experiment.task, PianoRoll):
        file = small_files.pieces_file(tmp_path)
    if isinstance(experiment.task, Captions):
        file = pictures.write_captions(tmp_path / "pictures", size=40)
    wanted = dict(
        steps=2, batch_size=2, log_every=1, evaluate_every=2, evaluation_batch_size=8, seeds=1
    )
    task = {"path": str(file), "valid_examples": 4, "test_examples": 8, "train_examples": 8}
    task |= {"numbers": 40, "dates": 20}
    task |= {"shapes": 1}  # more than one is another test's business, and compiles as often
    if isinstance(experiment.task, Sigmorphon):
        task |= {"directory": small_files.sigmorphon_files(tmp_path)}
    if isinstance(experiment.task, Labelled):
        task |= small_files.labelled_files(tmp_path, idx=experiment.task.train_labels is not None)
    if isinstance(experiment.task, Tagging):
        spans = experiment.task.format == "columns"
        task |= (small_files.entities_files if spans else small_files.tagging_files)(tmp_path)
        task |= {"valid": "none"} if spans else {}
    task |= {"floor_pictures": 8, "floor_videos": 20}
    if isinstance(experiment.task, MovingDigits):
        task |= {"path": ""}  # the built-in ones
    if config.parent.name == "papers":  # lengths of hundreds of steps
        task |= {"length": 8}
        if isinstance(experiment.model, Generative):
            wanted |= {"model.features": "6,6", "model.embedding": 6}
            task |= {"window": 8, "window_deviation": min(experiment.task.window_deviation, 1)}
    fields = {field.name for field in settings.fields(experiment.task)}
    if isinstance(experiment.task, Series):
        task |= small_files.like_series(file, experiment.task)
    if isinstance(experiment.task, Panels):
        task |= small_files.like_panel(file, experiment.task)
    if isinstance(experiment.model, Captioner):
        wanted |= {"model.filters": "4,", "model.pool": "4,"}
    if isinstance(experiment.model, Segments):
        wanted |= {"model.segment": 1}
    wanted |= {f"task.{name}": value for name, value in task.items() if name in fields}
    return experiment.override([f"{path}={value}" for path, value in wanted.items()])
