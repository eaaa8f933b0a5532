"""Reading whole numbers, photographs and files with a classifier."""
