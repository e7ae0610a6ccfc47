package experiment

import (
	"context"

	"mslora/catalog"
	"mslora/dataset"
	"mslora/defence"
	"mslora/eval"
	"mslora/graphs"
	"mslora/internal/hint"
	"mslora/ortrain"
	"mslora/params"
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
	plan, err := emptyPlan(config)
	if err != nil {
		return eval.Scores{}, err
	}
	defer plan.Close()
	model, err := plan.model(cell.ModelFolder)
	if err != nil {
		return eval.Scores{}, err
	}
	if err := model.openTokenizer(); err != nil {
		return eval.Scores{}, err
	}
	data, err := r.dataset(cell)
	if err != nil {
		return eval.Scores{}, err
	}
	method, topologies, err := cell.graphs(r.Graphs)
	if err != nil {
		return eval.Scores{}, err
	}
	classes := tuned.Classes(topologies.Evaluate.Manifest)
	if data.Classes > classes {
		return eval.Scores{}, hint.New("score it on data with the labels it was trained for",
			"%s tells %d classes apart, the data has %d", r.Folder, classes, data.Classes)
	}
	evaluator, err := ortrain.NewEvaluator(model.Model, topologies, defence.Modules(cell.Hyperparameters), classes, plan.Device)
	if err != nil {
		return eval.Scores{}, err
	}
	defer evaluator.Close()
	trusted := data.Dev
	if cell.Hyperparameters.Has(params.Auxiliary) {
		if trusted, _, err = dataset.DrawAuxiliary(data.Dev, cell.Hyperparameters.Int(params.Auxiliary), cell.Seed); err != nil {
			trusted = data.Dev // of other data there may be less
		}
	}
	_, scores, err := scorer{plan, cell, method, data, prepared{trusted: trusted}, evaluator}.predict(ctx, tuned)
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
	_, topologies, err := cell.graphs(store)
	if err != nil {
		return TunedModel{}, err
	}
	model, err := ortrain.OpenModel(cell.ModelFolder)
	return TunedModel{cell, model, tuned, tuned.Classes(topologies.Evaluate.Manifest)}, err
}
