"""Tasks by which published LSTMs were judged; all are drawn, so nothing is downloaded."""

from lstmjax.tasks.papers.copying import CopyMemory
from lstmjax.tasks.papers.counting import Counting
from lstmjax.tasks.papers.languages import Language
from lstmjax.tasks.papers.long_lag import LongLag
from lstmjax.tasks.papers.reber import Reber
from lstmjax.tasks.papers.temporal_order import TemporalOrder
from lstmjax.tasks.papers.two_sequences import TwoSequences

__all__ = [
    "CopyMemory",
    "Counting",
    "Language",
    "LongLag",
    "Reber",
    "TemporalOrder",
    "TwoSequences",
]
