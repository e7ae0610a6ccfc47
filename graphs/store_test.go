package graphs

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mslora/internal/hint"
)

func TestNewStore(t *testing.T) {
	folder := t.TempDir()
	file, empty := filepath.Join(folder, "file"), filepath.Join(folder, "empty")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(empty, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ folder, problem string }{
		{"", ""},
		{"testdata", ""},
		{filepath.Join(folder, "nowhere"), "there is no such folder"},
		{filepath.Join(file, "below"), "not a directory"},
		{file, "it is a file"},
		{empty, "no folder in it holds graphs"},
		{"testdata/tiny", "no folder in it holds graphs"}, // the folder above it was meant
	} {
		store, err := NewStore(test.folder)
		if (err == nil) != (test.problem == "") || err != nil && !strings.Contains(err.Error(), test.problem) {
			t.Errorf("%s: %v", test.folder, err)
		}
		if err != nil && !strings.HasPrefix(err.Error(), "--graphs") {
			t.Errorf("%s: the error names no flag: %v", test.folder, err)
		}
		if err == nil && store.String() != test.folder {
			t.Errorf("%s: the store is called %s", test.folder, store)
		}
	}
}

// A language model classifies nothing.
func TestStoreLoadLanguageModel(t *testing.T) {
	if _, err := (Store{}).Load("gpt2-12x768", Causal); err != nil {
		t.Error(err)
	}
	_, err := Store{}.Load("gpt2-12x768", "lora")
	var advice *hint.Error
	if !errors.Is(err, ErrNoTopology) || !errors.As(err, &advice) || advice.Hint != "it is a language model: give it to --language-model" {
		t.Errorf("error %v, hint %+v", err, advice)
	}
}

// A store looks into its folder first. What the folder lacks comes with the program; what is broken there does not.
func TestStoreLoad(t *testing.T) {
	builtIn := Architectures()[0]
	folder := t.TempDir()
	if err := os.CopyFS(filepath.Join(folder, "bert-2x36"), os.DirFS("testdata/tiny")); err != nil {
		t.Fatal(err)
	}
	store, err := NewStore(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, architecture := range []string{"bert-2x36", builtIn} {
		topology, err := store.Load(architecture, Evaluation)
		if err != nil || topology.Manifest.ArchitectureName() != architecture {
			t.Errorf("%s: %v", architecture, err)
		}
	}
	if err := os.WriteFile(filepath.Join(folder, builtIn), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Load(builtIn, Evaluation); err == nil {
		t.Error("a file in place of a folder of graphs was passed over")
	}
}
