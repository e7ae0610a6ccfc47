package experiment

import (
	"fmt"
	"path/filepath"

	"mslora/graphs"
	"mslora/ortrain"
)

// Cell is one training run: everything that decides its result, as written to its config.yaml.
type Cell struct {
	Dataset      string `yaml:"dataset"` // name
	DataFolder   string `yaml:"data"`
	Attack       string `yaml:"attack"`
	Target       int    `yaml:"target"`
	Setting      string `yaml:"setting"`
	Ratio        string `yaml:"ratio"`
	Limit        int    `yaml:"limit,omitempty"`
	Model        string `yaml:"model"` // name
	ModelFolder  string `yaml:"model_folder"`
	Architecture string `yaml:"architecture"`
	Method       string `yaml:"method"`
	Seed         uint64 `yaml:"seed"`

	Hyperparameters `yaml:"hyperparameters"`

	// Checksums are the SHA-256 of what goes in: data/ROLE, model/FILE, graph/METHOD.
	Checksums map[string]string `yaml:"checksums"`
}

// identity is the cell without the places of its files: moved files are the same files.
func (c Cell) identity() Cell {
	c.DataFolder, c.ModelFolder = "", ""
	return c
}

// Folder is where the cell's files go, below out.
func (c Cell) Folder(out string) string {
	poisoned := c.Attack
	if c.Ratio != "" { // a plain folder has no poison ratio that anybody knows
		poisoned += "-" + c.Setting + "-" + c.Ratio
	}
	return filepath.Join(out, c.Dataset, poisoned, c.Model, c.Method, fmt.Sprintf("seed-%d", c.Seed))
}

func (c Cell) String() string {
	return fmt.Sprintf("%s %s %s %s seed %d", c.Dataset, c.Attack, c.Model, c.Method, c.Seed)
}

// graphs gives the cell's method and its graphs.
func (c Cell) graphs(store graphs.Store) (Method, ortrain.Topologies, error) {
	method, err := FindMethod(c.Method)
	if err != nil {
		return Method{}, ortrain.Topologies{}, err
	}
	topologies, err := method.Topologies(c.Architecture, store, c.Head)
	return method, topologies, err
}

// dataKey finds the cell's data set in a plan.
func (c Cell) dataKey() string { return c.DataFolder + "\x00" + c.Attack }
