import gc
import os
import pathlib
import sys

import jaxlib.version
from hypothesis import settings

# The same examples on every run: a failure in CI is one that everybody sees.
settings.register_profile("reproducible", deadline=None, derandomize=True)
settings.load_profile("reproducible")

# What has been traced stays, millions of objects: to look through them again and again is a tenth
# of the time.
gc.set_threshold(10_000, 10, 10)

# Commands are Pythons of their own: without byte code each would compile JAX's source anew, 5 s.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# A test is over before a loss of power could matter.
os.fsync = lambda descriptor: None

# Most programs run for milliseconds: to compile them well takes longer than it saves.
FAST_COMPILATION = "--xla_backend_optimization_level=0"
if jaxlib.version.__version_info__ < (0, 11):  # jaxlib 0.12 knows these flags no longer, and aborts
    FAST_COMPILATION += " --xla_cpu_use_fusion_emitters=false"
    FAST_COMPILATION += " --xla_cpu_parallel_codegen_split_count=1"

# Many tests, workers and commands run the same small programs: compile each once, and keep them
# for the next time.
if "PYTEST_XDIST_WORKER" not in os.environ:
    _cache = pathlib.Path(__file__).parent.parent / ".cache" / "programs"
    os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(_cache))
    os.environ |= {
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "0",
    }
    os.environ.setdefault("XLA_FLAGS", FAST_COMPILATION)


def pytest_collection_modifyitems(items):
    """Whole commands first: they are the longest, and at the end one worker would wait for them."""
    items.sort(key=lambda item: item.path.parent != pathlib.Path(__file__).parent)
