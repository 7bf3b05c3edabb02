r"""A text with one LSTM of 512: better than `generative_text.py`, and slower.

python -m launch.train --config=configs/generative_text_long.py --workdir=runs/long \
        --set task.path=my.txt

Tiny Shakespeare, seed 0: 1.461 nats a character, 30 minutes on two CPU cores busy with other work.
"""

from lstmjax.experiment import Experiment
from lstmjax.models.generative import Generative
from lstmjax.optimizers import AdamW
from lstmjax.tasks.text import Text


def get_config() -> Experiment:
    """Twelve epochs of a megabyte of text, and the dropout that they ask for."""
    return Experiment(
        task=Text(window=64),
        model=Generative(features=(512,), dropout=0.35),
        optimizer=AdamW(
            learning_rate=3e-3, schedule="cosine", warmup_steps=50, clip_norm=1.0, weight_decay=0.01
        ),
        steps=6_000,
        batch_size=32,
        log_every=50,
        evaluate_every=500,
        evaluation_batch_size=32,
    )
