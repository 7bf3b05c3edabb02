"""Runs a page's scripts in node."""

import json
import shutil
import subprocess

import pytest

from lstmjax.exchange import html

needed = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")


def call(program, value, scripts=()):
    """What a JavaScript expression in `value` gives, with a page's scripts loaded, as JSON."""
    names = ["lstm", "models", "page", *scripts]
    code = "\n".join((html.FOLDER / f"{name}.js").read_text() for name in names)
    code += f"""
    const value = JSON.parse(require("fs").readFileSync(0, "utf8"));
    const plain = (name, part) => ArrayBuffer.isView(part) ? Array.from(part) : part;
    process.stdout.write(JSON.stringify({program}, plain));
    """
    done = subprocess.run(
        ["node", "-e", code], input=json.dumps(value), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
