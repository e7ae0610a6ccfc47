package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"mslora/internal/hint"
	"mslora/internal/ownfolder"
	"mslora/internal/visible"
)

// Exit codes.
const (
	exitFailure     = 1   // something failed while running
	exitUsage       = 2   // a flag, a configuration or an input file is wrong
	exitInterrupted = 130 // Ctrl-C or SIGTERM
)

// usageError marks an error as the caller's: a flag, a configuration, an input.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// badInput marks err, if any, as the caller's.
func badInput(err error) error {
	if err == nil {
		return nil
	}
	return usageError{err}
}

// afterInterrupt says for each command what was interrupted. Other commands leave nothing and begin anew.
var afterInterrupt = map[string]string{
	"train":     "run the same command again: training goes on where it stopped",
	"run":       "run the same command again: training goes on where it stopped",
	"reproduce": "run the same command again: training goes on where it stopped",
	"audit":     "run the same command again: a vanilla classifier in training goes on where it stopped, the audit begins anew",
	"fetch":     "run the same command again: what has come is kept",
	"predict":   "the answers so far are right, those of later texts are missing",
	"poison":    "sets that were announced are complete; run the same command again for the others",
}

// exitCode prints err as "error: …" and "hint: …" and says how to exit. What either quotes of files is made visible here, for all
// commands.
func exitCode(ctx context.Context, command string, err error, stderr io.Writer) int {
	if err == nil {
		return 0
	}
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		text := "interrupted"
		if advice := afterInterrupt[command]; advice != "" {
			text += "; " + advice
		}
		fmt.Fprintln(stderr, text)
		return exitInterrupted
	}
	fmt.Fprintf(stderr, "error: %s\n", visible.Lines(err.Error()))
	sayHint(stderr, err)
	var usage usageError
	if errors.As(err, &usage) || errors.Is(err, ownfolder.ErrForeign) {
		return exitUsage
	}
	return exitFailure
}

// output is standard output. It remembers the first write that failed, so that no command has to look after each line: what is
// lost makes the program fail at its end.
type output struct {
	io.Writer
	err error
}

func (o *output) Write(p []byte) (int, error) {
	n, err := o.Writer.Write(p)
	if err != nil {
		err = hint.New("free some space, or write elsewhere", "cannot write to standard output: %w", reason(err))
		if o.err == nil {
			o.err = err
		}
	}
	return n, err
}

// reason leaves out where an operation failed.
func reason(err error) error {
	var onPath *os.PathError
	if errors.As(err, &onPath) {
		return onPath.Err
	}
	return err
}

// Fd gives the file's descriptor, to ask whether it is a terminal. What is no file has one that is none.
func (o *output) Fd() uintptr {
	if file, ok := o.Writer.(*os.File); ok {
		return file.Fd()
	}
	return ^uintptr(0)
}
