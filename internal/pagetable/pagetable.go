// Package pagetable keeps the tables of pages as they are made of committed results, or of code.
package pagetable

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"mslora/internal/atomicfile"
)

// made is what stands between two comments, of which the first says how it is made.
var made = regexp.MustCompile(`(?s)<!-- ([^\n]+) -->\n(.*?)<!-- end -->`)

// Check makes the tables of the Markdown files that the pattern names, if their first comment begins with command: table is told the words
// after it. A page that shows something else is an error, or, with update, written again. So is it if no page has such a table.
func Check(t *testing.T, pattern, command string, update bool, table func(words []string) (string, error)) {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	tables := 0
	for _, path := range paths {
		page, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		now := made.ReplaceAllStringFunc(string(page), func(old string) string {
			comment := made.FindStringSubmatch(old)[1]
			words, is := strings.CutPrefix(comment, command+" ")
			if !is {
				return old
			}
			tables++
			text, err := table(strings.Fields(words))
			if err != nil {
				t.Fatalf("%s: %s: %v", path, comment, err)
			}
			return "<!-- " + comment + " -->\n" + text + "<!-- end -->"
		})
		switch {
		case now == string(page):
		case update:
			if err := os.WriteFile(path, []byte(now), 0o644); err != nil {
				t.Fatal(err)
			}
		default:
			t.Errorf("%s does not show its results: go test -run %s -update", path, t.Name())
		}
	}
	if tables == 0 {
		t.Errorf("no page has a table of %s", command)
	}
}

// Read gives the results of a folder, a JSON file each, in the order of their names.
func Read[T any](folder string) ([]T, error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		return nil, err
	}
	all := make([]T, len(paths))
	for i, path := range paths {
		if all[i], err = ReadFile[T](path); err != nil {
			return nil, err
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s has no results", folder)
	}
	return all, nil
}

// ReadFile gives one result.
func ReadFile[T any](path string) (result T, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return result, err
	}
	if err := json.Unmarshal(text, &result); err != nil {
		return result, fmt.Errorf("%s: %w", path, err)
	}
	return result, nil
}

// WriteFile keeps a result.
func WriteFile(path string, result any) error {
	text, err := json.MarshalIndent(result, "", "\t")
	if err != nil {
		return err
	}
	return atomicfile.WriteFile(path, append(text, '\n'), 0o644)
}

// Thousands writes a number that is not negative with commas.
func Thousands(n int) string {
	if n < 1000 {
		return strconv.Itoa(n)
	}
	return fmt.Sprintf("%s,%03d", Thousands(n/1000), n%1000)
}
