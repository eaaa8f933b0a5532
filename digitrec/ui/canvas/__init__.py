"""The canvas: what is drawn in the browser, what is kept of it, and the verdict beside it."""
