"""What tasks share whose answer is one of several classes."""

from collections.abc import Sequence
from typing import ClassVar

from jax import Array

from lstmjax import metrics
from lstmjax.metrics import Sums
from lstmjax.tasks.base import Batch, Task
from lstmjax.tasks.together import Outputs


def told_unseen(kind: str, unseen: Sequence[str]) -> str:
    """What a line says of labels that held-out files have and training lacks; mostly nothing."""
    if not unseen:
        return ""
    names = ", ".join(map(repr, unseen[:5])) + (", ..." if len(unseen) > 5 else "")
    return f"; training lacks {len(unseen)} {kind}(s) of the held-out files, always errors: {names}"


class Classification(Task):
    """A task with one class an example: outputs (batch, classes), integer targets (batch,)."""

    outputs_are: ClassVar[Outputs] = "logits"

    def loss(self, outputs: Array, batch: Batch) -> Array:
        """Cross-entropy of each answer, (batch,), in nats."""
        return metrics.cross_entropy(outputs, batch.targets)

    def metrics(self, outputs: Array, batch: Batch) -> Sums:
        """Accuracy, and nats an answer: each counts once, whatever it weighs in the loss."""
        right = outputs.argmax(-1) == batch.targets
        counts = None if batch.mask is None else batch.mask > 0
        return {
            "accuracy": metrics.mean(right, counts),
            "nats": metrics.mean(
                self.loss(outputs, batch), metrics.among(batch.targets, outputs, counts)
            ),
        }
