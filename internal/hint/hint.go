// Package hint attaches to an error the one line that tells a person how to mend it.
package hint

import (
	"fmt"
	"strconv"
	"strings"
)

// Error is an error with a hint. The command line prints "error: …" and below it "hint: …".
type Error struct {
	Err  error
	Hint string
}

func (e *Error) Error() string { return e.Err.Error() }

func (e *Error) Unwrap() error { return e.Err }

// New makes an error from a format, as fmt.Errorf does, with a hint.
func New(hint, format string, arguments ...any) error {
	return &Error{Err: fmt.Errorf(format, arguments...), Hint: hint}
}

// Quote shows a value from a file in a message: in quotes, and cut to a readable length.
func Quote(value string) string {
	const longest = 40
	if len(value) > longest {
		return strconv.Quote(strings.ToValidUTF8(value[:longest], "") + "…")
	}
	return strconv.Quote(value)
}
