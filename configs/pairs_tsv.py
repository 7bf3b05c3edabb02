r"""Any pairs: lines of source<TAB>target, characters in and characters out.

python -m launch.train --config=configs/pairs_tsv.py --workdir=runs/pairs --set task.path=my.tsv
python -m launch.predict --workdir=runs/pairs --input=sources.txt --output=answers.tsv --beam=8

Words instead of characters on either side: `--set task.source=token --set task.target=token`.
"""

from lstmjax.experiment import Experiment
from lstmjax.models.encoder_decoder import EncoderDecoder
from lstmjax.optimizers import AdamW
from lstmjax.tasks.pairs import Pairs


def get_config() -> Experiment:
    """A start: raise `steps` for many pairs, `model.dropout` for few."""
    return Experiment(
        task=Pairs(beam=8),
        model=EncoderDecoder(
            features=(256,), bidirectional=True, embedding=64, attention="dot", dropout=0.3
        ),
        optimizer=AdamW(
            learning_rate=3e-3,
            schedule="cosine",
            warmup_steps=200,
            clip_norm=1.0,
            weight_decay=0.01,
        ),
        steps=5_000,
        batch_size=64,
        log_every=100,
        evaluate_every=1_000,
    )
