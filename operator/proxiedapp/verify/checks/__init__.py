"""One file for each question that the black-box check asks."""
