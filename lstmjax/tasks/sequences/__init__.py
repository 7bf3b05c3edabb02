"""Whole sequences, from files or arrays: a class for each, or numbers."""

from lstmjax.tasks.sequences.labelled import Labelled as Labelled
from lstmjax.tasks.sequences.regression import Regression as Regression
