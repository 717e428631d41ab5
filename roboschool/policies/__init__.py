"""Who decides: policies as numbers or classes, and pools of them. It imports `robots`."""
