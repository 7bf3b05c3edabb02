"""Panels: many series in one long table, forecast by one model."""

from lstmjax.tasks.panels.panels import Panels as Panels
