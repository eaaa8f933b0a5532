"""The Mistakes and Robustness pages."""
