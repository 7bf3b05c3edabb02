"""Captioners: a convolutional network sees a picture, an LSTM writes what is in it."""

from typing import Any, ClassVar, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import Array

from lstmjax.errors import UserError
from lstmjax.models.base import Model
from lstmjax.models.convolution import ConvolutionPool, Form
from lstmjax.models.encoder_decoder import START
from lstmjax.recurrent import Carry
from lstmjax.settings import setting


class Places(NamedTuple):
    """What the decoder may look at: parts of the picture, from left to right, from the top."""

    features: Array  # (*batch, places, features + 2): the last two are the coordinates
    keys: Array  # (*batch, places, attention features): what a look is compared with


class Captioner(Model):
    """Convolutional layers, then an LSTM that reads the words so far and scores the next.

    The LSTM starts from a vector of the whole picture. Without attention it never sees it again
    (Vinyals et al. 2015, section 3; there the vector is the first input, here it sets the carry).
    With attention it looks at places of the picture before each word: the weights are softmax(v .
    tanh(W [h, word] + U place)) of the output h before and of the word that is read now, and the
    weighted mean of the places is read beside the word, and once more beside the new output (Xu et
    al. 2015, section 3.1 and equations 4 to 9, soft attention, without the gate beta; there h alone
    asks, so that it cannot look for what the last word named, and the mean of the places is the
    start). A place also has its two coordinates. In training the LSTM reads the true words,
    otherwise its own.
    `apply(..., mutable="intermediates")` returns the weights, (*batch, time, height, width), as
    `attention`.
    """

    paired: ClassVar[bool] = True

    features: int = setting(96, at_least=1)  # hidden units of the LSTM, and width of a place
    embedding: int = setting(32, at_least=1)  # width of the words' vectors
    filters: tuple[int, ...] = setting((16, 32), at_least=1)  # of each convolution layer
    window: int = setting(3, at_least=1)  # width of the filters, in pixels
    pool: tuple[int, ...] = setting((2, 2), at_least=1)  # of each layer: width of the pooling
    attention: bool = True  # look at the places before each word
    attention_features: int = setting(32, at_least=1)  # width of the layer that compares
    dropout: float = setting(0.0, at_least=0, at_most=0.95)  # on the places and before the dense
    # The share of words that training does not let the LSTM read, so that it has to look (Bowman et
    # al. 2016, section 3.1).
    word_dropout: float = setting(0.0, at_least=0, at_most=0.95)
    form: Form = "auto"  # what computes the convolutions; all agree to rounding

    def setup(self) -> None:
        """Builds the layers; several methods share them."""
        if len(self.filters) != len(self.pool) or not self.filters:
            raise UserError(
                f"model.pool is {self.pool} and model.filters {self.filters}: give one of each for "
                "every convolution layer"
            )
        kinds = 2, self.form, self.dtype, self.param_dtype
        self.convolution = [
            ConvolutionPool(count, self.window, pool, *kinds)
            for count, pool in zip(self.filters, self.pool, strict=True)
        ]
        self.see = self.dense(self.features)
        self.first = [self.dense(self.features) for _ in range(self.cell.parts)]
        self.embed = nn.Embed(
            self.outputs,
            self.embedding,
            embedding_init=nn.initializers.normal(1.0),
            dtype=self.dtype,
            param_dtype=self.param_dtype,
        )
        self.decoder = self.lstm(self.features)
        if self.attention:
            self.score_query = self.dense(self.attention_features)
            self.score_place = self.dense(self.attention_features, use_bias=False)
            self.score = self.dense(1, use_bias=False)
            self.combine = self.dense(self.features)
        self.drop = self.dropout_over_time(self.dropout)
        self.head = self.dense(self.outputs)

    def __call__(
        self,
        inputs: tuple[Array, Array],
        *,
        carry: None = None,
        lengths: None = None,
        resets: None = None,
        train: bool = False,
        forced: bool = False,
    ) -> tuple[Array, Carry]:
        """Scores every word of a sentence: after the true ones in training, else after its own.

        Args:
          inputs: pictures (*batch, height, width, channels), and the sentence shifted by one step,
            integers (*batch, time), first START. Unless `train` or `forced`, only its shape is
            used.
          carry: None: a picture has no past.
          lengths: None: all of a picture is seen.
          resets: None.
          train: whether the LSTM reads the sentence, and dropout is on.
          forced: whether it reads the sentence although this is no training.

        Returns:
          Logits (*batch, time, outputs) and the LSTM's last carry.
        """
        pictures, shifted = inputs
        state, grid = self._look(pictures, train)
        if train or forced or self.is_initializing():
            logits, (carry, _), weights = self._read(shifted, state, train)
        else:
            logits, (carry, _), weights = self._run_free(shifted.shape, state)
        if weights is not None:
            self.sow("intermediates", "attention", weights.reshape(*weights.shape[:-1], *grid))
        return logits, carry

    def start(self, pictures: Array, lengths: None = None) -> tuple[Carry, Places | None]:
        """Sees pictures: the state from which `step` writes, every array with the batch first."""
        return self._look(pictures, False)[0]

    def step(self, symbols: Array, state: Any) -> tuple[Array, Any]:
        """Reads one word a row, (*batch,): logits of the next (*batch, outputs), state."""
        logits, state, _ = self._one(symbols, state, False)
        return logits, state

    def _look(
        self, pictures: Array, train: bool
    ) -> tuple[tuple[Carry, Places | None], tuple[int, int]]:
        """The state before the first word, and how many places there are, down and across."""
        batch = pictures.shape[:-3]
        hidden = pictures.reshape(-1, *pictures.shape[-3:])
        for layer in self.convolution:
            hidden = layer(hidden)
        height, width = hidden.shape[1:3]
        down, across = (jnp.linspace(-1, 1, size, dtype=hidden.dtype) for size in (height, width))
        where = jnp.stack(jnp.meshgrid(down, across, indexing="ij"), -1)
        where = jnp.broadcast_to(where, (*hidden.shape[:3], 2))
        hidden = nn.relu(self.see(jnp.concatenate([hidden, where], -1)))
        hidden = self.drop(hidden, deterministic=not train)
        places = jnp.concatenate([hidden, where], -1)  # as they are, for what is left of what
        places = places.reshape(*batch, height * width, self.features + 2)
        summary = places.reshape(*batch, -1)
        carry = tuple(nn.tanh(layer(summary)).astype(self.param_dtype) for layer in self.first)
        looked_at = Places(places, self.score_place(places)) if self.attention else None
        return (carry, looked_at), (height, width)

    def _read(
        self, symbols: Array, state: tuple[Carry, Places | None], train: bool
    ) -> tuple[Array, tuple[Carry, Places | None], Array | None]:
        """Reads words (*batch, time): logits, state, and attention (*batch, time, places)."""
        carry, places = state
        if train and self.word_dropout:
            unread = jax.random.bernoulli(
                self.make_rng("dropout"), self.word_dropout, symbols.shape
            )
            symbols = jnp.where(unread, START, symbols)
        if places is None:  # nothing depends on the step before: all words at once
            hidden, carry = self.decoder(self._embed(symbols), carry=carry, train=train)
            return self._say(hidden, train), (carry, None), None

        def one(model: Captioner, carry: Carry, symbols: Array) -> tuple[Carry, tuple]:
            logits, (carry, _), weights = model._one(symbols, (carry, places), train)
            return carry, (logits, weights)

        carry, stacked = self._steps(one)(self, carry, jnp.moveaxis(symbols, -1, 0))
        logits, weights = jax.tree.map(lambda leaf: jnp.moveaxis(leaf, 0, -2), stacked)
        return logits, (carry, places), weights

    def _run_free(
        self, shape: tuple[int, ...], state: tuple[Carry, Places | None]
    ) -> tuple[Array, tuple[Carry, Places | None], Array | None]:
        """Reads its own likeliest words: what `_read` returns, `shape` (*batch, time)."""
        carry, places = state

        def one(model: Captioner, now: tuple, _: Array) -> tuple[tuple, tuple]:
            symbols, carry = now
            logits, (carry, _), weights = model._one(symbols, (carry, places), False)
            return (logits.argmax(-1), carry), (logits, weights)

        start = jnp.full(shape[:-1], START)
        (_, carry), stacked = self._steps(one)(self, (start, carry), jnp.zeros(shape[-1]))
        logits, weights = jax.tree.map(lambda leaf: jnp.moveaxis(leaf, 0, -2), stacked)
        return logits, (carry, places), weights

    def _one(
        self, symbols: Array, state: tuple[Carry, Places | None], train: bool
    ) -> tuple[Array, tuple[Carry, Places | None], Array | None]:
        """Reads one word (*batch,): logits, state, and attention (*batch, places)."""
        (carry, places), read, context, weights = state, self._embed(symbols), None, None
        if places is not None:
            asked = jnp.concatenate([carry[1].astype(self.dtype), read], -1)
            query = self.score_query(asked)[..., None, :]
            scores = self.score(nn.tanh(query + places.keys))[..., 0]
            weights = nn.softmax(scores.astype(jnp.float32)).astype(scores.dtype)
            context = (weights[..., None] * places.features).sum(-2)
            read = jnp.concatenate([read, context], -1)
        hidden, carry = self.decoder(read[..., None, :], carry=carry, train=train)
        hidden = hidden[..., 0, :]
        if context is not None:
            hidden = nn.tanh(self.combine(jnp.concatenate([hidden, context], -1)))
        return self._say(hidden, train), (carry, places), weights

    def _embed(self, symbols: Array) -> Array:
        return jnp.where((symbols == START)[..., None], 0, self.embed(jnp.maximum(symbols, 0)))

    def _say(self, hidden: Array, train: bool) -> Array:
        return self.head(self.drop(hidden, deterministic=not train))

    @nn.nowrap
    def _steps(self, one: Any) -> Any:
        """`one(model, carry, symbols)` after the other over time, the first axis."""
        return nn.scan(
            one,
            variable_broadcast="params",
            split_rngs={"params": False, "dropout": True},
        )
