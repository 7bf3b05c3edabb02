"""Puts `launch`, `configs` and `docs` into the installed package, as `lstmjax.launch` and so on."""

from setuptools import find_packages, setup

FOLDERS = ("launch", "configs", "configs/papers", "docs")
INSIDE = {f"lstmjax.{folder.replace('/', '.')}": folder for folder in FOLDERS}

setup(packages=[*find_packages(include=["lstmjax*"]), *INSIDE], package_dir=INSIDE)
