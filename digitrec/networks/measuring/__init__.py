"""The figures of a model card and the data that they are measured on."""
