package graphs

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"mslora/internal/hint"
)

//go:embed topologies
var embedded embed.FS

// Store is where graphs come from: a folder of graphs that the Python tools exported, if there is one, and then those
// that come with the program. The zero Store has the latter alone.
//
// It reads and writes itself as text, the folder's name, so that a configuration can hold one.
type Store struct{ folder string }

// NewStore opens a folder that holds a folder of graphs for each architecture; "" gives the zero Store. A folder that is
// not there or holds no graphs is an error that names --graphs.
func NewStore(folder string) (Store, error) {
	if folder == "" {
		return Store{}, nil
	}
	const advice = "give the folder that tools/export_graphs.py --out named; it holds a folder for each architecture"
	info, err := os.Stat(folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Store{}, hint.New(advice, "--graphs %s: there is no such folder: %w", folder, fs.ErrNotExist)
	case err != nil:
		return Store{}, hint.New(advice, "--graphs: %w", err)
	case !info.IsDir():
		return Store{}, hint.New(advice, "--graphs %s: it is a file, expected a folder", folder)
	}
	if found, err := fs.Glob(os.DirFS(folder), "*/*.onnx"); err != nil || len(found) == 0 {
		return Store{}, hint.New(advice, "--graphs %s: no folder in it holds graphs", folder)
	}
	return Store{folder}, nil
}

// Load gives a topology: method is one of Methods, what EvaluationOf gives for it, or Classification, architecture a name
// that ModelConfig.Architecture gives. The error wraps ErrNoTopology if the store lacks it.
func (s Store) Load(architecture, method string) (*Topology, error) {
	if s.folder != "" {
		own := filepath.Join(s.folder, architecture)
		if _, err := os.Stat(own); !errors.Is(err, fs.ErrNotExist) {
			return Open(own, method) // reports what else is wrong with it
		}
	}
	files, err := fs.Sub(embedded, "topologies/"+architecture)
	if err != nil {
		return nil, err
	}
	t, err := open(files, method)
	if errors.Is(err, fs.ErrNotExist) {
		if others, _ := fs.Glob(files, "*.onnx"); len(others) == 1 && others[0] == Causal+".onnx" {
			return nil, hint.New("it is a language model: give it to --language-model", "%w of method %s for architecture %s", ErrNoTopology, method, architecture)
		}
		return nil, hint.New("there are graphs for "+strings.Join(Architectures(), ", ")+"; export others with tools/export_graphs.py and name their folder with --graphs",
			"%w of method %s for architecture %s", ErrNoTopology, method, architecture)
	}
	if err != nil {
		return nil, fmt.Errorf("graphs of %s: %w", architecture, err)
	}
	return t, nil
}

// String gives the folder, "" if there is none.
func (s Store) String() string { return s.folder }

// MarshalText gives the folder.
func (s Store) MarshalText() ([]byte, error) { return []byte(s.folder), nil }

// UnmarshalText is NewStore.
func (s *Store) UnmarshalText(folder []byte) (err error) {
	*s, err = NewStore(string(folder))
	return err
}

// IsZero tells whether there is no folder, so that a configuration can leave it out.
func (s Store) IsZero() bool { return s.folder == "" }

// Architectures lists the architectures whose graphs come with the program.
func Architectures() []string {
	entries, _ := embedded.ReadDir("topologies") // cannot fail: the folder is in the program
	var names []string
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names
}
