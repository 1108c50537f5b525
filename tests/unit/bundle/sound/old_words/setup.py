from setuptools import setup

setup(name="old", entry_points={"packages": ["run=old:run"]})
