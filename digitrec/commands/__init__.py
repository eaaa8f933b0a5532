"""The commands of `digitrec`, one module each. They use the same functions as the app."""
