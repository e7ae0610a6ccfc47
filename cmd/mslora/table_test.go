package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mslora/eval"
	"mslora/internal/hint"
)

// saveCell writes the result of a cell of the paper's table 1 to folder.
func saveCell(t *testing.T, folder string, seed uint64) {
	t.Helper()
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	r := eval.Result{
		Dataset: "sst-2", Attack: "badnets", Target: 1, Setting: "clean", Ratio: "0.1", Model: "bert-base", Method: "musclelora", Seed: seed,
		Scores: eval.Scores{CACC: eval.Share{Hits: 85, Texts: 100}, ASR: eval.Share{Hits: 13, Texts: 100}, Floor: eval.Share{Hits: 10, Texts: 100}},
	}
	if err := r.Write(filepath.Join(folder, "result.json")); err != nil {
		t.Fatal(err)
	}
}

// saveUnfinished makes the folder of a cell that was interrupted.
func saveUnfinished(t *testing.T, folder string) {
	t.Helper()
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "config.yaml"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestTable(t *testing.T) {
	root := t.TempDir()
	saveCell(t, filepath.Join(root, "seed-42"), 42)
	saveUnfinished(t, filepath.Join(root, "seed-43"))
	for _, test := range []struct {
		name       string
		edit       func(*tableOptions)
		want, none string
	}{
		{"default", func(*tableOptions) {}, "85.00 │ (86.54) │ 13.00 │ (12.94) │ 10.00", "\x1b"},
		{"in colour", func(o *tableOptions) { o.Color = "always" }, "\x1b[90m(86.54)\x1b[0m", "│ (86.54) │"},
		{"without colour", func(o *tableOptions) { o.Color = "never" }, "│ (86.54) │", "\x1b"},
		{"without the paper", func(o *tableOptions) { o.Paper = false }, "85.00 │ 13.00 │ 10.00", "86.54"},
		{"Markdown in colour", func(o *tableOptions) { o.Format, o.Color = "markdown", "always" }, "| (86.54) |", "\x1b"},
		{"the same folder twice", func(o *tableOptions) { o.Folders = []string{root, root} }, "85.00", "±"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			o := tableOptions{Folders: []string{root}, Format: "text", Color: "auto", Paper: true, Stdout: &stdout, Stderr: &stderr}
			test.edit(&o)
			if err := table(o); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(stdout.String(), test.want) || strings.Contains(stdout.String(), test.none) {
				t.Errorf("want %q and no %q in\n%s", test.want, test.none, stdout.String())
			}
			if stderr.String() != "unfinished cells, not in the table: 1\n" {
				t.Errorf("standard error: %q", stderr.String())
			}
		})
	}
}

func TestTableToFile(t *testing.T) {
	root := t.TempDir()
	saveCell(t, filepath.Join(root, "seed-42"), 42)
	file := filepath.Join(root, "table.txt")
	var stdout, stderr bytes.Buffer
	o := tableOptions{Folders: []string{root}, Format: "text", Color: "always", Paper: true, Out: file, Stdout: &stdout, Stderr: &stderr}
	if err := table(o); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(text, []byte("│ (86.54) │")) || bytes.Contains(text, []byte("\x1b")) {
		t.Errorf("got\n%s", text)
	}
	if stdout.Len()+stderr.Len() > 0 {
		t.Errorf("printed %q and %q", stdout.String(), stderr.String())
	}
}

func TestTableErrors(t *testing.T) {
	root := t.TempDir()
	saveCell(t, filepath.Join(root, "good", "seed-42"), 42)
	saveCell(t, filepath.Join(root, "copies", "a"), 42)
	saveCell(t, filepath.Join(root, "copies", "b"), 42)
	saveUnfinished(t, filepath.Join(root, "started"))
	for _, test := range []struct {
		name, folder string
		edit         func(*tableOptions)
		want, hint   string
	}{
		{"missing folder", "nowhere", nil, "there is no folder", "`mslora run`"},
		{"nothing finished", "started", nil, "and 1 unfinished", "goes on with them"},
		{"one cell twice", "copies", nil, "are of the same cell", "only once"},
		{"unknown format", "good", func(o *tableOptions) { o.Format = "html" }, `unknown format "html"`, "text, markdown, csv, latex, json"},
		{"unknown colour", "good", func(o *tableOptions) { o.Color = "blue" }, `--color is "blue"`, "auto, always or never"},
		{"no place to write", "good", func(o *tableOptions) { o.Out = filepath.Join(root, "no", "table.txt") }, "there is no folder", "make that folder first"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var stdout bytes.Buffer
			o := tableOptions{Folders: []string{filepath.Join(root, test.folder)}, Format: "text", Color: "auto", Paper: true, Stdout: &stdout, Stderr: io.Discard}
			if test.edit != nil {
				test.edit(&o)
			}
			err := table(o)
			var hinted *hint.Error
			if !errors.As(err, &hinted) || !strings.Contains(err.Error(), test.want) || !strings.Contains(hinted.Hint, test.hint) {
				t.Errorf("got %v (%+v), want %q with a hint of %q", err, hinted, test.want, test.hint)
			}
			if stdout.Len() > 0 {
				t.Errorf("printed %q", stdout.String())
			}
		})
	}
}

// A terminal gets colour by itself, unless NO_COLOR is set; the null device is a character device but no terminal.
func TestWantColor(t *testing.T) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("no pseudo-terminals: %v", err)
	}
	defer terminal.Close()
	for _, test := range []struct {
		mode, noColor string
		out           io.Writer
		want          bool
	}{
		{"always", "", io.Discard, true},
		{"always", "1", io.Discard, true}, // the flag was given for this call
		{"never", "", terminal, false},
		{"auto", "", terminal, true},
		{"auto", "1", terminal, false},
		{"auto", "", null, false},
		{"auto", "", io.Discard, false},
	} {
		t.Run(fmt.Sprintf("%s NO_COLOR=%s %T", test.mode, test.noColor, test.out), func(t *testing.T) {
			t.Setenv("NO_COLOR", test.noColor)
			if got, err := wantColor(test.mode, test.out); err != nil || got != test.want {
				t.Errorf("%v, %v", got, err)
			}
		})
	}
	if _, err := wantColor("blue", io.Discard); err == nil {
		t.Error("blue was accepted")
	}
}
