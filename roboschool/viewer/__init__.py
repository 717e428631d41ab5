"""What a person sees and touches: numbers over pictures, windows, play and pose."""
