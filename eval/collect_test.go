package eval

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mslora/internal/hint"
)

// writeCells makes a folder for each result, and folders of unfinished cells.
func writeCells(t *testing.T, root string, results []Result, unfinished ...string) {
	t.Helper()
	folder := func(name string) string {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(path, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(path, startedFile), nil, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for i, r := range results {
		if err := r.Write(filepath.Join(folder(string(rune('a'+i))+"/seed"), finishedFile)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range unfinished {
		folder(name)
	}
}

func TestReadResults(t *testing.T) {
	root := t.TempDir()
	cells := severalSeeds()
	writeCells(t, root, cells, "u/seed", "v/seed")
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(root, link); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name       string
		folders    []string
		unfinished int
		results    int
	}{
		{"all", []string{root}, 2, len(cells)},
		{"overlapping folders", []string{root, filepath.Join(root, "a"), root + "/."}, 2, len(cells)},
		{"through a link", []string{link, root}, 2, len(cells)},
		{"one cell", []string{filepath.Join(root, "b", "seed")}, 0, 1},
		{"its file", []string{filepath.Join(root, "b", "seed", "result.json")}, 0, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			results, unfinished, err := ReadResults(test.folders...)
			if err != nil {
				t.Fatal(err)
			}
			if len(results) != test.results || len(unfinished) != test.unfinished {
				t.Errorf("%d results, unfinished %v", len(results), unfinished)
			}
			for i := range len(results) - 1 {
				if results[i].Path >= results[i+1].Path {
					t.Errorf("%s comes before %s", results[i].Path, results[i+1].Path)
				}
			}
		})
	}
}

func TestReadResultsErrors(t *testing.T) {
	root := t.TempDir()
	writeCells(t, filepath.Join(root, "started"), nil, "one")
	writeCells(t, filepath.Join(root, "broken"), []Result{{}})
	if err := os.Mkdir(filepath.Join(root, "empty"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ folder, want, hint string }{
		{"nowhere", "there is no folder", "`mslora run` wrote"},
		{"empty", "there are no finished cells in", "`mslora run` makes them"},
		{"started", "and 1 unfinished", "the same `mslora run` goes on with them"},
		{"broken", "result.json: dataset is missing", "remove it"},
	} {
		t.Run(test.folder, func(t *testing.T) {
			_, _, err := ReadResults(filepath.Join(root, test.folder))
			var hinted *hint.Error
			if !errors.As(err, &hinted) {
				t.Fatalf("got %v, want a hint", err)
			}
			if !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), test.folder) || !strings.Contains(hinted.Hint, test.hint) {
				t.Errorf("error: %v\nhint: %s", err, hinted.Hint)
			}
		})
	}
}
