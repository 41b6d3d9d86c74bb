"""Programs that make reference pages and data from the code; they are not shipped."""
