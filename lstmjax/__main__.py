"""`lstmjax COMMAND ...` and `python -m lstmjax COMMAND ...`: the files of `launch`, by name."""

import ast
import runpy
import sys
from typing import NoReturn

from lstmjax.files import shipped


def main() -> NoReturn:
    """Runs the command that is named first; lists all of them if none is.

    Exits as the command does, or with 2 if there is no such command.
    """
    files = {file.stem: file for file in sorted(shipped("launch").glob("[a-z]*.py"))}
    name, *rest = sys.argv[1:] or ["--help"]
    if name in files:
        sys.argv[1:] = rest
        runpy.run_path(str(files[name]), run_name="__main__")
    elif name in ("--help", "-h"):
        print("lstmjax COMMAND [--flag=value]...; lstmjax COMMAND --help lists the flags\n")
        for name, file in files.items():
            print(f"  {name:10}{ast.get_docstring(ast.parse(file.read_text())).splitlines()[0]}")
        sys.exit(0)
    else:
        print(f"error: {name!r} is no command: there are {', '.join(files)}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
