"""Many copies of a scene, in this process or shared out to others."""
