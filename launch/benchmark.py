"""Times layers, lessons, training on text, sampling, and how cost grows; peers beside them.

python -m launch.benchmark [--json=FILE] [--peers] [--peer_python=PYTHON]
    [--only=PART]... [--rounds=N] [--configs=DIR]
python -m launch.benchmark --only=device [--text=FILE] [--json=FILE]   # for a machine with a GPU
"""

import os
import pathlib
import sys

from absl import flags

from lstmjax import command_line, figures
from lstmjax.benchmark.suite import DEVICE, PARTS, Suite, benchmark
from lstmjax.errors import UserError
from lstmjax.files import check_writable, shipped

JSON = flags.DEFINE_string("json", None, "File for the figures; a picture goes beside it.")
PEERS = flags.DEFINE_bool("peers", False, "Run PyTorch, Keras and Flax on the same work, too.")
PEER_PYTHON = flags.DEFINE_string("peer_python", sys.executable, "The Python that has the peers.")
ONLY = flags.DEFINE_multi_enum("only", list(PARTS), (*PARTS, DEVICE), "A part. Repeatable.")
TEXT = flags.DEFINE_string("text", None, "Text that part device trains on; none: Python's library.")
ROUNDS = flags.DEFINE_integer("rounds", 1, "Times that each is run, in turn.", lower_bound=1)
CONFIGS = flags.DEFINE_string("configs", str(shipped("configs")), "Directory of the configs.")


def main() -> None:
    """Prints a table a part."""
    file = None if JSON.value is None else pathlib.Path(JSON.value)
    if file is not None:
        check_writable(file, "--json")
        if file.suffix == ".png":
            raise UserError(f"--json {file}: a picture goes there; name it .json")
    python = PEER_PYTHON.value if PEERS.value else None
    text = None if TEXT.value is None else pathlib.Path(TEXT.value)
    if text is not None and not text.exists():
        raise UserError(f"--text {text}: no such file")
    # of a GPU's memory this process would keep three quarters from those that it starts
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    suite = Suite(pathlib.Path(CONFIGS.value), python, ROUNDS.value, text)
    results = benchmark(suite, ONLY.value, file)
    if file is not None and "layers" in results:
        figures.benchmark(results["layers"], file.with_suffix(".png"))


if __name__ == "__main__":
    command_line.start(main)
