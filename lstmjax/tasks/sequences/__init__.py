"""Labelled sequences: a class for each, from files that people have."""

from lstmjax.tasks.sequences.labelled import Labelled as Labelled
