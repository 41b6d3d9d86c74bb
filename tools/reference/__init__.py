"""Reference pages generated from the code, one module a page. `python -m tools.reference docs` writes them."""
