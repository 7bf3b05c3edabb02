"""Where modules have moved to, so that runs written before still load."""

MOVED = {  # old module: new one; a family is found under its own name, as it was
    "lstmjax.tasks.labelled": "lstmjax.tasks.sequences.labelled",
    "lstmjax.tasks.words": "lstmjax.tasks.text.words",
} | {
    f"lstmjax.tasks.{name}": f"lstmjax.tasks.generated.{name}"
    for name in (
        "addition",
        "cumulative_sum",
        "damped_sine",
        "echo",
        "listops",
        "moving_square",
        "rectangles",
    )
}


def module_now(name: str) -> str:
    """The present name of a module that a run was written with."""
    return MOVED.get(name, name)
