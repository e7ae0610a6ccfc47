package ortrain

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"mslora/graphs"
	"mslora/internal/hint"
	"mslora/internal/safetensors"
)

// Model is a pretrained backbone on disk: a Hugging Face folder with config.json and model.safetensors, or the
// shards that model.safetensors.index.json lists.
type Model struct {
	Folder  string
	Config  graphs.ModelConfig
	Weights *safetensors.File
}

// OpenModel reads the configuration and maps the weights of a folder. Errors name the file and what was
// expected in it.
func OpenModel(folder string) (*Model, error) {
	config, err := graphs.ReadModelConfig(filepath.Join(folder, "config.json"))
	if err != nil {
		return nil, err
	}
	weights, err := openWeights(folder)
	if err != nil {
		return nil, err
	}
	return &Model{Folder: folder, Config: config, Weights: weights}, nil
}

// openWeights prefers the single file, as transformers does.
func openWeights(folder string) (*safetensors.File, error) {
	path, index := filepath.Join(folder, "model.safetensors"), filepath.Join(folder, "model.safetensors.index.json")
	weights, err := safetensors.Open(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return weights, err
	}
	if weights, indexErr := safetensors.OpenIndex(index); indexErr == nil || fileExists(index) {
		return weights, indexErr
	}
	return nil, hint.New("save the model as safetensors: model.safetensors, or shards with model.safetensors.index.json", "%w", err)
}

func fileExists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// Files are the paths of the weights: the file, or the index and its shards.
func (m *Model) Files() []string {
	files := m.Weights.Files()
	if files[0] != m.Weights.Path {
		files = append([]string{m.Weights.Path}, files...)
	}
	return files
}

// Close unmaps the weights. No session linked to them may run afterwards.
func (m *Model) Close() error {
	return m.Weights.Close()
}

// drawn reports whether the program draws a weight of the backbone because the model file lacks it: bge-small,
// for one, ships no pooler.
func (m *Model) drawn(name string) bool {
	_, ok := graphs.WeightName(m.Weights, name)
	return !ok && graphs.Optional(name)
}
