"""The pytest plugin of dex."""
