"""What tasks share whose answer is one of several classes."""

from jax import Array

from lstmjax import metrics
from lstmjax.metrics import Sums
from lstmjax.tasks.base import Batch, Task


class Classification(Task):
    """A task with one class an example: outputs (batch, classes), integer targets (batch,)."""

    def loss(self, outputs: Array, batch: Batch) -> Array:
        """Cross-entropy of each answer, (batch,), in nats."""
        return metrics.cross_entropy(outputs, batch.targets)

    def metrics(self, outputs: Array, batch: Batch) -> Sums:
        """Accuracy, and nats an answer."""
        right = outputs.argmax(-1) == batch.targets
        return {
            "accuracy": metrics.mean(right, batch.mask),
            "nats": metrics.mean(self.loss(outputs, batch), batch.mask),
        }
