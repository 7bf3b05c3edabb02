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
        self.symbols, self.order, self._base = symbols, order, symbols + 1
        if self._base**order >= 2**63:
            raise ValueError(f"{order}-grams of {symbols} symbols do not fit 63 bits")
        # Sorted once: the shorter n-grams are the beginnings of the longest, in the same order. At
        # the text's end those go on with the digit 0, which is no symbol's.
        grams = _windows(codes, order, self._base, short=True)
        grams.sort()
        counts = np.ones(1, np.int64)
        self._tables = []
        for length in range(order, 0, -1):
            grams = grams if length == order else grams // self._base
            starts = _starts(grams)
            if length == order:
                counts = np.diff(np.append(starts, len(grams)))
            else:
                counts = np.add.reduceat(counts, starts) if len(grams) else counts[:0]
            grams = grams[starts]
            whole = grams % self._base > 0
            self._tables.insert(0, _table(grams[whole], counts[whole], self._base))

    def nats(self, codes: np.ndarray, order: int | None = None) -> float:
        """The mean -log P of each of `codes` given those before it among `codes`, in nats.

        Args:
          codes: integers in [0, symbols).
          order: of the n-grams that are used; none: the longest.
        """
        tables = self._tables[:order]
        probability = np.full(len(codes), 1 / self.symbols)
        for length, (grams, counts, contexts, _, totals, kinds) in enumerate(tables, 1):
            seen = _windows(codes, length, self._base)
            place, known = _find(contexts, seen // self._base)
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
                code = code * self._base + int(symbol) + 1
            place = np.searchsorted(contexts, code)
            if place == len(contexts) or contexts[place] != code:
                break
            followers = slice(starts[place], starts[place] + kinds[place])
            probability *= kinds[place]
            probability[grams[followers] % self._base - 1] += counts[followers]
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


def _table(grams: np.ndarray, counts: np.ndarray, base: int) -> tuple[np.ndarray, ...]:
    """N-grams in order with their counts, and their contexts: where each begins, and its sums."""
    contexts = grams // base
    starts = _starts(contexts)
    contexts = contexts[starts]
    totals = np.add.reduceat(counts, starts) if len(grams) else counts
    kinds = np.diff(np.append(starts, len(grams)))
    return grams, counts, contexts, starts, totals, kinds


def _starts(values: np.ndarray) -> np.ndarray:
    """Where each different one of sorted values begins."""
    return np.flatnonzero(np.append(True, values[1:] != values[:-1])[: len(values)])


def _windows(codes: np.ndarray, length: int, base: int, short: bool = False) -> np.ndarray:
    """Every run of `length` consecutive codes as one integer, whose digits are one more.

    With `short` also those that the end cuts short, filled up with zeros.
    """
    count = len(codes) if short else max(len(codes) - length + 1, 0)
    grams = np.zeros(count, np.int64)
    for i in range(length):
        grams *= base
        there = grams[: max(len(codes) - i, 0)]
        there += codes[i : i + len(there)]
        there += 1
    return grams


def _find(table: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each value stands in a sorted table, and whether it does."""
    place = np.minimum(np.searchsorted(table, values), len(table) - 1)
    return place, table[place] == values
