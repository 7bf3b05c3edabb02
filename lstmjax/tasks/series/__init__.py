"""Series: from the last values of a CSV file's columns, the next ones."""

from lstmjax.tasks.series.series import Series as Series
