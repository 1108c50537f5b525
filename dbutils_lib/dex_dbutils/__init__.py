"""What notebooks and deployed jobs import: configuration, sessions, names, profiles."""
