"""`python -m serflow_opt.cli`, where the script is not on the path."""

from serflow_opt.cli.main import main

main()
