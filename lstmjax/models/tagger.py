"""The tagger: words and their spellings in, bidirectional LSTM layers, a score for every tag."""

from typing import Any, ClassVar

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import Array

from lstmjax.errors import UserError
from lstmjax.models.base import Model
from lstmjax.recurrent import Carry
from lstmjax.settings import setting

UNKNOWN = 0  # the code of words that are not in the vocabulary


class Tagger(Model):
    """A bidirectional LSTM over words, each a vector of its own beside one of its spelling.

    The spelling's vector is what a bidirectional LSTM over the characters ends with in either
    direction (Ling et al. 2015, section 3; Plank et al. 2016, figure 1), so that words never seen
    have one, too. In training some words are taken for unknown, which teaches the unknown word's
    vector and the spellings to do without the word's own. The carry is a tuple with one (forward,
    backward) a layer, each (c, h), lowest first.
    """

    causal: ClassVar[bool] = False

    words: int = setting(1, at_least=1)  # of the vocabulary: the task sets it
    characters: int = setting(1, at_least=1)  # of the alphabet: the task sets it
    features: tuple[int, ...] = setting((128,), at_least=1)  # of each direction of each layer
    word_features: int = setting(100, at_least=1)  # width of the words' vectors
    character_features: int = setting(32, at_least=1)  # width of the characters' vectors
    spelling_features: int = setting(50, at_least=1)  # hidden units of each direction of a spelling
    word_dropout: float = setting(0.1, at_least=0, at_most=0.95)  # words taken for unknown
    dropout: float = setting(0.3, at_least=0, at_most=0.95)  # on what each layer reads

    @nn.compact
    def __call__(
        self,
        inputs: tuple[Array, Array, Array],
        *,
        carry: tuple[tuple[Carry, Carry], ...] | None = None,
        lengths: Array | None = None,
        resets: Array | None = None,
        train: bool = False,
    ) -> tuple[Array, tuple[tuple[Carry, Carry], ...]]:
        """Scores the tags of every word.

        Args:
          inputs: words, integers (*batch, time), 0 the unknown one; their characters (*batch, time,
            characters), and how many each has (*batch, time).
          carry: of each layer, or None for zeros.
          lengths: words of each row (*batch,), or None for all.
          resets: bool (*batch, time), true where a new sentence starts in mid-row.
          train: whether dropout is on.

        Returns:
          Logits (*batch, time, outputs) and each layer's carry.
        """
        if not self.features:
            raise UserError("model.features is empty: give at least one width, as in 128,")
        words, characters, spelled = inputs
        if train:
            known = jax.random.bernoulli(
                self.make_rng("dropout"), 1 - self.word_dropout, words.shape
            )
            words = jnp.where(known, words, UNKNOWN)
        hidden = self.embed("characters_embedding", self.characters, self.character_features)(
            characters
        )
        _, ends = self.both_ways(
            "spelling", self.spelling_features, hidden, lengths=spelled, train=train
        )
        spelling = jnp.concatenate([end[1] for end in ends], -1)
        word = self.embed("words_embedding", self.words, self.word_features)(words)
        hidden = jnp.concatenate([word, spelling.astype(word.dtype)], -1)
        after = []
        for i, width in enumerate(self.features):
            hidden = self.dropout_over_time(self.dropout)(hidden, deterministic=not train)
            before = (None, None) if carry is None else carry[i]
            hidden, last = self.both_ways(
                f"layer_{i}",
                width,
                hidden,
                carry=before,
                lengths=lengths,
                resets=resets,
                train=train,
            )
            after.append(last)
        hidden = self.dropout_over_time(self.dropout)(hidden, deterministic=not train)
        return self.dense(self.outputs)(hidden), tuple(after)

    @nn.nowrap
    def embed(self, name: str, count: int, width: int) -> nn.Embed:
        """A table of `count` vectors."""
        return nn.Embed(count, width, dtype=self.dtype, param_dtype=self.param_dtype, name=name)

    @nn.nowrap
    def both_ways(
        self,
        name: str,
        features: int,
        inputs: Array,
        carry: tuple[Carry | None, Carry | None] = (None, None),
        **rows: Any,
    ) -> tuple[Array, tuple[Carry, Carry]]:
        """A forward and a backward LSTM layer: outputs side by side, and the two carries."""
        read, ends = [], []
        for direction, before in zip(("forward", "backward"), carry, strict=True):
            layer = self.lstm(features, reverse=direction == "backward", name=f"{name}_{direction}")
            hidden, end = layer(inputs, carry=before, **rows)
            read.append(hidden)
            ends.append(end)
        return jnp.concatenate(read, -1), tuple(ends)
