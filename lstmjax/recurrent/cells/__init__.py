"""Cells of the LSTM layer, one a file: their weights and the equations of one step."""

from lstmjax.recurrent.cells.base import Cell
from lstmjax.recurrent.cells.greff import Greff
from lstmjax.recurrent.cells.layer_norm import LayerNorm
from lstmjax.recurrent.cells.original import Original
from lstmjax.recurrent.cells.standard import Standard

__all__ = ["Cell", "Greff", "LayerNorm", "Original", "Standard"]
