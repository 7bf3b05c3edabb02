"""Music as piano rolls: the notes of the next frame from all frames before it."""

from lstmjax.tasks.music.piano_roll import PianoRoll

__all__ = ["PianoRoll"]
