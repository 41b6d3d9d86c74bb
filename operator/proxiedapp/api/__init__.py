"""What a user may write and what we answer: the models, the CRD made from them, conditions and reasons."""
