"""Matches between policies, each in a process of its own; tournaments, ratings, replays."""
