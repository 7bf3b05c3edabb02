"""Writes a trained model for other tools, in the format that the file's name ends in.

python -m launch.export --workdir=DIR --output=FILE [--config=FILE]
"""

import sys

from absl import flags

from lstmjax import command_line
from lstmjax.inference.trained import load

WORKDIR = flags.DEFINE_string("workdir", None, "Directory of the run.", required=True)
CONFIG = flags.DEFINE_string("config", None, "The Python file that defines an own model or task.")
OUTPUT = flags.DEFINE_string("output", None, "The file to write.", required=True)


def main() -> None:
    """Writes the best checkpoint's model."""
    for path in load(WORKDIR.value, config=CONFIG.value).export(OUTPUT.value):
        print(f"{path}: {path.stat().st_size:,} bytes", file=sys.stderr)


if __name__ == "__main__":
    command_line.start(main)
