"""Models as files for other people and programs: a zip to take along, and models that are added."""
