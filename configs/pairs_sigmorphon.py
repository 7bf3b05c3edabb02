r"""Spellings to phonemes in ten languages: SIGMORPHON 2021, task 1, medium resources.

for language in arm_e bul dut fre geo hbs_latn hun jpn_hira kor vie_hanoi; do
    python -m launch.train --config=configs/pairs_sigmorphon.py --workdir=runs/$language --seeds=3 \
        --set task.directory=sigmorphon2021_medium --set task.language=$language
    python -m launch.evaluate --workdir=runs/$language --together
done

Scored like the shared task: the share of words with any error, by a beam of 8. The mean is 12.1 %
for one model and 11.2 % for the three together. hbs_latn was trained with model.dropout=0.3, chosen
on its validation words.
"""

from lstmjax.experiment import Experiment
from lstmjax.models.encoder_decoder import EncoderDecoder
from lstmjax.optimizers import AdamW
from lstmjax.tasks.pairs import Sigmorphon


def get_config() -> Experiment:
    """The model of pairs_tsv.py with more dropout, for 8,000 words, and averaged parameters."""
    return Experiment(
        task=Sigmorphon(source="letter", beam=8, shapes=3),
        model=EncoderDecoder(
            features=(256,),
            bidirectional=True,
            embedding=64,
            attention="dot",
            dropout=0.4,
        ),
        optimizer=AdamW(
            learning_rate=3e-3,
            schedule="cosine",
            warmup_steps=200,
            clip_norm=1.0,
            weight_decay=0.01,
            average="moving",
            average_decay=0.995,
        ),
        steps=4_000,
        batch_size=64,
        log_every=100,
        evaluate_every=500,
        best_by="sequence_error_rate",
    )
