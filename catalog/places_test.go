package catalog

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mslora/internal/hint"
)

// A data set of the paper is found by name; whatever else is taken as it is.
func TestDataFolder(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	t.Setenv("MSLORA_DATA", filepath.Join(dir, "mine"))
	for _, name := range DataNames {
		_, err := DataFolder(name)
		var hinted *hint.Error
		if err == nil || err.Error() != "data set "+name+" is not on this machine" || !errors.As(err, &hinted) || !strings.Contains(hinted.Hint, filepath.Join(dir, "mine")) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	for _, folder := range []string{".deps/data/hsol", "mine/agnews", ".deps/data/agnews", "sst-2"} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for data, want := range map[string]string{
		"hsol": filepath.Join(dir, ".deps/data/hsol"), "agnews": filepath.Join(dir, "mine/agnews"), "sst-2": "sst-2", "elsewhere": "elsewhere",
	} {
		if got, err := DataFolder(data); err != nil || got != want {
			t.Errorf("%s: got %q, want %q, error %v", data, got, want, err)
		}
	}
}

func TestModelFolder(t *testing.T) {
	root := t.TempDir()
	t.Setenv("MSLORA_MODELS", root)
	t.Chdir(t.TempDir())
	if _, err := ModelFolder("minilm"); err == nil || !strings.Contains(err.Error(), "not on this machine") {
		t.Errorf("a model that is not there: %v", err)
	}
	folder := filepath.Join(root, "minilm")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "config.json"), []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"minilm", folder} {
		if got, err := ModelFolder(name); err != nil || got != folder {
			t.Errorf("%s: got %s, %v", name, got, err)
		}
	}
	if _, err := ModelFolder("gpt"); err == nil || !strings.Contains(err.Error(), `no model at "gpt"`) {
		t.Errorf("an unknown model: %v", err)
	}
}
