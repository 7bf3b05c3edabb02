r"""Any pictures with sentences: lines of file.png<TAB>a sentence, the PNG files beside them.

python -m launch.train --config=configs/captions_tsv.py --workdir=runs/mine \
    --set task.path=my/captions.tsv
python -m launch.predict --workdir=runs/mine --input=new/ --output=sentences.tsv --beam=4
"""

from lstmjax.experiment import Experiment
from lstmjax.models.captioner import Captioner
from lstmjax.optimizers import AdamW
from lstmjax.tasks.pictures import Captions


def get_config() -> Experiment:
    """A start, for pictures of 32 pixels or more; for larger ones give more layers and pools."""
    return Experiment(
        task=Captions(beam=4),
        model=Captioner(features=128, embedding=64, dropout=0.3),
        optimizer=AdamW(
            learning_rate=3e-3,
            schedule="cosine",
            warmup_steps=100,
            clip_norm=1.0,
            weight_decay=0.01,
        ),
        steps=2_000,
        batch_size=64,
        log_every=100,
        evaluate_every=200,
    )
