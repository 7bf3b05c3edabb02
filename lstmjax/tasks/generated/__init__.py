"""Tasks that draw their examples: nothing is downloaded, and every answer can be checked."""
