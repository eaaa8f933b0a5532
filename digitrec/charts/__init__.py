"""Plotly figures and pictures from plain arrays, each with its description in words."""
