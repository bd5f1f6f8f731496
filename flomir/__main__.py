"""`python -m flomir` is the `flomir` command."""

from flomir.cli import main

main()
