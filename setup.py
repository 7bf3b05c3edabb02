"""Puts `launch`, `configs` and `docs` into the installed package, as `lstmjax.launch` and so on."""

from setuptools import find_packages, setup

INSIDE = {"lstmjax.launch": "launch", "lstmjax.configs": "configs", "lstmjax.docs": "docs"}

setup(packages=[*find_packages(include=["lstmjax*"]), *INSIDE], package_dir=INSIDE)
