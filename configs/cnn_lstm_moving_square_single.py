r"""Moving square of which no single frame tells the direction: 16 frames of 16 x 16.

python -m launch.train --config=configs/cnn_lstm_moving_square_single.py \
    --workdir=runs/cnn_lstm_moving_square_single --seeds=10

10 seeds: accuracy 0.9990 +- 0.0004, 41 s on two CPU cores.
"""

from lstmjax.experiment import Experiment
from lstmjax.models.cnn_lstm import CnnLstm
from lstmjax.optimizers import Adam
from lstmjax.tasks.generated.moving_square import MovingSquare


def get_config() -> Experiment:
    """A pixel without a trail: only what changes between frames gives the answer."""
    return Experiment(
        task=MovingSquare(frames=16, size=16, trail=False),
        model=CnnLstm(features=32, filters=(4,), window=2, pool=2),
        optimizer=Adam(learning_rate=1e-2, schedule="cosine", clip_norm=1.0),
        steps=1_000,
        batch_size=32,
        log_every=100,
        evaluate_every=500,
        evaluation_batch_size=250,
    )
