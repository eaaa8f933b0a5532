"""The Models page and the model card."""
