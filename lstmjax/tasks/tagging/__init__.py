"""Tagged sentences: a tag for every word, from files in columns."""

from lstmjax.tasks.tagging.tagging import Tagging as Tagging
