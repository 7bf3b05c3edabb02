"""Pairs of texts that are drawn, not read: what such tasks share."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from lstmjax import metrics
from lstmjax.metrics import Sums
from lstmjax.tasks.base import Batch, Data, Written
from lstmjax.tasks.pairs.transduction import Transduction


@dataclasses.dataclass(frozen=True)
class DrawnPairs(Transduction):
    """A subclass draws `parts`, the same from the same settings: no file is needed."""

    def resolve(self) -> "DrawnPairs":
        """The symbols and the longest target of what is drawn."""
        pairs = [pair for part in self.parts().values() for pair in part]
        return dataclasses.replace(
            self,
            source_vocabulary=tuple(sorted({s for pair in pairs for s in pair.source})),
            target_vocabulary=tuple(sorted({s for pair in pairs for s in pair.target})),
            longest=max(len(pair.target) for pair in pairs) + 1,
        )

    def metrics(self, outputs: Written, batch: Batch) -> Sums:
        """Whole answers that are right, errors by symbols, and each symbol after the true ones.

        `sequence_accuracy` and `token_error_rate` are of what the model writes by itself.
        `token_accuracy` and `nats` are teacher-forced: the model is told the true symbols before.
        """
        truth, valid = batch.targets[:, 0], batch.mask.any(-1)
        right, errors, lengths = self.compare(outputs.symbols[:, 0], batch.targets)
        return {
            "sequence_accuracy": metrics.mean(right, valid),
            "token_error_rate": ((errors * valid).sum(), (lengths * valid).sum()),
            "token_accuracy": metrics.mean(outputs.logits.argmax(-1) == truth, batch.mask),
            "nats": metrics.mean(self.loss(outputs.logits, batch), batch.mask),
        }

    def floors(self, data: Data) -> dict[str, dict[str, float]]:
        """The most common target, and the target of the nearest source that was trained on."""
        return {
            name: {
                "sequence_accuracy": 1 - scores["sequence_error_rate"],
                "token_error_rate": scores["token_error_rate"],
            }
            for name, scores in super().floors(data).items()
        }

    def scores(self, guesses: Sequence[Sequence[str]]) -> dict[str, float]:
        """What a floor scores whose guesses are of the test pairs, in their order."""
        codes = {symbol: code for code, symbol in enumerate(self.target_vocabulary)}
        truth = [pair.target for pair in self.parts()["test"]]
        width = max(map(len, [*guesses, *truth])) + 1
        written, right = (
            np.array(
                [[codes.get(s, -1) for s in row] + [self.stop] * (width - len(row)) for row in rows]
            )
            for rows in (guesses, truth)
        )
        errors = np.asarray(metrics.edit_distance(written, right, self.stop))
        return {
            "sequence_accuracy": float((errors == 0).mean()),
            "token_error_rate": float(errors.sum() / (right != self.stop).sum()),
        }
