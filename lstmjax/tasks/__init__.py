"""The tasks, one a module: where examples come from, how they are scored and shown."""
