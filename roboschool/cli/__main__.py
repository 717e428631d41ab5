"""`python -m roboschool.cli` is the command `roboschool`."""

from roboschool.cli.main import main

main(prog_name="roboschool")
