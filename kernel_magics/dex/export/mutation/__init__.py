"""Mutation: seeded mistakes in a module's functions, and how many of them its generated tests find."""
