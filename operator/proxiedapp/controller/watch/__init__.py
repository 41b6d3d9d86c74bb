"""Receiving changes from the API server: watches by kopf, complete lists, and watches of foreign routes."""
