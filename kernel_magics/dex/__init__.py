"""dex in a kernel and on the command line."""
