"""Limits of tasks that a bundle's check and a run hold alike. Source: the platform's pages on jobs and on for-each tasks."""

from __future__ import annotations

import re

#: What a task's key looks like.
TASK_KEY = re.compile(r"[A-Za-z0-9_-]{1,100}")
#: Items of a for-each task that may go on at a time.
MOST_AT_ONCE = 100
#: Signs of a for-each task's inputs where they are written out; handed on as a task value they may be longer.
LONGEST_INPUTS = 10_000
