package experiment

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"

	"go.yaml.in/yaml/v3"

	"mslora/dataset"
	"mslora/defence"
	"mslora/graphs"
	"mslora/internal/hint"
	"mslora/internal/regular"
	"mslora/ortrain"
	"mslora/params"
)

// Cell is one training run: everything that decides its result, as written to its config.yaml. Cells are the same if
// their configurations are, wherever data and model lie.
type Cell struct {
	Dataset      string          `yaml:"dataset"` // name
	DataFolder   string          `yaml:"data"`
	Attack       string          `yaml:"attack"`
	Target       int             `yaml:"target"`
	Setting      string          `yaml:"setting"`
	Ratio        string          `yaml:"ratio"`
	Limit        int             `yaml:"limit,omitempty"`
	Reading      dataset.Reading `yaml:"reading,omitempty"` // as in Config
	Model        string          `yaml:"model"`             // name
	ModelFolder  string          `yaml:"model_folder"`
	Architecture string          `yaml:"architecture"`
	Method       string          `yaml:"method"`
	Seed         uint64          `yaml:"seed"`
	Device       string          `yaml:"device"`    // its kind: cpu or cuda
	Precision    string          `yaml:"precision"` // as Device.Precision says

	Hyperparameters params.Values `yaml:"hyperparameters"`

	// Checksums are the SHA-256 of what goes in: data/ROLE, model/FILE, graph/METHOD.
	Checksums map[string]string `yaml:"checksums"`
}

// identity is the cell without the places of its files: moved files are the same files.
func (c Cell) identity() Cell {
	c.DataFolder, c.ModelFolder = "", ""
	return c
}

// ID tells the cell from all others: ten hexadecimal digits of the SHA-256 of its configuration, without the places of
// files.
func (c Cell) ID() string {
	text, err := yaml.Marshal(c.identity())
	if err != nil {
		panic(err) // of strings, numbers and maps of them
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:5])
}

// Folder is where the cell's files go, below out. Its last part has the seed and the ID, so cells that differ in any
// setting have folders of their own.
func (c Cell) Folder(out string) string {
	return filepath.Join(c.group(out), fmt.Sprintf("seed-%d-%s", c.Seed, c.ID()))
}

// group is the folder of all seeds and settings of a method.
func (c Cell) group(out string) string {
	poisoned := c.Attack
	if c.Ratio != "" { // a plain folder has no poison ratio that anybody knows
		if c.Setting != "" {
			poisoned += "-" + c.Setting
		}
		poisoned += "-" + c.Ratio
	}
	return filepath.Join(out, c.Dataset, poisoned, c.Model, c.Method)
}

func (c Cell) String() string {
	return fmt.Sprintf("%s %s %s %s seed %d", c.Dataset, c.Attack, c.Model, c.Method, c.Seed)
}

// graphs gives the cell's method and its graphs.
func (c Cell) graphs(store graphs.Store) (defence.Method, ortrain.Topologies, error) {
	method, err := defence.Find(c.Method)
	if err != nil {
		return method, ortrain.Topologies{}, err
	}
	topologies, err := method.Topologies(c.Architecture, store, c.Hyperparameters)
	return method, topologies, err
}

// longestCell bounds a cell's configuration, in bytes.
const longestCell = 1 << 20

// ReadCell reads the configuration that a cell's folder was made with. The error wraps fs.ErrNotExist if there is none.
// Folders of version 0.1.0 are read too; their cells have no device and precision.
func ReadCell(folder string) (Cell, error) {
	path := filepath.Join(folder, configFile)
	data, err := regular.Read(path, longestCell)
	if err != nil {
		return Cell{}, err
	}
	var cell Cell
	if err := yaml.Unmarshal(data, &cell); err != nil {
		return Cell{}, &hint.Error{Err: fmt.Errorf("%s: %w", path, err), Hint: "it was damaged; --force trains the cell anew"}
	}
	return cell, nil
}

// openCell reads a finished cell, found as FindCell says, and the tuned tensors of its best epoch.
func openCell(folder string) (Cell, ortrain.Tuned, error) {
	folder, err := FindCell(folder)
	if err != nil {
		return Cell{}, nil, err
	}
	cell, err := ReadCell(folder)
	if err != nil {
		return cell, nil, err
	}
	tuned, _, err := ortrain.LoadTuned(filepath.Join(folder, ortrain.BestFile))
	return cell, tuned, err
}
