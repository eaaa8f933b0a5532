"""The Draw, Photograph and Read a file pages."""
