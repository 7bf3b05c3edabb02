"""Exported programs: a model that JAX alone runs, on a CPU, a GPU or a TPU.

The file is a zip of programs of `jax.export`, with the parameters inside, and of `about.json`. The
sizes of batch and time are open.

- `whole(inputs, lengths) -> (outputs, carry)`.
- `step(inputs, carry) -> (outputs, carry)`, one time step, of models that read forward.
- An encoder-decoder has `whole(source, lengths, steps)`, where `steps` is integers of the shape
  (batch, symbols to write), whatever they are. An EncoderDecoder also has
  `start(source, lengths) -> state` and `step(symbols, state) -> (outputs, state)`.
"""

import contextlib
import functools
import io
import json
import pathlib
import zipfile
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
from jax import export

from lstmjax.errors import UserError
from lstmjax.exchange import Source, needed
from lstmjax.exchange.about import about, inputs
from lstmjax.files import write_bytes
from lstmjax.models.encoder_decoder import EncoderDecoder, Memory

SUFFIXES = (".stablehlo",)
PLATFORMS = ("cpu", "cuda", "tpu")
# So that a program does not name the folders of the machine that it was made on.
PRIVATE = {
    "jax_include_full_tracebacks_in_locations": False,
    "jax_hlo_source_file_canonicalization_regex": ".*/",
}


def write(source: Source, path: pathlib.Path) -> None:
    """Writes a model's programs, and what its task does to raw examples.

    Raises:
      UserError: the package flatbuffers is missing, the model is tied to one size of batch or time,
        or the file cannot be written.
    """
    needed("flatbuffers", "programs")
    told = about(source) | {"jax": jax.__version__}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as out:
        try:
            with _configured(PRIVATE):
                for name, (function, *arguments) in _programs(source).items():
                    exported = export.export(jax.jit(function), platforms=PLATFORMS)(*arguments)
                    out.writestr(name, bytes(exported.serialize()))
        except jax.errors.InconclusiveDimensionOperation as error:
            kind = type(source.experiment.model).__name__
            raise UserError(
                f"{path}: {kind} works for one size of batch or time only: "
                f"{str(error).splitlines()[0]}"
            ) from error
        out.writestr("about.json", json.dumps(told, indent=2))
    write_bytes(path, file.getvalue())


@contextlib.contextmanager
def _configured(settings: dict[str, Any]) -> Iterator[None]:
    """Within it, JAX has these settings."""
    before = {name: getattr(jax.config, name) for name in settings}
    for name, value in settings.items():
        jax.config.update(name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            jax.config.update(name, value)


def _programs(source: Source) -> dict[str, tuple[Any, ...]]:
    """Each program by its name: a function, and descriptions of its arguments."""
    model, scope = source.experiment.model, export.SymbolicScope()
    call = functools.partial(model.apply, {"params": source.params})

    def described(kind: Any, *shape: int | str) -> jax.ShapeDtypeStruct:
        sizes = export.symbolic_shape(",".join(map(str, shape)), scope=scope)
        return jax.ShapeDtypeStruct(sizes, kind)

    known = list(inputs(source.experiment.task).values())
    read = tuple(described(kind, *shape) for kind, shape in known)
    read = read if len(read) > 1 else read[0]
    kind, shape = known[0]
    time = shape.index("time")  # the axis
    rows = shape[:time]
    lengths, symbols = (described(jnp.int32, *rows) for _ in range(2))

    def whole(inputs: Any, lengths: Any) -> Any:
        return call(inputs, lengths=lengths)

    def step(inputs: Any, carry: Any) -> Any:
        outputs, carry = call(jnp.expand_dims(inputs, time), carry=carry)

        def at_the_step(of: Any) -> Any:  # with an axis of time, or (*batch, outputs)
            return jnp.squeeze(of, time) if of.ndim == time + 2 else of

        return jax.tree.map(at_the_step, outputs), carry

    def write_all(source: Any, lengths: Any, steps: Any) -> Any:
        return call((source, steps), lengths=lengths)

    def start(source: Any, lengths: Any) -> Any:
        carry, memory = call(source, lengths, method="start")
        return carry, memory and tuple(memory)  # JAX alone knows tuples

    def write_one(symbols: Any, state: Any) -> Any:
        carry, memory = state
        outputs, (carry, _) = call(symbols, (carry, memory and Memory(*memory)), method="step")
        return outputs, (carry, memory)

    if model.paired:
        programs = {"whole": (write_all, read, lengths, described(jnp.int32, *rows, "steps"))}
        if isinstance(model, EncoderDecoder):
            state = jax.eval_shape(start, read, lengths)
            programs |= {"start": (start, read, lengths), "step": (write_one, symbols, state)}
        return programs
    programs = {"whole": (whole, read, lengths)}
    if model.causal:
        _, carry = jax.eval_shape(whole, read, lengths)
        programs["step"] = (step, described(kind, *rows, *shape[time + 1 :]), carry)
    return programs
