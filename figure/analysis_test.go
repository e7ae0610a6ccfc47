package figure

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// rewriteAnalysis edits the Fourier analysis of one cell below runs, which a pattern of its folder's name tells.
func rewriteAnalysis(t *testing.T, runs, cell string, edit func([]byte) []byte) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(runs, cell, "fourier.jsonl"))
	if err != nil || len(paths) != 1 {
		t.Fatal(paths, err)
	}
	data, err := os.ReadFile(paths[0])
	if err != nil {
		t.Fatal(err)
	}
	changed := edit(data)
	if bytes.Equal(changed, data) {
		t.Fatalf("nothing changes in %.200s", data)
	}
	if err := os.WriteFile(paths[0], changed, 0o644); err != nil {
		t.Fatal(err)
	}
}

// An analysis that ended before its first point is none, and does not keep others from being drawn.
func TestHeaderAlone(t *testing.T) {
	runs := writeAll(t, methods...)
	rewriteAnalysis(t, runs, "vanilla-*-42-*", func(data []byte) []byte {
		header, _, _ := bytes.Cut(data, []byte("\n"))
		return append(header, '\n')
	})
	for name, rows := range map[string]int{"fourier-ratios": 3, "training": 9} { // of musclelora alone, of all
		k, err := Find(name)
		if err != nil {
			t.Fatal(err)
		}
		if f, err := Draw(k, []string{runs}, ""); err != nil || len(f.Table.Rows) != rows {
			t.Errorf("%s: %d rows, error %v, want %d", name, len(f.Table.Rows), err, rows)
		}
	}
}

// Seeds that were analysed otherwise are not averaged.
func TestOtherAnalyses(t *testing.T) {
	for name, edit := range map[string][2]string{
		"kernel": {`"kernel":"authors"`, `"kernel":"paper"`}, "embeddings": {`"embeddings":"alone"`, `"embeddings":"authors"`},
		"clean texts": {`"clean":{"texts":0`, `"clean":{"texts":8`}, "poisoned texts": {`"backdoor":{"texts":0`, `"backdoor":{"texts":8`},
	} {
		t.Run(name, func(t *testing.T) {
			runs := writeAll(t, methods...)
			rewriteAnalysis(t, runs, "vanilla-*-43-*", func(data []byte) []byte { return bytes.Replace(data, []byte(edit[0]), []byte(edit[1]), 1) })
			for _, kind := range []string{"fourier-ratios", "fourier-errors"} {
				k, err := Find(kind)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := Draw(k, []string{runs}, ""); err == nil || !strings.Contains(err.Error(), "was analysed with kernel authors, embeddings alone, all 0 clean") {
					t.Errorf("%s: error %v", kind, err)
				}
			}
		})
	}
}
