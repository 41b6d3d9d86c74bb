"""How news from the API server comes in: kopf's watches, complete lists, and watches on other people's routes."""
