package poison

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"mslora/internal/hint"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// writeFiles makes a folder with files by relative path.
func writeFiles(t testing.TB, files map[string]string) string {
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

// checkError wants an error with exactly this message and hint.
func checkError(t *testing.T, err error, message, advice string) {
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
