"""Recordings as pages: one HTML file each, with a player of our own (WebGL 2) that needs no network."""
