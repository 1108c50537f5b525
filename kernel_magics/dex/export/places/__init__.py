"""Places: from a line of an exported module back to the notebook, the cell, the line.

``aligning`` (which line of a text another one was made from), ``finding`` (source maps asked), ``tracing`` (logs read),
``covering`` (what tests have run of each cell).
"""
