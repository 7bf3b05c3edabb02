r"""Which symbols may come next: the embedded Reber grammar, an endless stream of it, counting.

python -m launch.train --config=configs/papers/grammars.py --workdir=runs/reber --seeds=10
python -m launch.train --config=configs/papers/grammars.py --workdir=runs/counting --seeds=10 \
    --set task=Counting
"""

from lstmjax.experiment import Experiment
from lstmjax.models.vanilla import Vanilla
from lstmjax.optimizers import Adam
from lstmjax.tasks.papers import Reber


def get_config() -> Experiment:
    """Few units: the grammar has 19 states."""
    return Experiment(
        task=Reber(valid_examples=256),
        model=Vanilla(features=16, every_step=True, initialization="keras"),
        optimizer=Adam(learning_rate=1e-2, clip_norm=1.0),
        steps=1_500,
        batch_size=16,
        log_every=50,
        evaluate_every=100,
    )
