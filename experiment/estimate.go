package experiment

import (
	"context"
	"os"
	"time"

	"mslora/ortrain"
)

// estimateSteps are run for an estimate; the first, in which ONNX Runtime allocates its memory, is not timed.
const estimateSteps = 4

// Estimate says what a cell will cost.
type Estimate struct {
	Finished bool // the cell has a result already
	Texts    int
	Steps    int
	StepTime time.Duration
	Total    time.Duration // all steps; evaluation comes to a few percent more
	Memory   ortrain.Memory
}

// Estimate runs a few real training steps for each kind of cell (data set, model, method and
// hyperparameters) and scales them up. Nothing is written below the output folder.
func (p *Plan) Estimate(ctx context.Context) ([]Estimate, error) {
	measured := map[string]Estimate{}
	var all []Estimate
	for _, cell := range p.Cells {
		kind := cell
		kind.Seed = 0
		key := kind.Folder("")
		e, ok := measured[key]
		if !ok {
			var err error
			if e, err = p.measure(ctx, cell); err != nil {
				return nil, err
			}
			measured[key] = e
		}
		e.Finished = p.Finished(cell)
		all = append(all, e)
	}
	return all, nil
}

func (p *Plan) measure(ctx context.Context, cell Cell) (Estimate, error) {
	folder, err := os.MkdirTemp("", "mslora-estimate-")
	if err != nil {
		return Estimate{}, err
	}
	defer os.RemoveAll(folder)
	method, topologies, err := cell.graphs(p.Config.Graphs)
	if err != nil {
		return Estimate{}, err
	}
	setting, data, err := p.prepare(cell, method, p.datasets[cell.dataKey()])
	if err != nil {
		return Estimate{}, err
	}
	e := Estimate{Texts: len(data.Train)}
	trainer, err := ortrain.NewTrainer(p.models[cell.ModelFolder].Model, topologies, setting, data, folder, p.Device)
	if err != nil {
		return Estimate{}, err
	}
	defer trainer.Close()
	e.Steps = trainer.Steps()
	if e.Memory, err = trainer.Memory(); err != nil {
		return Estimate{}, err
	}
	e.StepTime, err = trainer.Measure(ctx, min(estimateSteps, e.Steps))
	e.Total = time.Duration(e.Steps) * e.StepTime
	return e, err
}
