"""Runs every notebook from top to bottom, and writes its outputs into it.

python notebooks/run.py [NAME...]

A cell that fails ends it with status 1. Needs the extra `notebooks`.
"""

import pathlib
import sys
import tempfile
import time

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

HERE = pathlib.Path(__file__).parent
LONGEST = 15  # cells of a notebook


def joined(outputs: list) -> list:
    """Outputs with the lines of a stream in one piece."""
    whole = []
    for output in outputs:
        stream = output.get("name")
        if whole and stream and whole[-1].get("name") == stream:
            whole[-1].text += output.text
        else:
            whole.append(output)
    return whole


def main(names: list[str]) -> int:
    """Runs the named notebooks, or all; returns the exit status."""
    files = [HERE / f"{name}.ipynb" for name in names] or sorted(HERE.glob("*.ipynb"))
    began = time.perf_counter()
    for file in files:
        start = time.perf_counter()
        notebook = nbformat.read(file, as_version=4)
        if len(notebook.cells) > LONGEST:
            print(f"{file.name} has {len(notebook.cells)} cells, {LONGEST} at most are read")
            return 1
        with tempfile.TemporaryDirectory() as directory:
            resources = {"metadata": {"path": directory}}
            try:
                NotebookClient(notebook, timeout=240, resources=resources).execute()
            except CellExecutionError as error:
                print(f"{file.name}: {error}")
                return 1
        for cell in notebook.cells:
            cell.metadata.pop("execution", None)  # the times of each run
            cell.update({"outputs": joined(cell.outputs)} if cell.cell_type == "code" else {})
        nbformat.write(notebook, file)
        print(f"{file.name}: {time.perf_counter() - start:.0f} s")
    print(f"all: {time.perf_counter() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
