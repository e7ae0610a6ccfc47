package experiment

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"go.yaml.in/yaml/v3"

	"mslora/catalog"
	"mslora/dataset"
	"mslora/eval"
	"mslora/graphs"
	"mslora/internal/hint"
	"mslora/internal/regular"
	"mslora/ortrain"
)

// Rescore scores the saved model of a finished cell again.
type Rescore struct {
	Folder  string // the cell's
	Data    string // data set folder, "": the cell's
	Attack  string // "": the cell's
	Graphs  graphs.Store
	Device  string
	Threads int
}

// Run predicts both test sets with the cell's best tensors.
func (r Rescore) Run(ctx context.Context) (eval.Scores, error) {
	cell, tuned, err := openCell(r.Folder)
	if err != nil {
		return eval.Scores{}, err
	}
	config := DefaultConfig()
	config.Graphs, config.Device, config.Threads = r.Graphs, r.Device, r.Threads
	device, err := config.ParseDevice()
	if err != nil {
		return eval.Scores{}, err
	}
	plan := emptyPlan(config, device)
	defer plan.Close()
	model, err := plan.model(cell.ModelFolder)
	if err != nil {
		return eval.Scores{}, err
	}
	set, err := r.dataset(cell)
	if err != nil {
		return eval.Scores{}, err
	}
	topologies, classes, err := cell.evaluates(tuned, r.Graphs)
	if err != nil {
		return eval.Scores{}, err
	}
	if set.Classes > classes {
		return eval.Scores{}, hint.New("score it on data with the labels it was trained for",
			"%s tells %d classes apart, the data has %d", r.Folder, classes, set.Classes)
	}
	evaluator, err := ortrain.NewEvaluator(model.Model, topologies, cell.Modules(), classes, plan.Device)
	if err != nil {
		return eval.Scores{}, err
	}
	defer evaluator.Close()
	_, scores, err := plan.predict(ctx, cell, set, evaluator, tuned)
	return scores, err
}

// dataset loads the cell's data, or the data asked for instead.
func (r Rescore) dataset(cell Cell) (*dataset.Dataset, error) {
	folder, options := cell.DataFolder, dataset.LoadOptions{Attack: cell.Attack, Target: cell.Target, Setting: cell.Setting, Ratio: cell.Ratio}
	if r.Data != "" {
		var err error
		if folder, err = catalog.DataFolder(r.Data); err != nil {
			return nil, err
		}
	}
	if r.Attack != "" {
		options.Attack, options.Setting = r.Attack, ""
	}
	return dataset.Load(folder, options)
}

// openCell reads a finished cell and the tuned tensors of its best epoch.
func openCell(folder string) (Cell, ortrain.Tuned, error) {
	cell, err := ReadCell(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return cell, nil, hint.New("give the folder that holds result.json", "%s is no cell of a run: it has no %s", folder, configFile)
	}
	if err != nil {
		return cell, nil, err
	}
	tuned, _, err := ortrain.LoadTuned(filepath.Join(folder, ortrain.BestFile))
	return cell, tuned, err
}

// evaluates gives the cell's graphs and the number of classes that the tuned tensors tell apart.
func (c Cell) evaluates(tuned ortrain.Tuned, store graphs.Store) (ortrain.Topologies, int, error) {
	_, topologies, err := c.graphs(store)
	if err != nil {
		return ortrain.Topologies{}, 0, err
	}
	return topologies, tuned.Classes(topologies.Evaluate.Manifest), nil
}

// TunedModel is what a finished cell has made.
type TunedModel struct {
	Cell    Cell
	Model   *ortrain.Model // the pretrained one
	Tuned   ortrain.Tuned  // of the best epoch
	Classes int
}

// OpenTuned opens the tuned model in a cell's folder; the caller closes its Model.
func OpenTuned(folder string, store graphs.Store) (TunedModel, error) {
	cell, tuned, err := openCell(folder)
	if err != nil {
		return TunedModel{}, err
	}
	_, classes, err := cell.evaluates(tuned, store)
	if err != nil {
		return TunedModel{}, err
	}
	model, err := ortrain.OpenModel(cell.ModelFolder)
	return TunedModel{cell, model, tuned, classes}, err
}

// longestCell bounds a cell's configuration, in bytes.
const longestCell = 1 << 20

// ReadCell reads the configuration that a cell's folder was made with. The error wraps fs.ErrNotExist if
// there is none.
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
