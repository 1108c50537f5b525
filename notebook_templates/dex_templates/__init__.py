"""Projects and notebooks to start from."""
