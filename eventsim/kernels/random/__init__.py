"""Counter-based random numbers, and the streams and drives that are drawn from them."""
