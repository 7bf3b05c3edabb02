"""The tasks: where examples come from, how they are scored and shown. A folder a family."""
