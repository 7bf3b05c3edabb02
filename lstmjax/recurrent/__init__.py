"""The recurrent layer: one function of one parameter tree, computed by several kernels."""

from lstmjax.recurrent.kernels import KERNELS, by_steps, choose_kernel, settle
from lstmjax.recurrent.lstm import LSTM, Carry, zero_padding

__all__ = ["KERNELS", "LSTM", "Carry", "by_steps", "choose_kernel", "settle", "zero_padding"]
