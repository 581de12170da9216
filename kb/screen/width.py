"""Widths: how many cells of a terminal a text takes."""

from rich.cells import cell_len as width_of

__all__ = ["width_of"]
