"""Recording: what a module's functions and ``main`` did with a bounded sample, and the tests that replay it.

The steps: ``plan`` (what is watched), ``run`` and ``process`` (a process of its own that runs ``main``), ``recorder`` and
``in_workers`` (what is noted of a call, here and where a UDF runs), ``sampling`` and
``masking`` (what may be kept), ``invariants`` (what held for its tables), ``recorded`` (the file), ``tests`` (their text).
"""
