"""Errors that a user can mend, printed as all programs of this project print them."""

import sys


def visible(text):
    """Show text of unknown origin, such as a server's status line, in one line: what would steer a terminal or not be seen becomes its code point."""
    return "".join(c if c.isprintable() else " " if c in "\n\r\t" else f"⟨U+{ord(c):04X}⟩" for c in str(text))


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
        print(f"error: {visible(failure)}", file=sys.stderr)
        if failure.hint:
            print(f"hint: {visible(failure.hint)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; the same command goes on where this one stopped", file=sys.stderr)
        return 130
    return 0
