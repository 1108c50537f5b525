"""What pytest loads for dex: notebooks tested beside nbval. The door is the plugin's entry point."""
