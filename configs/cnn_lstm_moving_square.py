r"""Moving square with a CNN-LSTM: a line grows left or right over 50 frames of 50 x 50.

python -m launch.train --config=configs/cnn_lstm_moving_square.py \
    --workdir=runs/cnn_lstm_moving_square --seeds=10
"""

from lstmjax.experiment import Experiment
from lstmjax.models.cnn_lstm import CnnLstm
from lstmjax.optimizers import Adam
from lstmjax.tasks.moving_square import MovingSquare


def get_config() -> Experiment:
    """The published model at a better rate, with gates that start out remembering."""
    return Experiment(
        task=MovingSquare(frames=50, size=50, valid_examples=256),
        model=CnnLstm(
            features=50,
            filters=(2,),
            window=2,
            pool=2,
            initialization="chrono",
            memory_steps=50,
        ),
        optimizer=Adam(learning_rate=3e-3, schedule="cosine", clip_norm=1.0),
        steps=150,
        batch_size=16,
        log_every=25,
        evaluate_every=150,
        evaluation_batch_size=32,
    )
