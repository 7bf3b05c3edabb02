"""Encoder-decoders: one LSTM reads a sequence, another writes one of another length."""

from typing import Any, ClassVar, Literal, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import Array

from lstmjax.errors import UserError
from lstmjax.models.base import Model
from lstmjax.recurrent import LSTM, Carry
from lstmjax.settings import setting

START = -1  # read before the first symbol; its one-hot vector is zero


class Memory(NamedTuple):
    """What the decoder may look back at."""

    outputs: Array  # (*batch, source time, features): the encoder's
    valid: Array | None  # (*batch, source time), or None: all


class RepeatVector(Model):
    """LSTM, its last output repeated for every step to write, LSTM, dense: Keras' RepeatVector.

    All of the source passes through one vector, and a step does not know what the one before
    wrote. Training and inference are the same function.
    """

    paired: ClassVar[bool] = True

    features: int = setting(75, at_least=1)  # hidden units of the encoder
    decoder_features: int = setting(50, at_least=1)  # hidden units of the decoder
    dropout: float = setting(0.0, at_least=0, at_most=0.95)  # on the vector and before the dense

    @nn.compact
    def __call__(
        self,
        inputs: tuple[Array, Array],
        *,
        carry: Carry | None = None,
        lengths: Array | None = None,
        resets: Array | None = None,
        train: bool = False,
    ) -> tuple[Array, Carry]:
        """Writes one symbol for each step of the target.

        Args:
          inputs: the source, integers (*batch, source time) or vectors (*batch, source time,
            width), and the shifted target (*batch, time), of which only the shape is used; or in
            its place vectors (*batch, time, width), which the decoder reads beside.
          carry: the encoder's, or None for zeros.
          lengths: valid steps of each source (*batch,), or None for all.
          resets: bool (*batch, source time), true where the source starts afresh.
          train: whether dropout is on.

        Returns:
          Logits (*batch, time, outputs) and the decoder's last carry.
        """
        source, shifted = inputs
        drop = nn.Dropout(self.dropout)
        locked = self.regularization.locked
        drop_each = self.dropout_over_time(self.dropout) if locked else drop
        source = _vectors(source, self.outputs, self.dtype)
        encoder = self.lstm(self.features, name="encoder")
        rows = dict(carry=carry, lengths=lengths, resets=resets, train=train)
        _, last = encoder(source, **rows)
        vector = drop(last[1].astype(self.dtype), deterministic=not train)[..., None, :]
        beside = (shifted,) if shifted.ndim == vector.ndim else ()
        time = shifted.shape[vector.ndim - 2]
        repeated = jnp.broadcast_to(vector, (*vector.shape[:-2], time, self.features))
        read = jnp.concatenate([repeated, *beside], -1)
        hidden, carry = self.lstm(self.decoder_features, name="decoder")(read, train=train)
        return self.dense(self.outputs)(drop_each(hidden, deterministic=not train)), carry


