package ortrain

import (
	"path/filepath"
	"strings"

	"mslora/graphs"
	"mslora/internal/safetensors"
)

// Model is a pretrained backbone on disk: a Hugging Face folder with config.json and model.safetensors.
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
	weights, err := safetensors.Open(filepath.Join(folder, "model.safetensors"))
	if err != nil {
		return nil, err
	}
	return &Model{Folder: folder, Config: config, Weights: weights}, nil
}

// Close unmaps the weights. No session linked to them may run afterwards.
func (m *Model) Close() error { return m.Weights.Close() }

// missingPooler reports whether name belongs to the pooler and the model file lacks it: bge-small, for one,
// ships none. It is the only part of a backbone that is drawn when it is missing.
func (m *Model) missingPooler(name string) bool {
	_, ok := graphs.WeightName(m.Weights, name)
	return !ok && strings.HasPrefix(name, "pooler.")
}
