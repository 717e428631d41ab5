"""Matches between policies, each in its own process; tournaments, ratings, replays."""
