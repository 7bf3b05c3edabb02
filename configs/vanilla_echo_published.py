r"""Echo as the course publishes it: 5 digits in, the third out; one LSTM of 25.

python -m launch.train --config=configs/vanilla_echo_published.py \
    --workdir=runs/vanilla_echo_published --seeds=10

10 seeds: 100 % in each of ten, 6 s on two CPU cores.
"""

from lstmjax.experiment import Experiment
from lstmjax.models.vanilla import Vanilla
from lstmjax.optimizers import Adam
from lstmjax.tasks.generated.echo import Echo


def get_config() -> Experiment:
    """The published model and budget, 10,000 updates of one sequence."""
    return Experiment(
        task=Echo(length=5, symbols=10, position=2),
        model=Vanilla(features=25, initialization="keras"),
        optimizer=Adam(learning_rate=5e-3, schedule="cosine", clip_norm=1.0),
        steps=10_000,
        batch_size=1,
        log_every=500,
        evaluate_every=10_000,
    )
