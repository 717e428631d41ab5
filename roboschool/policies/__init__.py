"""What acts for an agent: policies as numbers or classes, their names resolved, pools. It imports no other room."""
