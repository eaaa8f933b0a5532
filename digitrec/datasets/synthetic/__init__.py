"""Digits, numbers, letters and scribbles that digitrec makes itself."""
