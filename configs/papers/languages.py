r"""Languages learned from strings of up to 40 symbols, tested on strings of 41 to 500.

python -m launch.train --config=configs/papers/languages.py --workdir=runs/parity --seeds=5
python -m launch.train --config=configs/papers/languages.py --workdir=runs/sort --seeds=5 \
    --set task.language=bucket_sort
"""

from lstmjax.experiment import Experiment
from lstmjax.models.vanilla import Vanilla
from lstmjax.optimizers import Adam
from lstmjax.tasks.papers import Language


def get_config() -> Experiment:
    """Strings of all lengths, short ones too: they teach the rule first."""
    return Experiment(
        task=Language(),
        model=Vanilla(features=64, every_step=True, initialization="keras"),
        optimizer=Adam(learning_rate=5e-3, clip_norm=1.0, schedule="cosine"),
        steps=1_500,
        batch_size=64,
        log_every=50,
        evaluate_every=250,
    )
