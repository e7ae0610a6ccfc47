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
	Texts    int
	Steps    int
	StepTime time.Duration
	Total    time.Duration // all steps; evaluation comes to a few percent more
	Memory   ortrain.Memory
}

// Estimate runs a few real training steps for each kind of cell, all of whose seeds cost the same, and scales them up.
// Nothing is written below the output folder.
func (p *Plan) Estimate(ctx context.Context) ([]Estimate, error) {
	measured := map[string]Estimate{}
	var all []Estimate
	for _, cell := range p.Cells {
		kind := cell
		kind.Seed = 0
		key := kind.ID()
		e, ok := measured[key]
		if !ok {
			var err error
			if e, err = p.measure(ctx, cell); err != nil {
				return nil, err
			}
			measured[key] = e
		}
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
	data, err := p.dataset(cell)
	if err != nil {
		return Estimate{}, err
	}
	ready, err := p.prepare(cell, method, data)
	if err != nil {
		return Estimate{}, err
	}
	e := Estimate{Texts: len(ready.train)}
	trainer, err := ortrain.NewTrainer(p.models[cell.ModelFolder].Model, topologies, ready.setting, p.tokenised(cell, ready), folder, p.Device)
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
