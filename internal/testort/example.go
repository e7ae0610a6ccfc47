package testort

import (
	"fmt"
	"os"
	"testing"
)

// Example takes the place of a test in an example, which is given none: what fails ends the program.
type Example struct{ testing.TB }

// Helper does nothing.
func (Example) Helper() {}

// Fatal prints and ends the program.
func (Example) Fatal(values ...any) {
	fmt.Fprintln(os.Stderr, values...)
	os.Exit(1)
}

// Fatalf prints and ends the program.
func (e Example) Fatalf(format string, values ...any) { e.Fatal(fmt.Sprintf(format, values...)) }
