r"""A text, word by word: the vocabulary is the training part's, rare words are <unk>.

python -m launch.train --config=configs/generative_words.py --workdir=runs/words \
    --set task.path=my.txt
python -m launch.train --config=configs/generative_words.py --workdir=runs/words \
    --set task.path=train.txt --set task.valid_path=valid.txt --set task.test_path=test.txt

Tiny Shakespeare (256,595 words to train on, 6,983 different ones), seed 0: perplexity 83.5 a word,
where 4-grams reach 114.6; 565 s on one core of an AMD EPYC with other work beside it.
"""

from lstmjax.experiment import Experiment
from lstmjax.models.generative import Generative
from lstmjax.optimizers import AdamW
from lstmjax.recurrent.regularization import Regularization
from lstmjax.tasks.text import Words


def get_config() -> Experiment:
    """Embeddings that the output layer shares, and much dropout, of weights, too: words are few."""
    return Experiment(
        task=Words(window=32),
        model=Generative(
            features=(256,),
            embedding=256,
            tied=True,
            dropout=0.5,
            regularization=Regularization(weight_drop=0.4),
        ),
        optimizer=AdamW(
            learning_rate=2e-3,
            schedule="cosine",
            warmup_steps=100,
            clip_norm=1.0,
            weight_decay=0.1,
            average="moving",
            average_decay=0.995,
        ),
        steps=2_500,
        batch_size=32,
        log_every=50,
        evaluate_every=250,
        evaluation_batch_size=32,
    )
