"""The Train page: choosing a recipe and watching a run."""
