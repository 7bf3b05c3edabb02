import tempfile

import jax
from hypothesis import settings

# The same examples on every run: a failure in CI is one that everybody sees.
settings.register_profile("reproducible", deadline=None, derandomize=True)
settings.load_profile("reproducible")

# Many tests run the same small programs: compile each once.
_cache = tempfile.TemporaryDirectory(prefix="lstmjax-tests-")
jax.config.update("jax_compilation_cache_dir", _cache.name)
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)
