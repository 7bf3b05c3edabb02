"""N-gram models of symbol sequences: the classical floor under a recurrent language model."""

import numpy as np


class NGram:
    """An n-gram model with back-off by Witten & Bell's interpolation (1991, method C).

    P(w | context) = (count(context w) + kinds(context) P(w | shorter context)) /
    (count(context) + kinds(context)), where kinds is how many different symbols followed the
    context in training; an unseen context backs off whole, and the empty one to 1 / symbols.
    """

    def __init__(self, codes: np.ndarray, symbols: int, order: int):
        """Counts the n-grams of 1 to `order` symbols in `codes`, integers in [0, symbols).

        Raises:
          ValueError: symbols ** order does not fit 63 bits.
        """
        if symbols**order >= 2**63:
            raise ValueError(f"{order}-grams of {symbols} symbols do not fit 63 bits")
        self.symbols, self.order = symbols, order
        self._tables = []
        for length in range(1, order + 1):
            grams, counts = np.unique(_windows(codes, length, symbols), return_counts=True)
            contexts, starts = np.unique(grams // symbols, return_index=True)
            totals = np.add.reduceat(counts, starts) if len(grams) else counts
            kinds = np.diff(np.append(starts, len(grams)))
            self._tables.append((grams, counts, contexts, starts, totals, kinds))

    def nats(self, codes: np.ndarray, order: int | None = None) -> float:
        """The mean -log P of each of `codes` given those before it among `codes`, in nats.

        Args:
          codes: integers in [0, symbols).
          order: of the n-grams that are used; none: the longest.
        """
        tables = self._tables[:order]
        probability = np.full(len(codes), 1 / self.symbols)
        for length, (grams, counts, contexts, _, totals, kinds) in enumerate(tables, 1):
            seen = _windows(codes, length, self.symbols)
            place, known = _find(contexts, seen // self.symbols)
            gram_place, gram_known = _find(grams, seen)
            count = np.where(gram_known, counts[gram_place], 0)
            shorter = probability[length - 1 :]
            longer = (count + kinds[place] * shorter) / (totals[place] + kinds[place])
            probability[length - 1 :] = np.where(known, longer, shorter)
        return float(-np.log(probability).mean())

    def distribution(self, context: np.ndarray) -> np.ndarray:
        """P of every symbol after `context` (its last order - 1 symbols count): (symbols,)."""
        probability = np.full(self.symbols, 1 / self.symbols)
        for length, (grams, counts, contexts, starts, totals, kinds) in enumerate(self._tables, 1):
            if length - 1 > len(context):
                break
            code = 0
            for symbol in context[len(context) - length + 1 :]:
                code = code * self.symbols + int(symbol)
            place = np.searchsorted(contexts, code)
            if place == len(contexts) or contexts[place] != code:
                break
            followers = slice(starts[place], starts[place] + kinds[place])
            probability *= kinds[place]
            probability[grams[followers] % self.symbols] += counts[followers]
            probability /= totals[place] + kinds[place]
        return probability

    def sample(self, length: int, seed: int, prompt: np.ndarray) -> np.ndarray:
        """`length` symbols drawn one after the other, the first after `prompt`."""
        generator = np.random.default_rng(seed)
        codes = list(prompt)
        for _ in range(length):
            cumulative = self.distribution(np.array(codes[-self.order + 1 :])).cumsum()
            draw = np.searchsorted(cumulative, generator.random() * cumulative[-1], side="right")
            codes.append(min(int(draw), self.symbols - 1))
        return np.array(codes[len(prompt) :])


def _windows(codes: np.ndarray, length: int, symbols: int) -> np.ndarray:
    """Every run of `length` consecutive codes as one integer, in base `symbols`."""
    grams = np.zeros(max(len(codes) - length + 1, 0), np.int64)
    for i in range(length):
        grams = grams * symbols + codes[i : i + len(grams)]
    return grams


def _find(table: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each value stands in a sorted table, and whether it does."""
    place = np.minimum(np.searchsorted(table, values), len(table) - 1)
    return place, table[place] == values
