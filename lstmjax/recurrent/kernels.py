"""The kernels that compute the standard cell, and which of them runs."""

import functools
import sys
from typing import Literal

from lstmjax.errors import UserError
from lstmjax.recurrent import cudnn
from lstmjax.recurrent.cells import Cell, Standard
from lstmjax.recurrent.cudnn import cudnn_lstm
from lstmjax.recurrent.fused import fused_lstm
from lstmjax.recurrent.regularization import Regularization
from lstmjax.recurrent.scan import scan_lstm

KERNELS = {"scan": scan_lstm, "fused": fused_lstm, "cudnn": cudnn_lstm}
Kernel = Literal["auto", "scan", "fused", "cudnn"]


def choose_kernel(kernel: str, by_steps: str = "") -> str:
    """The name of the kernel that runs: `auto` is the fastest that computes what was asked for.

    Args:
      kernel: as asked for.
      by_steps: what only kernel scan computes, in words; see the function `by_steps`.

    Raises:
      UserError: another kernel than scan was asked for, and there is such a thing.
    """
    if by_steps and kernel in ("fused", "cudnn"):
        raise UserError(f"kernel {kernel} cannot compute {by_steps}: set kernel to auto or scan")
    return ("scan" if by_steps else "fused") if kernel == "auto" else kernel


def by_steps(
    cell: Cell, regularization: Regularization, trainable_carry: bool = False, train: bool = True
) -> str:
    """What of a layer's settings only kernel scan computes, in words; empty if nothing."""
    reasons = {
        f"the cell {type(cell).__name__}": type(cell) is not Standard,
        "recurrent dropout or zoneout": regularization.in_steps(train),
        "a trainable carry after resets": trainable_carry,
    }
    return " and ".join(reason for reason, holds in reasons.items() if holds)


def settle(asked: str, kernel: str, features: int, unfit: str = "") -> str:
    """The kernel that runs in the end, on this machine and for this call.

    Kernel fused takes the place of cudnn where that cannot run; once, it is told why. Where cudnn
    was measured to be faster, `auto` takes it.

    Args:
      asked: the setting.
      kernel: what `choose_kernel` makes of it.
      features: hidden units.
      unfit: what of the call cudnn cannot compute, in words.
    """
    if asked == "auto" and kernel == "fused" and cudnn.is_faster(features):
        return kernel if unfit or cudnn.lacking() else "cudnn"
    if kernel != "cudnn":
        return kernel
    lacking = cudnn.lacking()
    reason = f"needs {lacking}" if lacking else unfit and f"cannot compute {unfit}"
    if reason:
        _tell(f"kernel cudnn {reason}: kernel fused runs instead")
    return "fused" if reason else kernel


@functools.cache
def _tell(line: str) -> None:
    print(line, file=sys.stderr)
