package dataset

import (
	"errors"
	"fmt"
	"strings"

	"mslora/internal/hint"
)

// mostShown is how many faults of a file are shown; all are counted.
const mostShown = 3

// rowError marks an error as that of one row, after which the others can be read.
type rowError struct{ error }

func (e rowError) Unwrap() error { return e.error }

// BadRow marks an error of the function that rows are given to as the row's fault: reading goes on, so that all faults of a file are
// counted. Any other error stops it.
func BadRow(err error) error { return rowError{err} }

// faults counts what is wrong with a file.
type faults struct {
	shown []error
	count int
}

func (f *faults) add(err error) {
	f.count++
	if len(f.shown) < mostShown {
		f.shown = append(f.shown, err)
	}
}

// err is the faults in one line, with the hint of the first; nil if there are none.
func (f *faults) err() error {
	switch f.count {
	case 0:
		return nil
	case 1:
		return f.shown[0]
	}
	var messages []string
	for _, err := range f.shown {
		messages = append(messages, err.Error())
	}
	if more := f.count - len(f.shown); more > 0 {
		messages = append(messages, fmt.Sprintf("and %d more; %d rows cannot be used", more, f.count))
	}
	joined := errors.New(strings.Join(messages, "; "))
	var first *hint.Error
	if errors.As(f.shown[0], &first) {
		return &hint.Error{Err: joined, Hint: first.Hint}
	}
	return joined
}
