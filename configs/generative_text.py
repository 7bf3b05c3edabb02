r"""A text, byte by byte, with one LSTM of 256: by default the source of Python's standard library.

python -m launch.train --config=configs/generative_text.py --workdir=runs/text
python -m launch.train --config=configs/generative_text.py --workdir=runs/mine \
    --set task.path=my.txt

Tiny Shakespeare, seed 0: 1.481 nats a character, 105 s on two CPU cores.
"""

from lstmjax.experiment import Experiment
from lstmjax.models.generative import Generative
from lstmjax.optimizers import AdamW
from lstmjax.tasks.text import Text


def get_config() -> Experiment:
    """A few minutes on two CPU cores."""
    return Experiment(
        task=Text(window=64),
        model=Generative(features=(256,), dropout=0.1),
        optimizer=AdamW(
            learning_rate=4e-3,
            schedule="cosine",
            warmup_steps=50,
            clip_norm=1.0,
            weight_decay=0.01,
        ),
        steps=3_500,
        batch_size=32,
        log_every=50,
        evaluate_every=500,
        evaluation_batch_size=32,
        evaluation_examples=5_000,
    )
