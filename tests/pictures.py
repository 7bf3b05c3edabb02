"""Small PNG files with sentences, as people have them."""

import pathlib

import numpy as np
from PIL import Image

COLOURS = {"red": (250, 20, 20), "green": (20, 200, 40), "blue": (30, 60, 250)}


def picture(colour: str, seed: int, size: tuple[int, int] = (20, 22)) -> np.ndarray:
    """Height x width pixels of about one colour."""
    noise = np.random.default_rng(seed).integers(-15, 5, (*size, 3))
    return np.clip(np.array(COLOURS[colour]) + noise, 0, 255).astype(np.uint8)


def write_captions(directory: pathlib.Path, size: int = 24) -> pathlib.Path:
    """A folder of PNG files and its captions.tsv: each picture is called its colour in two ways."""
    directory.mkdir(exist_ok=True)
    lines = []
    for i in range(size):
        colour = list(COLOURS)[i % 3]
        Image.fromarray(picture(colour, i)).save(directory / f"{i:02}.png")
        lines += [f"{i:02}.png\tall is {colour}", f"{i:02}.png\tit is {colour} everywhere"]
    file = directory / "captions.tsv"
    file.write_text("\n".join(lines) + "\n")
    return file
