"""The generative LSTM: the next symbol from all before it, one step at a time if need be."""

import functools

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import Array

from lstmjax.errors import UserError
from lstmjax.models.base import Model
from lstmjax.recurrent import Carry
from lstmjax.recurrent.regularization import drop_symbols
from lstmjax.settings import setting


class Generative(Model):
    """Symbols in, one LSTM layer for each width in `features`, a score for every next symbol out.

    The carry is a tuple with one (c, h) a layer, so a text can be read in windows or by the step.
    """

    features: tuple[int, ...] = setting((256,), at_least=1)  # hidden units of each layer
    embedding: int = setting(0, at_least=0)  # width of the symbols' vectors; 0 reads them one-hot
    dropout: float = setting(0.0, at_least=0, at_most=0.95)  # between layers and before the output
    input_dropout: float = setting(0.0, at_least=0, at_most=0.95)  # on what the first layer reads
    # of symbols, at every place where they occur (Gal & Ghahramani 2016)
    embedding_dropout: float = setting(0.0, at_least=0, at_most=0.95)
    output_dropout: float | None = setting(None, at_least=0, at_most=0.95)  # none: as `dropout`
    # Of the last layer, added to the loss: times the mean square of its outputs after dropout, and
    # of their change from step to step before it (AR and TAR; Merity et al. 2018, section 4.4).
    activation_penalty: float = setting(0.0, at_least=0)
    change_penalty: float = setting(0.0, at_least=0)
    # Vectors, and the output layer where they are its weights, start uniform within this bound and
    # are not scaled, as in published recipes for SGD. None: they start with variance 1.
    embedding_bound: float | None = setting(None, at_least=0)
    tied: bool = False  # the output layer's weights are the embedding's (Press & Wolf 2017)

    @property
    def tied_scale(self) -> float:
        """What the scores are divided by where the embedding is the output layer's weights."""
        return self.embedding**0.5 if self.embedding_bound is None else 1

    def setup(self) -> None:
        """Builds the layers; two methods share them."""
        if not self.features:
            raise UserError("model.features is empty: give at least one width, as in 256,")
        if self.tied and self.embedding != self.features[-1]:
            raise UserError(
                f"model.tied needs model.embedding equal to the last of model.features, "
                f"got {self.embedding} and {self.features[-1]}"
            )
        if self.embedding:
            # entries of variance 1, which is what the layers' initial weights expect of their input
            start, bound = nn.initializers.normal(1.0), self.embedding_bound
            if bound is not None:
                start = functools.partial(jax.random.uniform, minval=-bound, maxval=bound)
            self.embed = nn.Embed(
                self.outputs,
                self.embedding,
                embedding_init=start,
                dtype=self.dtype,
                param_dtype=self.param_dtype,
            )
        self.layers = [self.lstm(width) for width in self.features]
        self.drop = self.dropout_over_time(self.dropout)
        last = self.dropout if self.output_dropout is None else self.output_dropout
        self.drop_output = self.dropout_over_time(last)
        self.drop_input = self.dropout_over_time(self.input_dropout)
        if not self.tied:
            self.head = self.dense(self.outputs)

    def __call__(
        self,
        inputs: Array,
        *,
        carry: tuple[Carry, ...] | None = None,
        lengths: Array | None = None,
        resets: Array | None = None,
        train: bool = False,
    ) -> tuple[Array, tuple[Carry, ...]]:
        """Scores the symbol after each symbol.

        Args:
          inputs: integers (*batch, time), symbols.
          carry: one (c, h) a layer, each (*batch, features), or None for zeros.
          lengths: valid symbols of each row (*batch,), or None for all.
          resets: bool (*batch, time), true where a new sequence starts.
          train: whether dropout is on.

        Returns:
          Logits (*batch, time, outputs) and the carry after the last valid symbol.
        """
        if self.embedding:
            hidden = self.embed(inputs)
        else:
            hidden = jax.nn.one_hot(inputs, self.outputs, dtype=self.dtype) * self.outputs**0.5
        if train and self.embedding_dropout:
            key, rate = self.make_rng("dropout"), self.embedding_dropout
            hidden = drop_symbols(key, inputs, hidden, self.outputs, rate)
        hidden = self.drop_input(hidden, deterministic=not train)
        after = []
        for i, layer in enumerate(self.layers):
            before = None if carry is None else carry[i]
            rows = dict(carry=before, lengths=lengths, resets=resets, train=train)
            said, last = layer(hidden, **rows)
            drop = self.drop_output if layer is self.layers[-1] else self.drop
            hidden = drop(said, deterministic=not train)
            after.append(last)
        if train and self.activation_penalty:
            penalty = self.activation_penalty * mean_square(hidden, lengths)
            self.sow("losses", "activations", penalty)
        if train and self.change_penalty:
            change = mean_square(said[..., 1:, :] - said[..., :-1, :], lengths, 1)
            self.sow("losses", "changes", self.change_penalty * change)
        if self.tied:
            return self.embed.attend(hidden) / self.tied_scale, tuple(after)
        return self.head(hidden), tuple(after)

    def step(
        self, symbols: Array, carry: tuple[Carry, ...] | None = None
    ) -> tuple[Array, tuple[Carry, ...]]:
        """Reads one symbol a row, (*batch,): logits of the next (*batch, outputs), carry."""
        logits, carry = self(symbols[..., None], carry=carry)
        return jnp.squeeze(logits, -2), carry


def mean_square(values: Array, lengths: Array | None, before: int = 0) -> Array:
    """The mean square of values (*batch, time, width) at valid steps, those from `before` on."""
    if lengths is None:
        return jnp.mean(values**2)
    valid = (jnp.arange(values.shape[-2]) + before < lengths[..., None])[..., None]
    count = jnp.maximum(valid.sum() * values.shape[-1], 1)
    return jnp.where(valid, values**2, 0).sum() / count
