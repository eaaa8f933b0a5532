"""Where digits come from, a module for each source."""
