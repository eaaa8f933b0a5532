"""The Draw page, for a digit and for a number."""
