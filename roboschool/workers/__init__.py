"""The worlds of a vector environment, in this process or in workers; child processes and channels to them."""
