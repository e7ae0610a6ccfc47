package main

import (
	"flag"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

var update = flag.Bool("update", false, "write the tables of pages again")

// madeTable is a table of a page, between two comments, of which the first says what it is made of.
var madeTable = regexp.MustCompile(`(?s)<!-- mslora table (\S+) --format markdown -->\n(.*?)<!-- end -->`)

// Tables of pages are what `mslora table` makes of committed results. With -update they are made again.
func TestResultsOfPages(t *testing.T) {
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	tables := 0
	for _, path := range pages {
		page, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		made := madeTable.ReplaceAllFunc(page, func(old []byte) []byte {
			tables++
			folder := string(madeTable.FindSubmatch(old)[1])
			text, err := tableOptions{Folders: []string{filepath.Join("../..", folder)}, Format: "markdown", Color: "never", Stdout: io.Discard, Stderr: io.Discard}.render()
			if err != nil {
				t.Fatal(err)
			}
			return []byte("<!-- mslora table " + folder + " --format markdown -->\n" + string(text) + "<!-- end -->")
		})
		switch {
		case string(made) == string(page):
		case *update:
			if err := os.WriteFile(path, made, 0o644); err != nil {
				t.Fatal(err)
			}
		default:
			t.Errorf("%s does not show its results: go test ./cmd/mslora -run TestResultsOfPages -update", path)
		}
	}
	if tables == 0 {
		t.Error("no page has a table of results")
	}
}
