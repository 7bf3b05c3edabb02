r"""Words as in Zaremba, Sutskever & Vinyals (2014), section 4.1: dropout that skips the recurrence.

python -m launch.train --config=configs/papers/zaremba.py --workdir=runs/zaremba \
    --set task.path=ptb.train.txt --set task.valid_path=ptb.valid.txt \
    --set task.test_path=ptb.test.txt

The medium one; `zaremba_small.py` and `zaremba_large.py` are the others. Published perplexities on
the Penn Treebank's tests: 115.9 (small), 82.1 (medium), 78.3 (large). `steps` are 39 epochs of it.
Not run here to its end: an update took 7 s on two cores of an AMD EPYC that did much other work
(19.8 million parameters, 10,000 words), all 51,792 would take four days.

The paper's loss is the sum over a window's steps, ours the mean. Hence its rate times 35, and its
norm of the gradient over 35. What differs: the layers' weights start within 1 / sqrt(units), the
paper's within .05.
"""

from lstmjax.experiment import Experiment
from lstmjax.models.generative import Generative
from lstmjax.optimizers import SGD
from lstmjax.tasks.text import Words

EPOCH = 1_328  # updates: 929,589 words in 20 rows, 35 at a time


def get_config() -> Experiment:
    """Two layers of 650, dropout .5; the rate falls by 1 / 1.2 an epoch after the sixth."""
    return Experiment(
        task=Words(tokens="space", unknown_below=1, window=35),
        model=Generative(
            features=(650, 650),
            embedding=650,
            embedding_bound=0.05,
            initialization="uniform",
            input_dropout=0.5,
            dropout=0.5,
        ),
        optimizer=SGD(
            learning_rate=35.0,
            schedule="epochs",
            epochs_constant=6,
            epoch_factor=1 / 1.2,
            clip_norm=5 / 35,
        ),
        steps=39 * EPOCH,
        batch_size=20,
        carry_reset=0.0,
        log_every=100,
        evaluate_every=EPOCH,
        evaluation_batch_size=10,
    )
