"""One module for each question of the black-box check, named after the code of its finding."""
