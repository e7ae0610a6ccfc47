package experiment

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"mslora/eval"
	"mslora/internal/atomicfile"
	"mslora/internal/hint"
	"mslora/internal/regular"
)

// PlannedCell is a cell as a plan file lists it.
type PlannedCell struct {
	Folder string `yaml:"folder"` // below that of the plan file, with slashes
	Title  string `yaml:"title"`
}

// PlanFile is what one `mslora run` was asked for, as it stands in its --out: a file of two YAML documents. The first is the
// configuration, so that `mslora run --config` takes the file as it is. The second lists the cells, so that it can be told which of
// them are missing where data and models are not at hand.
type PlanFile struct {
	Path  string
	Out   string // of the configuration
	Cells []PlannedCell
}

// planCells is the second document.
type planCells struct {
	Cells []PlannedCell `yaml:"cells"`
}

const planNote = "# What mslora run was asked for. `mslora run --config` with this file goes on with it; `mslora report` tells what is missing.\n"

// Record leaves the plan in its --out. Its name is a checksum of its cells: other plans have files of their own there, and the same
// cells asked for again, with more threads perhaps, replace the file.
func (p *Plan) Record() error {
	var all planCells
	var folders []string
	for _, cell := range p.Cells {
		folder := filepath.ToSlash(cell.Folder(""))
		folders, all.Cells = append(folders, folder), append(all.Cells, PlannedCell{Folder: folder, Title: p.Title(cell)})
	}
	slices.Sort(folders)
	sum := sha256.Sum256([]byte(strings.Join(folders, "\n")))
	config, err := yaml.Marshal(p.Config)
	if err != nil {
		return err
	}
	cells, err := yaml.Marshal(all)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(p.Config.Out, 0o755); err != nil {
		return err
	}
	name := planPrefix + hex.EncodeToString(sum[:5]) + planSuffix
	return atomicfile.WriteFile(filepath.Join(p.Config.Out, name), slices.Concat([]byte(planNote), config, []byte("---\n"), cells), 0o644)
}

// Names of plan files.
const (
	planPrefix = "plan-"
	planSuffix = ".yaml"
)

// FindPlans gives the paths of the plan files below folders.
func FindPlans(folders []string) ([]string, error) {
	return eval.Find(folders, func(name string) bool {
		middle, isPlan := strings.CutPrefix(name, planPrefix)
		middle, isYAML := strings.CutSuffix(middle, planSuffix)
		sum, err := hex.DecodeString(middle)
		return isPlan && isYAML && err == nil && len(sum) == 5
	})
}

// longestPlan bounds a plan file, in bytes.
const longestPlan = 16 << 20

// ReadPlan reads a plan file.
func ReadPlan(path string) (PlanFile, error) {
	data, err := regular.Read(path, longestPlan)
	if err != nil {
		return PlanFile{}, err
	}
	plan, err := parsePlan(data)
	if err != nil {
		return PlanFile{}, hint.New("remove it; the same `mslora run` writes it again", "%s: no plan of mslora run: %w", path, err)
	}
	plan.Path = path
	return plan, nil
}

// parsePlan takes no more of the configuration than where it put the cells: the rest may be another version's.
func parsePlan(data []byte) (PlanFile, error) {
	var config struct {
		Out string `yaml:"out"`
	}
	var listed planCells
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	for _, document := range []any{&config, &listed} {
		if err := decoder.Decode(document); errors.Is(err, io.EOF) {
			return PlanFile{}, errors.New("it is cut short")
		} else if err != nil {
			return PlanFile{}, errors.New(strings.ReplaceAll(strings.TrimPrefix(err.Error(), "yaml: "), "\n", ""))
		}
	}
	if len(listed.Cells) == 0 {
		return PlanFile{}, errors.New("it lists no cells")
	}
	for _, cell := range listed.Cells {
		if local := filepath.FromSlash(cell.Folder); !filepath.IsLocal(local) || path.Clean(cell.Folder) != cell.Folder {
			return PlanFile{}, fmt.Errorf("%s is no folder below it", hint.Quote(cell.Folder))
		}
	}
	return PlanFile{Out: config.Out, Cells: listed.Cells}, nil
}

// FolderOf gives where a cell's files go.
func (f PlanFile) FolderOf(cell PlannedCell) string {
	return filepath.Join(filepath.Dir(f.Path), filepath.FromSlash(cell.Folder))
}
