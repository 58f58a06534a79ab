"""`python -m archiver` is `archiver`."""

from archiver.cli.main import run

if __name__ == "__main__":
    run()
