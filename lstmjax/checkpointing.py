"""Checkpoints on disk. The only file that imports orbax."""

import dataclasses
import pathlib
from typing import Any

import jax
import orbax.checkpoint as ocp
from orbax.checkpoint.checkpoint_managers import preservation_policy

from lstmjax.errors import UserError
from lstmjax.experiment import Experiment


class Checkpoints:
    """The checkpoints of a run: checkpoint N holds the state after N updates.

    Its items: `params` alone, the rest of the `state`, and the `experiment` as JSON. The newest two
    are kept, and the one with the lowest validation loss. A save appears by an atomic rename: it is
    whole or absent.
    """

    def __init__(self, directory: pathlib.Path, read_only: bool = False):
        """Opens a directory; unless `read_only` it is made, and cleared of saves cut short."""
        self.directory = directory
        self._manager = ocp.CheckpointManager(
            directory.resolve(),
            options=ocp.CheckpointManagerOptions(
                preservation_policy=preservation_policy.AnyPreservationPolicy(
                    [
                        preservation_policy.LatestN(2),
                        preservation_policy.BestN(get_metric_fn=_valid_loss, reverse=True, n=1),
                    ]
                ),
                best_fn=_valid_loss,
                best_mode="min",
                enable_async_checkpointing=False,
                # what looks cut short to a reader may be a save that a run is busy with
                cleanup_tmp_directories=not read_only,
                create=not read_only,
                read_only=read_only,
            ),
        )

    def __enter__(self) -> "Checkpoints":
        return self

    def __exit__(self, *_: Any) -> None:
        self._manager.close()

    @property
    def latest_step(self) -> int | None:
        """The newest checkpoint, or None."""
        return self._manager.latest_step()

    @property
    def best_step(self) -> int | None:
        """The checkpoint with the lowest validation loss, or None."""
        return self._manager.best_step()

    def seconds(self, step: int) -> dict[str, float]:
        """The seconds that had been spent at a checkpoint, by part of the run."""
        return self._manager.metrics(step)["seconds"]

    def save(
        self, state: Any, experiment: Experiment, valid_loss: float, seconds: dict[str, float]
    ) -> None:
        """Saves a state (a dataclass with `step` and `params`); returns when it is on disk.

        Raises:
          UserError: the disk is full or cannot be written.
        """
        rest = _all_but_params(state)
        step = int(jax.device_get(state.step).max())
        try:
            self._manager.save(
                step,
                args=ocp.args.Composite(
                    params=ocp.args.StandardSave(state.params),
                    state=ocp.args.StandardSave(rest),
                    experiment=ocp.args.JsonSave(experiment.to_json()),
                ),
                metrics={"valid_loss": valid_loss, "seconds": seconds},
                force=True,
            )
        except (OSError, ValueError) as error:  # tensorstore's ValueError: a full disk, too
            reason = getattr(error, "strerror", None) or str(error)[:200]
            raise UserError(
                f"{self.directory}: checkpoint {step} could not be saved "
                f"({reason}); earlier ones are intact: "
                "make room and run the same command again"
            ) from error

    def restore(self, abstract: Any, step: int) -> Any:
        """The state at a checkpoint, in the structure and on the devices of `abstract`."""
        rest = _all_but_params(abstract)
        items = self._restore(
            step,
            params=ocp.args.StandardRestore(abstract.params),
            state=ocp.args.StandardRestore(rest),
        )
        return dataclasses.replace(abstract, params=items.params, **items.state)

    def restore_params(self, abstract: Any, step: int) -> Any:
        """The parameters at a checkpoint alone."""
        return self._restore(step, params=ocp.args.StandardRestore(abstract)).params

    def experiment(self, step: int) -> Experiment:
        """The experiment that a checkpoint belongs to."""
        value = self._restore(step, experiment=ocp.args.JsonRestore()).experiment
        return Experiment.from_json(value, f"{self.directory}/{step}")

    def _restore(self, step: int, **items: Any) -> Any:
        try:
            return self._manager.restore(step, args=ocp.args.Composite(**items))
        except Exception as error:  # orbax raises of every kind where a file is damaged
            raise UserError(
                f"{self.directory}/{step}: cannot be restored "
                f"({type(error).__name__}: {str(error)[:200]}); "
                "remove this checkpoint to go on from the one before"
            ) from error


def _all_but_params(state: Any) -> dict[str, Any]:
    names = (field.name for field in dataclasses.fields(state))
    return {name: getattr(state, name) for name in names if name != "params"}


def _valid_loss(metrics: dict[str, float]) -> float:
    return metrics["valid_loss"]


def restore_best(workdir: pathlib.Path) -> tuple[Experiment, Any, int]:
    """The experiment of a training directory, its best parameters, and their step.

    Raises:
      UserError: it is no training directory, or holds no checkpoint yet.
    """
    directory = workdir / "checkpoints"
    if not directory.is_dir():
        raise UserError(f"--workdir {workdir}: no checkpoints here; train with launch.train first")
    with Checkpoints(directory, read_only=True) as checkpoints:
        step = checkpoints.best_step
        if step is None:
            raise UserError(
                f"--workdir {workdir}: no checkpoint was finished; run launch.train again"
            )
        experiment = checkpoints.experiment(step)
        return experiment, checkpoints.restore_params(None, step), step
