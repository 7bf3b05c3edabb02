"""Puts `launch` and `configs` inside the installed package, as `lstmjax.launch` and `.configs`."""

from setuptools import find_packages, setup

FOLDERS = ("launch", "configs", "configs/papers")
INSIDE = {f"lstmjax.{folder.replace('/', '.')}": folder for folder in FOLDERS}

setup(packages=[*find_packages(include=["lstmjax*"]), *INSIDE], package_dir=INSIDE)
