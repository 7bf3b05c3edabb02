# Each target does all the set-up it needs on a fresh machine.
PYTHON ?= python3
RUN = .venv/bin/python

.PHONY: course papers test clean

course: .venv/installed
	$(RUN) -m launch.course --workdir=runs/course

# The published experiments that need no data: docs/papers.md.
papers: .venv/installed
	$(RUN) -m launch.papers --workdir=runs/papers

test: .venv/installed
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m pytest

.venv/installed: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=python3.12")'
	$(PYTHON) -m venv .venv
	.venv/bin/pip install --quiet --no-compile --disable-pip-version-check --editable '.[tests]'
	touch $@

clean:
	rm -rf .venv
