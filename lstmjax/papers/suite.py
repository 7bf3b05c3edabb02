"""The published experiments that are run, each a config with settings, and what was published."""

import dataclasses

ORIGINAL = ("model.cell=Original", "optimizer=SGD", "batch_size=1")  # one sequence an update


@dataclasses.dataclass(frozen=True)
class Entry:
    """One experiment."""

    name: str  # of the run, and of its directory
    config: str  # name of the file in configs/papers, without .py
    settings: tuple[str, ...] = ()  # changes to the config, as --set takes them
    metric: str = "sequence_accuracy"  # the headline
    solved: float = 1.0  # a seed is done at the first validation that is as good
    lower_is_better: bool = False
    seeds: int = 10
    published: str = ""
    short: bool = True  # whether `make papers` runs it


def by_cell(name: str, config: str, settings: tuple[str, ...], **rest: object) -> tuple[Entry, ...]:
    """The standard cell and Greff's variants on one problem, everything else alike."""
    variants = (
        "peepholes",
        "no_input_gate",
        "no_forget_gate",
        "no_output_gate",
        "no_input_activation",
        "no_output_activation",
        "coupled_gates",
        "full_gate_recurrence",
    )
    standard = Entry(f"{name}_standard", config, settings, **rest)
    cells = (("model.cell=Greff", f"model.cell.variant={variant}") for variant in variants)
    others = (
        Entry(f"{name}_{variant}", config, (*settings, *cell), **rest)
        for variant, cell in zip(variants, cells, strict=True)
    )
    return standard, *others


SELDOM = ("log_every=1000", "evaluate_every=1000")
TWO = ("task=TwoSequences", "model.every_step=false", "task.valid_examples=256")
TWO_PUBLISHED = "27,380 sequences"  # none of 256 wrong (ST1), T = 100, N = 3
COUNTING = ("task=Counting", "model.features=8", "steps=3000", "evaluate_every=250")
LINEAR = ("model.cell=Greff", "model.cell.variant=no_output_activation")
ANNEALED = ("optimizer.schedule=cosine", "optimizer.learning_rate=0.005")
STREAM = (
    "task.continual=true",
    "task.length=100",
    "task.test_length=1000",
    "task.valid_examples=200",
    "task.test_examples=200",
    "steps=1000",
    "batch_size=8",
    "evaluate_every=100",
)
LANGUAGES = {
    "language_parity": "parity",
    "language_even_pairs": "even pairs",
    "language_cycle_navigation": "cycle navigation",
    "language_bucket_sort": "bucket sort",
    "language_reverse_string": "reverse string",
}
# Delétang et al. (2023), an LSTM's best of several runs, per cent; remembered, not read
PUBLISHED_LANGUAGES = ("100", "100", "100", "99.3", "60.9")

SUITE = (
    Entry(
        "adding_600",
        "adding",
        metric="accuracy",
        published="mse .164 (Bai et al. 2018)",
    ),
    Entry(
        "adding_1000",
        "adding",
        ("task.length=1000", "model.memory_steps=1000"),
        metric="accuracy",
        published="853,000 sequences",
    ),
    Entry(
        "adding_long_600",
        "adding",
        ("steps=6000", *ANNEALED),
        metric="accuracy",
        published="mse .164 (Bai et al. 2018)",
        short=False,
    ),
    Entry(
        "adding_long_1000",
        "adding",
        ("task.length=1000", "model.memory_steps=1000", "steps=4000", *ANNEALED),
        metric="accuracy",
        published="853,000 sequences",
        short=False,
    ),
    Entry("reber", "grammars", published="8,440 sequences"),
    Entry(
        "reber_1997",
        "grammars",
        (
            *ORIGINAL,
            "model.features=6",
            "model.cell.block=2",
            "model.cell.bound=0.2",
            "model.cell.output_biases=-1,-2,-3",
            "optimizer.learning_rate=0.5",
            "steps=20000",
            *SELDOM,
        ),
        published="8,440 sequences",
    ),
    Entry("order", "suite_1997", published="31,390 sequences"),
    Entry(
        "order_1997",
        "suite_1997",
        (
            *ORIGINAL,
            "model.features=4",
            "model.cell.block=2",
            "model.cell.input_biases=-2,-4",
            "optimizer.learning_rate=0.5",
            "steps=30000",
            *SELDOM,
        ),
        published="31,390 sequences",
    ),
    Entry(
        "order_3",
        "suite_1997",
        ("task.events=3", "steps=800"),
        published="571,100 sequences",
        short=False,
    ),
    Entry(
        "lag_50",
        "suite_1997",
        ("task=LongLag", "model.memory_steps=50", "steps=300"),
        published="30,000 sequences",
    ),
    Entry(
        "lag_50_1997",
        "suite_1997",
        (
            *ORIGINAL,
            "task=LongLag",
            "model.features=2",
            "model.cell.bound=0.2",
            "optimizer.learning_rate=0.1",
            "steps=30000",
            *SELDOM,
        ),
        published="30,000 sequences",
    ),
    Entry("two_100", "suite_1997", (*TWO, "steps=300"), "accuracy", published=TWO_PUBLISHED),
    Entry(
        "two_100_1997",
        "suite_1997",
        (
            *ORIGINAL,
            *TWO,
            "model.features=3",
            "model.cell.input_biases=-1,-3,-5",
            "model.cell.output_biases=-2,-4,-6",
            "optimizer.learning_rate=1.0",
            "steps=40000",
            *SELDOM,
        ),
        "accuracy",
        published=TWO_PUBLISHED,
    ),
    Entry(
        "lag_500",
        "suite_1997",
        (
            "task=LongLag",
            "task.length=500",
            "task.symbols=500",
            "model.memory_steps=500",
            "steps=300",
        ),
        published="30,000 to 49,000 sequences",  # for lags of 50 to 1,000
        short=False,
    ),
    Entry(
        "two_noisy_values",  # 3b
        "suite_1997",
        (*TWO, "task.noise=values", "steps=600"),
        "accuracy",
        short=False,
    ),
    Entry(
        "two_noisy_targets",  # 3c
        "suite_1997",
        (*TWO, "task.noise=targets", "steps=600"),
        "accuracy",
        published="269,650 sequences",
        short=False,
    ),
    Entry(
        "multiplication",
        "adding",
        ("task.answer=product", "task.length=100", "model.memory_steps=100"),
        "accuracy",
        published="482,000 sequences, mse .0223",
        short=False,
    ),
    Entry(
        "copying_200",
        "copying",
        metric="accuracy",
        seeds=5,
        published="chance (Bai et al. 2018)",
        short=False,
    ),
    Entry("counting_2", "grammars", COUNTING),
    Entry("counting_3", "grammars", (*COUNTING, "task.counted=3")),
    # peepholes, and the memory is shown as it is
    Entry("counting_2_linear", "grammars", (*COUNTING, *LINEAR)),
    *(
        Entry(
            name,
            "languages",
            (f"task.language={name.removeprefix('language_')}",),
            metric="accuracy",
            seeds=3,
            published=published,
        )
        for name, published in zip(LANGUAGES, PUBLISHED_LANGUAGES, strict=True)
    ),
    *by_cell("stream", "grammars", STREAM, metric="outer_accuracy", solved=0.99),
)
