"""Early stopping: a run ends once its validation loss has stopped falling."""

from typing import Any


class Patience:
    """Counts the evaluations since the lowest validation loss.

    What it knows lies in each checkpoint, so a resumed run ends where it would have ended.
    """

    def __init__(self, limit: int | None, notes: dict[str, Any]):
        """Goes on from what `to_json` gave.

        Args:
          limit: evaluations in a row without a lower loss that end a run; None: no number does.
          notes: of a checkpoint; empty at the start.
        """
        self._limit = limit
        self._lowest: float | None = notes.get("lowest")
        self._without: int = notes.get("without", 0)

    def add(self, loss: float) -> None:
        """Takes the validation loss of one more evaluation."""
        lower = self._lowest is None or loss < self._lowest
        self._lowest = loss if lower else self._lowest
        self._without = 0 if lower else self._without + 1

    @property
    def is_over(self) -> bool:
        """Whether the run ends here."""
        return self._limit is not None and self._without >= self._limit

    def to_json(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {"lowest": self._lowest, "without": self._without}
