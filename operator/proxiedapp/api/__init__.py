"""The API: the models of spec and status, the CRD generated from them, conditions and reasons."""
