package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"mslora/figure"
	"mslora/internal/pagetable"
)

var update = flag.Bool("update", false, "write the tables and figures of pages again")

// Tables of pages are what `mslora table FOLDER… --format FORMAT` makes of committed results. One in plain text is a block of code. With
// -update they are made again.
func TestResultsOfPages(t *testing.T) {
	for _, pages := range []string{"../../docs/*.md", "../../README.md"} {
		pagetable.Check(t, pages, "mslora table", *update, func(words []string) (string, error) {
			o := tableOptions{Format: words[len(words)-1], Color: "never", Paper: true, Stdout: io.Discard, Stderr: io.Discard}
			for _, folder := range words[:len(words)-2] {
				o.Folders = append(o.Folders, filepath.Join("../..", folder))
			}
			text, err := o.render()
			if o.Format == "text" {
				return "```\n" + string(text) + "```\n", err
			}
			return string(text), err
		})
	}
}

// Figures of pages, and the numbers beside them, are what `mslora figure KIND FOLDER… [--axis AXIS] --out FILE` draws of committed results.
func TestFiguresOfPages(t *testing.T) {
	pagetable.Check(t, "../../docs/*.md", "mslora figure", *update, func(words []string) (string, error) {
		name, axis, out := words[0], "", words[len(words)-1]
		var folders []string
		for i, word := range words[1 : len(words)-2] {
			switch {
			case words[i] == "--axis":
				axis = word
			case word != "--axis":
				folders = append(folders, filepath.Join("../..", word))
			}
		}
		kind, err := figure.Find(name)
		if err != nil {
			return "", err
		}
		f, err := figure.Draw(kind, folders, axis)
		if err != nil {
			return "", err
		}
		target, err := figure.NewTarget(filepath.Join(t.TempDir(), filepath.Base(out)))
		if err != nil {
			return "", err
		}
		if err := f.Write(target); err != nil {
			return "", err
		}
		for _, path := range target.Files() {
			kept(t, filepath.Join("../..", filepath.Dir(out), filepath.Base(path)), path)
		}
		link, err := filepath.Rel("docs", out)
		return fmt.Sprintf("![%s](%s)\n", f.Alt(), filepath.ToSlash(link)), err
	})
}

// kept compares a committed file with one that was just made, or replaces it with -update.
func kept(t *testing.T, committed, made string) {
	t.Helper()
	want, err := os.ReadFile(made)
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(committed); bytes.Equal(got, want) {
		return
	}
	if !*update {
		t.Errorf("%s does not show its results: go test -run %s -update", committed, t.Name())
	} else if err := os.WriteFile(committed, want, 0o644); err != nil {
		t.Fatal(err)
	}
}
