// Package testset helps the tests of the packages that read and make data sets.
package testset

import (
	"errors"
	"maps"
	"math"
	"os"
	"path/filepath"
	"testing"

	"mslora/internal/hint"
)

// Write makes a temporary folder with files, by path relative to it, and gives its path.
func Write(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// With copies files, changed by the pairs name, content; content "-" removes the file.
func With(files map[string]string, pairs ...string) map[string]string {
	files = maps.Clone(files)
	for i := 0; i < len(pairs); i += 2 {
		files[pairs[i]] = pairs[i+1]
		if pairs[i+1] == "-" {
			delete(files, pairs[i])
		}
	}
	return files
}

// CheckError wants an error with exactly this message and hint.
func CheckError(t *testing.T, err error, message, advice string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %q", message)
	}
	if err.Error() != message {
		t.Errorf("error\n got %q\nwant %q", err, message)
	}
	var hinted *hint.Error
	if !errors.As(err, &hinted) {
		t.Fatalf("error %q has no hint, want %q", err, advice)
	}
	if hinted.Hint != advice {
		t.Errorf("hint\n got %q\nwant %q", hinted.Hint, advice)
	}
}

// CheckCount wants count within five standard deviations of what n draws with probability p give.
func CheckCount(t *testing.T, what string, count, n int, p float64) {
	t.Helper()
	mean, deviation := p*float64(n), math.Sqrt(p*(1-p)*float64(n))
	if math.Abs(float64(count)-mean) > 5*deviation {
		t.Errorf("%s: %d times, expected %.0f ± %.0f", what, count, mean, deviation)
	}
}
