"""Sync: an edit in an exported module comes back to its cell, or to a marked conflict.

The steps: ``text`` (three-way merging), ``merging`` (block by block), ``cells`` (edited texts in the notebook's file),
``files`` (reading and writing all of it at once).
"""
