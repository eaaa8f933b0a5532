"""How the shipped models are made, and the networks that they are compared with."""
