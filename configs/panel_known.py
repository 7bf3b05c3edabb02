r"""Your own panel with columns known ahead, which a decoder reads row by row.

python -m launch.train --config=configs/panel_known.py --workdir=runs/mine \
    --set task.path=shops.csv --set task.series=shop --set task.time=day --set task.targets=sales \
    --set task.known=price --set task.static=kind
python -m launch.predict --workdir=runs/mine --input=ahead.csv --output=forecasts.csv

docs/forecasting.md makes such a file. The encoder reads 42 rows, and the decoder writes 12.
"""

from lstmjax.experiment import Experiment
from lstmjax.models.encoder_decoder import EncoderDecoder
from lstmjax.optimizers import AdamW
from lstmjax.tasks.panels import Panels


def get_config() -> Experiment:
    """An encoder reads the window; from its carry a decoder reads what is known of each row."""
    return Experiment(
        task=Panels(
            targets=("y",),
            lookback=42,
            horizon=12,
            season=7,
            normalize="window",
            log=True,
            decoder=True,
            head="quantile",
        ),
        model=EncoderDecoder(features=(64,), dropout=0.1),
        optimizer=AdamW(learning_rate=5e-3, schedule="cosine", clip_norm=1.0),
        steps=1_000,
        batch_size=64,
        log_every=50,
        evaluate_every=200,
        evaluation_batch_size=512,
    )
