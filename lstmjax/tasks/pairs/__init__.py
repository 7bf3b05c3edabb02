"""Pairs: a source in, one of its targets out, from files that people have."""

from lstmjax.tasks.pairs.pairs import Pairs as Pairs
from lstmjax.tasks.pairs.sigmorphon import Sigmorphon as Sigmorphon
