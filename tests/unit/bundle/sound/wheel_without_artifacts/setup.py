from setuptools import setup

setup(name="wheel_of_setup_py", entry_points={"packages": ["run=w:run"]})
