"""What the codes of findings mean, and how to fix each."""
