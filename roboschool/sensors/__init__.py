"""What agents observe: one file a sensor. A sensor imports `mdp` and `robots`."""
