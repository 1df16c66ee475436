"""`python -m clip_italian COMMAND`; `--help` lists the commands."""

from clip_italian.cli.command_line import main

if __name__ == "__main__":
    main()
