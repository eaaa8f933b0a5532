"""Ink: strokes and pictures of handwriting become the image, strip or pen path that a network reads."""
