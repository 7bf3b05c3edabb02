r"""Words as in Merity, Keskar & Socher (2018): AWD-LSTM, with averaged SGD.

python -m launch.train --config=configs/papers/awd.py --workdir=runs/awd \
    --set task.path=ptb.train.txt --set task.valid_path=ptb.valid.txt \
    --set task.test_path=ptb.test.txt

Published perplexity on the Penn Treebank's tests: 58.8 (24 million parameters, 500 epochs).
`steps` are 500 epochs of it. Not run here to its end: an update
took 34 s on two cores of an AMD EPYC that did much other work; all 332,000 need a GPU.

What differs: the windows' lengths are random in each row, where the paper has one for all rows and
halves 5 %; hence no rate in proportion to the length. The tied output layer has no bias.
"""

from lstmjax.experiment import Experiment
from lstmjax.models.generative import Generative
from lstmjax.optimizers import SGD
from lstmjax.recurrent.regularization import Regularization
from lstmjax.tasks.text import Words

EPOCH = 664  # updates: 929,589 words in 20 rows, about 70 at a time


def get_config() -> Experiment:
    """Three layers of 1150, 1150 and 400, everything dropped, and an average once nothing falls."""
    return Experiment(
        task=Words(tokens="space", unknown_below=1, window=70, window_deviation=5.0),
        model=Generative(
            features=(1150, 1150, 400),
            embedding=400,
            embedding_bound=0.1,
            tied=True,
            initialization="uniform",
            input_dropout=0.4,
            dropout=0.25,
            output_dropout=0.4,
            embedding_dropout=0.1,
            regularization=Regularization(locked=True, weight_drop=0.5),
            activation_penalty=2.0,
            change_penalty=1.0,
        ),
        optimizer=SGD(
            learning_rate=30.0,
            weight_decay=1.2e-6,
            clip_norm=0.25,
            average="triggered",
            average_patience=5,
        ),
        steps=500 * EPOCH,
        batch_size=20,
        carry_reset=0.0,
        log_every=100,
        evaluate_every=EPOCH,
        evaluation_batch_size=10,
    )
