"""Bullet; no other room knows it. It imports `scenes`, `mdp` and `robots`."""
