"""Puts `launch` and `configs` inside the installed package, as `lstmjax.launch` and `.configs`."""

from setuptools import find_packages, setup

INSIDE = {"lstmjax.launch": "launch", "lstmjax.configs": "configs"}

setup(packages=[*find_packages(include=["lstmjax*"]), *INSIDE], package_dir=INSIDE)
