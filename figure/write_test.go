package figure

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mslora/eval"
)

// A figure replaces an earlier one, and nothing else.
func TestWrite(t *testing.T) {
	f := drawn(t, "tradeoff", "", methods)
	folder := t.TempDir()
	path := filepath.Join(folder, "f.svg")
	for range 2 {
		target, err := NewTarget(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Write(target); err != nil {
			t.Fatal(err)
		}
	}
	for _, extension := range []string{".png", ".pdf", ".png", ".svg"} { // of one name, in turn
		target, err := NewTarget(filepath.Join(folder, "f"+extension))
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Write(target); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"f.svg", "f.csv", "f.json"} {
		kept, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), []byte("{}"), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := NewTarget(path); err == nil || err.Error() != filepath.Join(folder, name)+" is there and is not as mslora wrote it" {
			t.Errorf("%s was changed: error %v", name, err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), kept, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := NewTarget(filepath.Join(folder, "f.gif")); err == nil {
		t.Error("a GIF is no error")
	}
}

// Names of any length and kind come from result files, and must neither break a picture nor run in a spreadsheet.
func TestUntrustedNames(t *testing.T) {
	cells := []made{methods[0], methods[2]}
	runs := writeAll(t, cells...)
	paths, err := filepath.Glob(filepath.Join(runs, "*", "result.json"))
	if err != nil {
		t.Fatal(err)
	}
	for i, path := range paths {
		r, err := eval.ReadResult(path)
		if err != nil {
			t.Fatal(err)
		}
		r.Dataset = "=cmd()\n\x1b[31m<script>" + strings.Repeat("長", 500*i)
		if err := r.Write(path); err != nil {
			t.Fatal(err)
		}
	}
	k, err := Find("training")
	if err != nil {
		t.Fatal(err)
	}
	f, err := Draw(k, []string{runs}, "")
	if err != nil {
		t.Fatal(err)
	}
	checkSVG(t, f)
	var text bytes.Buffer
	if err := f.Table.WriteCSV(&text); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(text.String(), "\n=cmd") || strings.Contains(text.String(), "\x1b") {
		t.Errorf("%.300q", text.String())
	}
}
