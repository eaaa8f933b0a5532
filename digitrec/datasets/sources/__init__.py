"""Sources of digits, one module each."""