class EncoderDecoder(Model):
    """The encoder's carry starts the decoder, which reads what was written so far.

    Sutskever et al. (2014), section 2. In training the decoder reads the true symbols (teacher
    forcing); otherwise it reads its own, the likeliest of each step, and never sees the target.
    Symbols are read one-hot, or by embeddings, each side its own. A bidirectional encoder has half
    of a layer's width in each direction, side by side in its outputs and in the carry.
    Attention stands where Luong et al. (2015), equations 4 to 7, put it: after the decoder's LSTM,
    tanh(W [context; h]), without input feeding. The score of a source position is `dot`, theirs, or
    `additive`, v . tanh(W [h; memory]) of Bahdanau et al. (2015), appendix A.1.2.
    `apply(..., mutable="intermediates")` returns the weights, (*batch, time, source time), as
    `attention`.
    """

    paired: ClassVar[bool] = True

    features: tuple[int, ...] = setting((128,), at_least=1)  # of each layer, on both sides
    bidirectional: bool = False  # the encoder reads forward and backward
    embedding: int = setting(0, at_least=0)  # width of the symbols' vectors; 0 reads them one-hot
    source_symbols: int | None = None  # None: the target's; the task sets it where they differ
    attention: Literal["none", "dot", "additive"] = "none"
    dropout: float = setting(0.0, at_least=0, at_most=0.95)  # between layers and before the dense

    def setup(self) -> None:
        """Builds the layers; several methods share them."""
        if not self.features:
            raise UserError("model.features is empty: give at least one width, as in 128,")
        if self.bidirectional and any(width % 2 for width in self.features):
            raise UserError(
                f"model.bidirectional halves each width, and model.features is "
                f"{self.features}: give even ones"
            )
        if self.embedding:
            self.embed_source = self._embed(self.source_symbols or self.outputs)
            self.embed_target = self._embed(self.outputs)
        directions = 2 if self.bidirectional else 1
        self.encoder = [self.lstm(width // directions) for width in self.features]
        if self.bidirectional:
            self.backward = [self.lstm(width // 2, reverse=True) for width in self.features]
        self.decoder = [self.lstm(width) for width in self.features]
        self.drop = self.dropout_over_time(self.dropout)
        width = self.features[-1]
        if self.attention == "additive":
            self.score_query = self.dense(width)
            self.score_memory = self.dense(width, use_bias=False)
            self.score = self.dense(1, use_bias=False)
        if self.attention != "none":
            self.combine = self.dense(width)
        self.head = self.dense(self.outputs)

    def __call__(
        self,
        inputs: tuple[Array, Array],
        *,
        carry: tuple[Carry, ...] | None = None,
        lengths: Array | None = None,
        resets: Array | None = None,
        train: bool = False,
        forced: bool = False,
    ) -> tuple[Array, tuple[Carry, ...]]:
        """Scores every symbol of the target: after the true ones in training, else after its own.

        Args:
          inputs: the source, integers (*batch, source time) or vectors (*batch, source time,
            width), and the target shifted by one step, integers (*batch, time), first START. Unless
            `train` or `forced`, only the shape of the target is used. In its place may be vectors
            (*batch, time, width) that are known ahead: the decoder always reads those.
          carry: the encoder's, one (c, h) a layer, or None for zeros.
          lengths: valid steps of each source (*batch,), or None for all.
          resets: bool (*batch, source time), true where the source starts afresh.
          train: whether the decoder reads the target, and dropout is on.
          forced: whether the decoder reads the target although this is no training.

        Returns:
          Logits (*batch, time, outputs) and the decoder's last carry.
        """
        source, shifted = inputs
        carry, memory = self._encode(source, carry, lengths, resets, train)
        known = jnp.issubdtype(shifted.dtype, jnp.floating)
        if train or forced or known or self.is_initializing():
            logits, carry, weights = self._decode(shifted, carry, memory, train)
        else:
            logits, carry, weights = self._run_free(shifted.shape, carry, memory)
        if weights is not None:
            self.sow("intermediates", "attention", weights)
        return logits, carry

    def start(
        self, source: Array, lengths: Array | None = None
    ) -> tuple[tuple[Carry, ...], Memory | None]:
        """Reads a source: the state from which `step` writes, every array with the batch first."""
        return self._encode(source, None, lengths, None, False)

    def step(self, symbols: Array, state: Any) -> tuple[Array, Any]:
        """Reads one symbol a row, (*batch,): logits of the next (*batch, outputs), state."""
        carry, memory = state
        logits, carry, _ = self._decode(symbols[..., None], carry, memory, False)
        return logits[..., 0, :], (carry, memory)

    @nn.nowrap
    def _embed(self, symbols: int) -> nn.Embed:
        # entries of variance 1, which is what the layers' initial weights expect of their input
        return nn.Embed(
            symbols,
            self.embedding,
            embedding_init=nn.initializers.normal(1.0),
            dtype=self.dtype,
            param_dtype=self.param_dtype,
        )

    def _read(self, symbols: Array, side: Literal["source", "target"]) -> Array:
        """The vectors of a side's symbols, START's zero; what is vectors already stays."""
        embedded = self.embedding and jnp.issubdtype(symbols.dtype, jnp.integer)
        if not embedded:
            count = self.source_symbols if side == "source" else None
            return _vectors(symbols, count or self.outputs, self.dtype)
        embed = self.embed_source if side == "source" else self.embed_target
        return jnp.where((symbols == START)[..., None], 0, embed(jnp.maximum(symbols, 0)))

    def _directions(self) -> list[tuple[LSTM, ...]]:
        """The encoder's layers, each forward, or forward and backward."""
        sides = (self.encoder, self.backward) if self.bidirectional else (self.encoder,)
        return list(zip(*sides, strict=True))

    def _encode(
        self,
        source: Array,
        carry: tuple[Carry, ...] | None,
        lengths: Array | None,
        resets: Array | None,
        train: bool,
    ) -> tuple[tuple[Carry, ...], Memory | None]:
        hidden = self._read(source, "source")
        time, after = hidden.shape[-2], []
        for i, layers in enumerate(self._directions()):
            parts = [None] * len(layers)
            if carry is not None:
                halves = (jnp.split(part, len(layers), -1) for part in carry[i])
                parts = list(zip(*halves, strict=True))
            read = [
                layer(hidden, carry=part, lengths=lengths, resets=resets, train=train)
                for layer, part in zip(layers, parts, strict=True)
            ]
            hidden, last = jax.tree.map(lambda *sides: jnp.concatenate(sides, -1), *read)
            hidden = self.drop(hidden, deterministic=not train)
            after.append(last)
        if self.attention == "none":
            return tuple(after), None
        valid = None if lengths is None else jnp.arange(time) < lengths[..., None]
        return tuple(after), Memory(hidden, valid)

    def _decode(
        self, symbols: Array, carry: tuple[Carry, ...], memory: Memory | None, train: bool
    ) -> tuple[Array, tuple[Carry, ...], Array | None]:
        """Reads symbols (*batch, time): logits, carry, and attention (*batch, time, source)."""
        hidden = self._read(symbols, "target")
        after, weights = [], None
        for layer, before in zip(self.decoder, carry, strict=True):
            hidden, last = layer(hidden, carry=before, train=train)
            hidden = self.drop(hidden, deterministic=not train)
            after.append(last)
        if memory is not None:
            weights = self._attend(hidden, memory)
            context = weights @ memory.outputs
            hidden = nn.tanh(self.combine(jnp.concatenate([context, hidden], -1)))
        return self.head(hidden), tuple(after), weights

    def _attend(self, hidden: Array, memory: Memory) -> Array:
        """How much each step looks at each source position: (*batch, time, source time)."""
        if self.attention == "dot":
            scores = hidden @ jnp.swapaxes(memory.outputs, -1, -2)
        else:
            query = self.score_query(hidden)[..., :, None, :]
            keys = self.score_memory(memory.outputs)[..., None, :, :]
            scores = self.score(nn.tanh(query + keys))[..., 0]
        scores = scores.astype(jnp.float32)
        if memory.valid is None:
            return nn.softmax(scores).astype(hidden.dtype)
        valid = memory.valid[..., None, :]
        # finite, so that an empty source, whose weights are all zero, has gradients
        weights = nn.softmax(jnp.where(valid, scores, jnp.finfo(scores.dtype).min))
        return jnp.where(valid, weights, 0).astype(hidden.dtype)

    def _run_free(
        self, shape: tuple[int, ...], carry: tuple[Carry, ...], memory: Memory | None
    ) -> tuple[Array, tuple[Carry, ...], Array | None]:
        """Reads its own likeliest symbols: what `_decode` returns, `shape` (*batch, time)."""

        def one(model: EncoderDecoder, state: tuple, _: Array) -> tuple[tuple, tuple]:
            symbols, carry = state
            logits, carry, weights = model._decode(symbols, carry, memory, False)
            return (logits.argmax(-1), carry), (logits, weights)

        steps = nn.scan(one, variable_broadcast="params", split_rngs={"params": False})
        start = jnp.full((*shape[:-1], 1), START)
        # over an array, not `length`: exported programs leave the number of steps open
        (_, carry), stacked = steps(self, (start, carry), jnp.zeros(shape[-1]))
        # (time, *batch, 1, ...) to (*batch, time, ...)
        logits, weights = jax.tree.map(lambda leaf: jnp.moveaxis(leaf, 0, -3)[..., 0, :], stacked)
        return logits, carry, weights


def _vectors(source: Array, symbols: int, dtype: Any) -> Array:
    """Integers as one-hot vectors, START as zeros; vectors as they are."""
    if jnp.issubdtype(source.dtype, jnp.integer):
        return jax.nn.one_hot(source, symbols, dtype=dtype)
    return source
