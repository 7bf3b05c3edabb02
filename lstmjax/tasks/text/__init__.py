"""Texts: predict the next byte, character or word of a file or a directory."""

from lstmjax.tasks.text.text import Text as Text
from lstmjax.tasks.text.words import Words as Words
