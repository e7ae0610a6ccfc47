"""Errors that a user can mend, printed as all programs of this project print them."""

import sys


class Failure(Exception):
    """Something that the user can mend; hint says how."""

    def __init__(self, message, hint=""):
        super().__init__(message)
        self.hint = hint


def run(main):
    """Call a script's main and give its exit code; a Failure becomes two lines instead of a traceback."""
    try:
        main()
    except Failure as failure:
        print(f"error: {failure}", file=sys.stderr)
        if failure.hint:
            print(f"hint: {failure.hint}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; the same command goes on where this one stopped", file=sys.stderr)
        return 130
    return 0
