"""Synthetic digits, numbers, letters and scribbles."""
