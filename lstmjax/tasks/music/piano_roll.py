"""Piano rolls: which of 88 keys sound in the next frame."""

import dataclasses
from typing import Any, ClassVar

import jax.numpy as jnp
import numpy as np
import optax
from jax import Array

from lstmjax import metrics
from lstmjax.errors import UserError
from lstmjax.files import digest_files
from lstmjax.metrics import Sums
from lstmjax.settings import setting
from lstmjax.tasks.base import SPLITS, Batch, Data, Shape, Task
from lstmjax.tasks.buckets import make_buckets
from lstmjax.tasks.music.files import KEYS, LOWEST, read_pieces
from lstmjax.tasks.together import Outputs

NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


@dataclasses.dataclass(frozen=True)
class PianoRoll(Task):
    """Pieces of music, each a sequence: of every key of a piano, does it sound in the next frame?

    The outputs are many independent yes or no questions, and what is scored is the sum of their
    nats, a frame (Boulanger-Lewandowski et al. 2012). The first frame is given.
    """

    untraced: ClassVar[frozenset[str]] = frozenset({"path", "digest"})
    outputs_are: ClassVar[Outputs] = "yes_or_no"

    path: str = ""  # JSON of the splits, see `read_pieces`
    # Training pieces are also read up to so many half tones higher and lower.
    transpose: int = setting(0, at_least=0, at_most=12)
    shapes: int = setting(4, at_least=1, at_most=16)  # lengths that batches are padded to
    digest: str = ""  # SHA-256 of the file, so that a changed one is noticed

    @property
    def outputs(self) -> int:
        """One logit a key."""
        return KEYS

    def resolve(self) -> "PianoRoll":
        """Reads the file once: its digest."""
        if not self.path:
            raise UserError("task.path is empty: give a file, as in --set task.path=pieces.json")
        read_pieces(self.path)
        return dataclasses.replace(self, digest=digest_files(self, ["path"]))

    def load(self) -> Data:
        """All frames of a split one after the other, and where pieces begin."""
        pieces = read_pieces(self.path)
        if digest_files(self, ["path"]) != self.digest:
            raise UserError(
                f"task.path {self.path}: not the pieces this experiment was trained on (the file's "
                "SHA-256 differs); restore them, or train in a new directory"
            )
        arrays, sizes, lengths = {}, {}, {}
        for split in SPLITS:
            times = np.array([len(piece) for piece in pieces[split]], np.int32)
            starts = (np.cumsum(times) - times).astype(np.int32)
            arrays[split] = np.concatenate(pieces[split]), starts, times
            keys = 1 + 2 * self.transpose if split == "train" else 1
            sizes[split] = keys * len(times)
            lengths[split] = np.tile(times - 1, keys)
        return Data(arrays, sizes, make_buckets(lengths, self.shapes))

    def describe(self, data: Data) -> str:
        """The file and its length."""
        frames = sum(len(rolls) for rolls, _, _ in data.arrays.values())
        return f"{self.path}: {frames:,} frames"

    def batch(self, arrays: Any, split: str, indices: Array, shape: Shape | None = None) -> Batch:
        """Frames (batch, time, KEYS) but the last of each piece, and as targets but the first.

        Example i is piece i, counted on from the first again in the next key.
        """
        rolls, starts, times = (jnp.asarray(array) for array in arrays[split])
        key, piece = jnp.divmod(indices, len(times))
        (time,) = shape
        places = starts[piece][:, None] + jnp.arange(time + 1)
        frames = rolls[jnp.minimum(places, len(rolls) - 1)].astype(jnp.float32)
        if split == "train" and self.transpose:
            # 0, 1, -1, 2, -2, ...: the piece as it is comes first
            higher = jnp.where(key % 2, (key + 1) // 2, -(key // 2))
            from_key = jnp.arange(KEYS) - higher[:, None]
            inside = (from_key >= 0) & (from_key < KEYS)
            moved = jnp.take_along_axis(frames, jnp.clip(from_key, 0, KEYS - 1)[:, None], -1)
            frames = jnp.where(inside[:, None], moved, 0)
        lengths = times[piece] - 1
        return Batch(
            frames[:, :-1],
            targets=frames[:, 1:],
            lengths=lengths,
            mask=jnp.arange(time) < lengths[:, None],
        )

    def loss(self, outputs: Array, batch: Batch) -> Array:
        """The keys' binary cross-entropies together, in nats: (batch, time)."""
        return optax.sigmoid_binary_cross_entropy(outputs, batch.targets).sum(-1)

    def metrics(self, outputs: Array, batch: Batch) -> Sums:
        """Nats a frame, and the accuracy of transcriptions (Bay et al. 2009).

        That is of the notes that sound or are said to sound, those that do both.
        """
        said, sounds = outputs > 0, batch.targets > 0.5
        counted = batch.mask[..., None] > 0
        both, either = (said & sounds & counted).sum(), ((said | sounds) & counted).sum()
        return {
            "nats": metrics.mean(self.loss(outputs, batch), batch.mask),
            "accuracy": (both.astype(jnp.float32), either.astype(jnp.float32)),
        }

    def floors(self, data: Data) -> dict[str, dict[str, float]]:
        """Each key by how often it sounds, and by how often after itself or its silence."""
        rolls, starts, _ = data.arrays["train"]
        within = np.ones(len(rolls), bool)
        within[starts] = False  # the first frame of a piece is nobody's next
        before, after = np.roll(rolls, 1, 0)[within], rolls[within]
        often = (after.sum(0) + 1) / (len(after) + 2)  # Laplace's rule, so that none is 0
        held = ((after & before).sum(0) + 1) / (before.sum(0) + 2)
        begun = ((after & ~before).sum(0) + 1) / ((~before).sum(0) + 2)
        tests, test_starts, _ = data.arrays["test"]
        within = np.ones(len(tests), bool)
        within[test_starts] = False
        before, after = np.roll(tests, 1, 0)[within], tests[within]
        return {
            "each key's frequency": _scores(np.broadcast_to(often, after.shape), after),
            "each key after itself": _scores(np.where(before, held, begun), after),
        }

    def show(self, outputs: Array, batch: Batch) -> list[str]:
        """Lines like `after 52 frames: C3 G4 E5 -> C3 G4 ok`, the piece's last frame."""
        lines = []
        for said, target, length in zip(
            np.asarray(outputs) > 0,
            np.asarray(batch.targets) > 0.5,
            np.asarray(batch.lengths),
            strict=True,
        ):
            answer, truth = (_chord(frames[length - 1]) for frames in (said, target))
            verdict = "ok" if answer == truth else f"wrong, {truth}"
            lines.append(f"after {length} frames: {answer} {verdict}")
        return lines


def _chord(frame: np.ndarray) -> str:
    """The names of the keys that sound: C4 is the middle one."""
    notes = np.flatnonzero(frame) + LOWEST
    return " ".join(f"{NAMES[note % 12]}{note // 12 - 1}" for note in notes) or "silence"


def _scores(probability: np.ndarray, sounds: np.ndarray) -> dict[str, float]:
    nats = -np.log(np.where(sounds, probability, 1 - probability)).sum(1).mean()
    said = probability > 0.5
    either = (said | sounds).sum()
    return {"nats": float(nats), "accuracy": float((said & sounds).sum() / max(either, 1))}
