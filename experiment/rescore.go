package experiment

import (
	"context"
	"errors"

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
	Folder  string // the cell's, as FindCell finds it
	Data    string // data set folder, "": the cell's
	Attack  string // "": the cell's
	Graphs  graphs.Store
	Device  string
	Threads int
}

// Rescoring has read everything that Rescore names.
type Rescoring struct {
	scorer
	Notice string // as in Plan
	tuned  ortrain.Tuned
}

// Open reads and checks everything; the caller closes what it gives.
func (r Rescore) Open() (_ *Rescoring, err error) {
	cell, tuned, err := openCell(r.Folder)
	if err != nil {
		return nil, err
	}
	config := DefaultConfig()
	config.Graphs, config.Device, config.Threads = r.Graphs, r.Device, r.Threads
	if cell.Precision == ortrain.PrecisionInt8 {
		config.Precision = List[string]{cell.Precision}
	}
	plan, err := emptyPlan(config)
	if err != nil {
		return nil, err
	}
	s := &Rescoring{scorer: scorer{plan: plan, cell: cell, watch: &siftWatch{}}, Notice: plan.Notice, tuned: tuned}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	model, err := plan.model(cell.ModelFolder)
	if err != nil {
		return nil, err
	}
	if err := model.openTokenizer(); err != nil {
		return nil, err
	}
	if s.data, err = r.dataset(cell); err != nil {
		return nil, err
	}
	method, topologies, err := cell.graphs(r.Graphs)
	if err != nil {
		return nil, err
	}
	classes := tuned.Classes(topologies.Evaluate.Manifest)
	if s.data.Classes > classes {
		return nil, hint.New("score it on data with the labels it was trained for",
			"%s tells %d classes apart, the data has %d", r.Folder, classes, s.data.Classes)
	}
	s.method, s.ready = method, prepared{trusted: trustedOf(cell, s.data)}
	s.evaluator, err = ortrain.NewEvaluator(model.Model, topologies, defence.Modules(cell.Hyperparameters), classes, plan.precisions[0])
	return s, err
}

// trustedOf gives the texts that the cell's method may trust: those that gradients were aligned to, or else dev.
func trustedOf(cell Cell, data *dataset.Dataset) []dataset.Text {
	if cell.Hyperparameters.Has(params.Auxiliary) {
		drawn, _, err := dataset.DrawAuxiliary(data.Dev, cell.Hyperparameters.Int(params.Auxiliary), cell.Seed)
		if err == nil { // other data may have fewer
			return drawn
		}
	}
	return data.Dev
}

// Scores predicts both test sets with the cell's best tensors.
func (s *Rescoring) Scores(ctx context.Context) (eval.Scores, error) {
	_, scores, err := s.predict(ctx, s.tuned)
	return scores, err
}

// Close releases the model.
func (s *Rescoring) Close() error {
	var err error
	if s.evaluator != nil {
		err = s.evaluator.Close()
	}
	return errors.Join(err, s.plan.Close())
}

// dataset loads the cell's data, or the data asked for instead.
func (r Rescore) dataset(cell Cell) (*dataset.Dataset, error) {
	folder, options := cell.DataFolder, dataset.LoadOptions{Attack: cell.Attack, Target: cell.Target, Setting: cell.Setting, Ratio: cell.Ratio, Reading: cell.Reading}
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
	Folder  string // where it was found
	Cell    Cell
	Model   *ortrain.Model // the pretrained one
	Tuned   ortrain.Tuned  // of the best epoch
	Classes int
}

// OpenTuned opens the tuned model in a cell's folder, found as FindCell says; the caller closes its Model.
func OpenTuned(folder string, store graphs.Store) (TunedModel, error) {
	folder, err := FindCell(folder)
	if err != nil {
		return TunedModel{}, err
	}
	cell, tuned, err := openCell(folder)
	if err != nil {
		return TunedModel{}, err
	}
	_, topologies, err := cell.graphs(store)
	if err != nil {
		return TunedModel{}, err
	}
	model, err := ortrain.OpenModel(cell.ModelFolder)
	return TunedModel{folder, cell, model, tuned, tuned.Classes(topologies.Evaluate.Manifest)}, err
}
