"""The Photograph and Read a file pages."""
