"""Ink: turns strokes and pictures of handwriting into the image, strip or pen path that a network reads."""
