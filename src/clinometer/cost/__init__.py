"""What each way to a gradient costs, on the user's own function."""
