"""Trained networks: their cards and files, their architectures, and the classifier that runs them."""
