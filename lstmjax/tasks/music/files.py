"""Files of pieces: JSON in, MIDI out."""

import json
import pathlib
import struct

import numpy as np

from lstmjax.errors import UserError
from lstmjax.files import read_bytes, write_bytes
from lstmjax.tasks.base import SPLITS

LOWEST, KEYS = 21, 88  # of a piano, from A0; as MIDI numbers notes
TICKS = 480  # of a quarter note
VELOCITY = 80


def read_pieces(path: str) -> dict[str, list[np.ndarray]]:
    """The pieces of each split, each bool (frames, KEYS).

    The file is `{"train": [piece, ...], "valid": ..., "test": ...}`, a piece a list of frames, a
    frame a list of MIDI numbers: the form in which Boulanger-Lewandowski et al. (2012) are shared.

    Raises:
      UserError: the file is missing or malformed, with the piece and the frame.
    """
    where = f"task.path {path}"
    try:
        splits = json.loads(read_bytes(path, "task.path"))
    except ValueError as error:
        raise UserError(f"{where}: no JSON ({error})") from error
    if not isinstance(splits, dict) or any(not splits.get(split) for split in SPLITS):
        raise UserError(f'{where}: write {{"train": [...], "valid": [...], "test": [...]}}')
    return {
        split: [
            _roll(piece, f"{where}: {split}, piece {i}") for i, piece in enumerate(splits[split], 1)
        ]
        for split in SPLITS
    }


def _roll(piece: object, where: str) -> np.ndarray:
    if not isinstance(piece, list) or len(piece) < 2:
        raise UserError(f"{where}: write a list of at least two frames")
    roll = np.zeros((len(piece), KEYS), bool)
    for i, frame in enumerate(piece):
        for note in frame if isinstance(frame, list) else [frame]:
            if type(note) is not int or not LOWEST <= note < LOWEST + KEYS:
                raise UserError(
                    f"{where}, frame {i + 1}: {note!r} is no key of a piano, "
                    f"{LOWEST} to {LOWEST + KEYS - 1}"
                )
            roll[i, note - LOWEST] = True
    return roll


def write_midi(path: pathlib.Path, roll: np.ndarray, beats: int = 90) -> None:
    """Writes a roll, bool (frames, KEYS), as a MIDI file that any player reads.

    A note that goes on in the next frame is held: a roll does not tell it from one struck again.

    Args:
      path: of the file.
      roll: a frame a quarter note.
      beats: quarter notes a minute.
    """
    struck = np.diff(np.pad(roll.astype(np.int8), ((1, 1), (0, 0))), axis=0)
    events, last = [b"\x00\xff\x51\x03" + (60_000_000 // beats).to_bytes(3)], 0
    for frame, keys in enumerate(struck):
        # a key is let go before the next is struck
        for key in sorted(np.flatnonzero(keys), key=lambda key: keys[key]):
            status, velocity = (0x90, VELOCITY) if keys[key] > 0 else (0x80, 0)
            note = bytes([status, LOWEST + int(key), velocity])
            events.append(_variable_length((frame - last) * TICKS) + note)
            last = frame
    track = b"".join(events) + b"\x00\xff\x2f\x00"
    header = struct.pack(">4sIHHH", b"MThd", 6, 0, 1, TICKS)
    write_bytes(path, header + struct.pack(">4sI", b"MTrk", len(track)) + track)


def _variable_length(number: int) -> bytes:
    """Seven bits a byte, the highest first; all but the last have the eighth bit set."""
    parts = [number & 0x7F]
    while number := number >> 7:
        parts.append(number & 0x7F | 0x80)
    return bytes(reversed(parts))
