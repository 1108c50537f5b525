"""The Jupyter server extension: thin handlers over dex."""
