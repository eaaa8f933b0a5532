"""Making the shipped models, and the networks that they are compared with."""
