"""The data pages: choosing a source, galleries and maps."""
