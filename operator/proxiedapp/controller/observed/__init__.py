"""What the API server last reported, reduced to what decisions need."""
