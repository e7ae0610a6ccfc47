// Command tables prints, in Markdown, the tables of result files that the benchmark of training steps left in a folder.
// docs/performance.md has them of docs/results/performance. Its test makes other tables of pages, too.
//
// usage: tables FOLDER
package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"mslora/internal/pagetable"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(arguments []string, out io.Writer) error {
	if len(arguments) != 1 {
		return errors.New("usage: tables FOLDER")
	}
	results, err := pagetable.Read[result](arguments[0])
	if err != nil {
		return err
	}
	for _, t := range tables {
		if text := t.of(results); text != "" {
			fmt.Fprintf(out, "%s\n\n%s\n", t.title, text)
		}
	}
	return nil
}
