"""The recurrent layer: one function of one parameter tree, computed by several kernels."""

from lstmjax.recurrent.lstm import KERNELS, LSTM, Carry, by_steps, choose_kernel, zero_padding

__all__ = ["KERNELS", "LSTM", "Carry", "by_steps", "choose_kernel", "zero_padding"]
