"""Agents: roles, typed plans, providers, the gate and the ledger."""
