"""Reference pages that are made from the code: one module a page. `python -m proxiedapp.reference docs` writes them."""
