package main

import (
	"flag"
	"io"
	"path/filepath"
	"testing"

	"mslora/internal/pagetable"
)

var update = flag.Bool("update", false, "write the tables of pages again")

// Tables of pages are what `mslora table` makes of committed results. With -update they are made again.
func TestResultsOfPages(t *testing.T) {
	pagetable.Check(t, "../../docs/*.md", "mslora table", *update, func(words []string) (string, error) {
		text, err := tableOptions{
			Folders: []string{filepath.Join("../..", words[0])}, Format: "markdown", Color: "never", Stdout: io.Discard, Stderr: io.Discard,
		}.render()
		return string(text), err
	})
}
