"""Pictures as long sequences: a class for each, from its pixels one by one."""

import dataclasses

import numpy as np

from lstmjax.tasks.sequences.examples import Sequences
from lstmjax.tasks.sequences.labelled import Labelled


@dataclasses.dataclass(frozen=True)
class Pixels(Labelled):
    """Which class a picture is of, read pixel by pixel (Le, Jaitly & Hinton 2015, section 4.2).

    Rows follow each other, or all pictures are read in one order drawn at random.
    """

    permuted: bool = False

    def _arranged(self, sequences: Sequences) -> Sequences:
        pixels = sequences.inputs.reshape(len(sequences.inputs), -1, 1)
        time = pixels.shape[1]
        if self.permuted:
            pixels = pixels[:, np.random.default_rng(0).permutation(time)]
        lengths = np.full_like(sequences.lengths, time)
        return sequences._replace(inputs=pixels, lengths=lengths)
