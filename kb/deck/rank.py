"""Ranks: what a line of an entry is, for whoever looks for the line that answers best."""

PITFALL, PROSE, HEADING, SOURCE, CODE = range(5)
"""What answers best comes first."""
