"""The commands as a user runs them: exit statuses, one line on stderr, a kill and a resume."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

ROOT = pathlib.Path(__file__).parent.parent
CONFIG = "configs/vanilla_echo.py"
TINY = ["steps=40", "batch_size=2", "log_every=1", "evaluate_every=10", "task.test_examples=50"]
TINY = [part for setting in TINY for part in ("--set", setting)]


def command(name, *arguments):
    return [sys.executable, "-m", f"launch.{name}", *arguments]


def call(name, *arguments):
    environment = os.environ | {"JAX_PLATFORMS": "cpu"}
    return subprocess.run(
        command(name, *arguments), cwd=ROOT, capture_output=True, text=True, env=environment
    )


FAULTS = [
    (["train"], 2, "error: --config and --workdir must be given (--help"),
    (["train", f"--config={CONFIG}"], 2, "error: --workdir must be given (--help"),
    (["train", f"--config={CONFIG}", "--workdir=W", "--sedes=3"], 2, "sedes"),
    (
        ["train", f"--config={CONFIG}", "--workdir=W", "steps=3"],
        2,
        "flag: settings are given as --set",
    ),
    (["train", f"--config={CONFIG}", "--workdir=W", "--task.n=3"], 2, "are given as --set key"),
    (["train", "--config=configs/absent.py", "--workdir=W"], 1, "no such file"),
    (["train", f"--config={CONFIG}", "--workdir=W", "--set", "step=3"], 1, "mean 'steps'?"),
    (["train", f"--config={CONFIG}", "--workdir=pyproject.toml"], 1, "pyproject.toml"),
    (["evaluate", "--workdir=W"], 1, "no checkpoints here"),
    (["evaluate", "--workdir=W", "--output=o.csv", "--beam=8"], 1, "no beam; leave --beam out"),
    (
        ["evaluate", "--workdir=W", "--output=o.csv", "--refit=7", "--split=valid"],
        1,
        "leave --split",
    ),
    (["evaluate", "--workdir=Makefile", "--output=o.csv", "--band=.8"], 1, "leave them out"),
    (["evaluate", "--workdir=Makefile", "--output=o.csv", "--refit=7"], 1, "Makefile: one file"),
    (["sample", "--workdir=W", "--output=o.mid", "--top_k=3"], 1, "--top_k is for texts"),
    (["sample", "--workdir=W", "--temperature=-1"], 2, "temperature"),
    (["sample", "--workdir=W", f"--seed={2**31}"], 2, "--seed="),
    (["sample", "--workdir=W", f"--length={2**31}"], 2, "--length="),
    (["sample", "--workdir=W", f"--num_samples={2**31}"], 2, "--num_samples="),
]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """What each of FAULTS gave, and a call for help, and the directory that none may make."""
    workdir = tmp_path_factory.mktemp("faults") / "run"
    cases = [[text.replace("=W", f"={workdir}") for text in case] for case, _, _ in FAULTS]
    told = subprocess.run(
        [sys.executable, "-m", "tests.forked"],
        cwd=ROOT,
        input=json.dumps([*cases, ["sample", "--help"]]),
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(told.stdout), workdir


@pytest.mark.parametrize("case", range(len(FAULTS)), ids=lambda i: FAULTS[i][2])
def test_faults_get_one_line_and_a_status(case, results):
    _, status, message = FAULTS[case]
    (code, _, told), workdir = results[0][case], results[1]
    assert code == status
    lines = told.strip().splitlines()
    assert len(lines) == 1 and lines[0].startswith("error: ") and message in lines[0]
    assert not workdir.exists()


def test_help_is_no_fault(results):
    status, told, _ = results[0][-1]
    assert status == 0 and "--prompt: The text to continue." in told


@pytest.mark.parametrize("fault", ["MemoryError()", "JaxRuntimeError('RESOURCE_EXHAUSTED: 9')"])
def test_a_lack_of_memory_gets_one_line(fault):
    program = (
        "from jax.errors import JaxRuntimeError\nfrom lstmjax import command_line\n"
        f"def main():\n    raise {fault}\ncommand_line.start(main)"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1 and "error: out of memory: lower" in result.stderr


def test_any_text_can_be_printed():
    program = "from lstmjax import command_line; command_line.start(lambda: print('caf\\xe9'))"
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, env=environment)
    assert (result.returncode, result.stdout, result.stderr) == (0, rb"caf\xe9" + b"\n", b"")


def test_train_stop_resume_evaluate(tmp_path):
    train = ["--config=" + CONFIG, f"--workdir={tmp_path}/parts", *TINY]
    process = subprocess.Popen(
        command("train", *train),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    experiment = tmp_path / "parts" / "experiment.json"
    while not experiment.exists():  # from then on signals wait for the next log line
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    _, told = process.communicate()
    assert process.returncode == 143
    assert "run the same command to go on" in told.strip().splitlines()[-1]

    assert call("train", *train).returncode == 0
    whole = call("train", "--config=" + CONFIG, f"--workdir={tmp_path}/whole", *TINY)
    assert whole.returncode == 0 and "chance" in whole.stdout
    assert whole.stderr.endswith(f"all of it is in {tmp_path}/whole\n")
    again = call("train", *train)
    assert again.returncode == 0 and "all 40 steps are done already" in again.stderr
    reports = [
        json.loads((tmp_path / name / "report.json").read_text()) for name in ("parts", "whole")
    ]
    for report in reports:
        del report["seconds"]
    assert reports[0] == reports[1]
    logs = [(tmp_path / name / "metrics.jsonl").read_text() for name in ("parts", "whole")]
    assert logs[0] == logs[1]

    result = call("evaluate", f"--workdir={tmp_path}/whole")
    accuracy = reports[1]["test"]["accuracy"]["mean"]
    assert result.returncode == 0 and f"{accuracy:.4g}" in result.stdout
    table, shown = result.stdout.split("\n\n")
    assert table.startswith("test") and shown.count(" -> ") == shown.count("\n") == 10
    assert call("sample", f"--workdir={tmp_path}/whole").returncode == 1
