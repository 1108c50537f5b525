"""What pytest loads for dex."""
