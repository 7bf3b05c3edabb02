r"""Moving square as the course publishes it: 50 frames of 50 x 50, a line grows left or right.

python -m launch.train --config=configs/cnn_lstm_moving_square_published.py \
    --workdir=runs/cnn_lstm_moving_square_published --seeds=10

Seed 0: all of 2,000 videos right, 13 s on two CPU cores.
"""

from lstmjax.experiment import Experiment
from lstmjax.models.cnn_lstm import CnnLstm
from lstmjax.optimizers import Adam
from lstmjax.tasks.generated.moving_square import MovingSquare


def get_config() -> Experiment:
    """The published model, rate and budget, 5,000 videos in batches of 32.

    Its loss jumps up at times, in some runs for good: the best of eight checkpoints is kept.
    """
    return Experiment(
        task=MovingSquare(frames=50, size=50, valid_examples=256),
        model=CnnLstm(features=50, filters=(2,), window=2, pool=2, initialization="keras"),
        optimizer=Adam(learning_rate=1e-3, epsilon=1e-7),
        steps=157,
        batch_size=32,
        log_every=20,
        evaluate_every=20,
        evaluation_batch_size=32,
    )
