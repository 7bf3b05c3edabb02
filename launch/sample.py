"""Writes text, or with --output music, from the best checkpoint of a run.

python -m launch.sample --workdir=DIR [--prompt=TEXT] [--length=N] [--temperature=T] [--top_k=K]
    [--top_p=P] [--num_samples=N] [--seed=S] [--config=FILE]
python -m launch.sample --workdir=DIR --output=FILE.mid [--length=N] [--temperature=T] [--seed=S]
"""

import pathlib

from absl import flags

from lstmjax import command_line
from lstmjax.errors import UserError
from lstmjax.experiment import load_config
from lstmjax.inference import generation, music
from lstmjax.settings import LARGEST

WORKDIR = flags.DEFINE_string("workdir", None, "Directory of the run.", required=True)
CONFIG = flags.DEFINE_string("config", None, "The Python file that defines an own model or task.")
PROMPT = flags.DEFINE_string("prompt", "\n", "The text to continue.")
OUTPUT = flags.DEFINE_string("output", None, "Of a run on music: a MIDI file, or .png.")
LENGTH = flags.DEFINE_integer("length", 500, "Symbols to write.", 1, LARGEST)
TEMPERATURE = flags.DEFINE_float("temperature", 1.0, "0 takes the likeliest symbol.", lower_bound=0)
TOP_K = flags.DEFINE_integer("top_k", None, "Draw among the k likeliest.", lower_bound=1)
TOP_P = flags.DEFINE_float("top_p", None, "Draw in the likeliest share p.", 0, 1)
NUM_SAMPLES = flags.DEFINE_integer("num_samples", 1, "How many texts.", 1, LARGEST)
SEED = flags.DEFINE_integer("seed", 0, "Of the draws.", 0, LARGEST)


def main() -> None:
    """Writes the texts to standard output, one as it is drawn, several one after the other."""
    if CONFIG.value is not None:
        load_config(CONFIG.value)  # its classes are found from now on
    if OUTPUT.value is not None:
        for flag in (PROMPT, TOP_K, TOP_P, NUM_SAMPLES):
            if flag.present:
                raise UserError(f"--{flag.name} is for texts; leave it out beside --output")
        workdir, output = pathlib.Path(WORKDIR.value), pathlib.Path(OUTPUT.value)
        music.write_music(workdir, output, LENGTH.value, SEED.value, TEMPERATURE.value)
        return
    how = generation.Sampling(TEMPERATURE.value, TOP_K.value, TOP_P.value)
    generation.write_samples(
        pathlib.Path(WORKDIR.value), PROMPT.value, LENGTH.value, NUM_SAMPLES.value, SEED.value, how
    )


if __name__ == "__main__":
    command_line.start(main)
