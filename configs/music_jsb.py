r"""Bach's chorales: which of 88 keys sound in the next quarter.

python -m launch.train --config=configs/music_jsb.py --workdir=runs/jsb \
    --set task.path=jsb-chorales-quarter.json
python -m launch.sample --workdir=runs/jsb --output=runs/jsb/chorale.mid

One seed: 8.253 nats a frame; each key after itself has 10.49. 2,424 s on one busy core of an AMD
EPYC.
"""

from lstmjax.experiment import Experiment
from lstmjax.models.vanilla import Vanilla
from lstmjax.optimizers import AdamW
from lstmjax.recurrent.regularization import Regularization
from lstmjax.tasks.music import PianoRoll


def get_config() -> Experiment:
    """229 pieces to learn from: dropout on both sides and of weights, averaged parameters."""
    return Experiment(
        task=PianoRoll(),
        model=Vanilla(
            features=300,
            every_step=True,
            input_dropout=0.2,
            dropout=0.5,
            regularization=Regularization(weight_drop=0.5),
        ),
        optimizer=AdamW(
            learning_rate=4e-3,
            schedule="cosine",
            clip_norm=1.0,
            weight_decay=1e-3,
            average="moving",
            average_decay=0.98,
        ),
        steps=1_500,
        batch_size=32,
        log_every=50,
        evaluate_every=50,
    )
