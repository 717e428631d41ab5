"""Results as files that can be verified, their statistics, and a site that compares them. It imports `learning`."""
