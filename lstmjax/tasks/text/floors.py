"""What needs no training to tell the next symbol: a packer, and the units of all of them."""

import lzma

import numpy as np


def xz_size(text: bytes) -> int:
    """Bytes after LZMA with a window over all of the text (the format behind xz)."""
    window = min(max(len(text), 2**16), 2**28)
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 6, "dict_size": window}]
    return len(lzma.compress(text, lzma.FORMAT_RAW, filters=filters))


def in_all_units(nats: float) -> dict[str, float]:
    """A mean negative log likelihood under the names of the metrics."""
    return {"nats": float(nats), "bits": float(nats / np.log(2)), "perplexity": float(np.exp(nats))}
