package experiment

import (
	"context"
	"os"
	"time"

	"mslora/dataset"
	"mslora/ortrain"
)

// estimateSteps are run for an estimate; the first, in which ONNX Runtime allocates its memory, is not timed.
const estimateSteps = 4

// Estimate says what a cell will cost.
type Estimate struct {
	Texts    int
	Steps    int
	Probe    int // steps of the probe that a purifier has trained before
	Readings int // texts that models read for the filter; a gradient counts as some
	Points   int // of the Fourier analysis
	StepTime time.Duration
	// Total is of all steps, dev after each epoch, the test sets, the Fourier analysis, and what a purifier or a filter has models read; without
	// what a purifier does with that. What a blind filter reads once for all seeds counts for each.
	Total  time.Duration
	Memory ortrain.Memory
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
	trainer, err := ortrain.NewTrainer(p.models[cell.ModelFolder].Model, topologies, ready.setting, p.tokenised(cell, ready), folder, p.device(cell))
	if err != nil {
		return Estimate{}, err
	}
	defer trainer.Close()
	e.Steps = trainer.Steps()
	if e.Memory, err = trainer.Memory(); err != nil {
		return Estimate{}, err
	}
	if e.StepTime, err = trainer.Measure(ctx, min(estimateSteps, e.Steps)); err != nil {
		return Estimate{}, err
	}
	answer, err := p.measureAnswers(ctx, cell, trainer, ready.dev)
	if err != nil {
		return Estimate{}, err
	}
	answers := ready.answers(len(data.TestClean) + len(data.TestPoison))
	// A probe trains every weight, as the methods that have one do: a step takes as long.
	demand, batch := method.Demand(p.bench(cell, ready, ready.suspect, nil)), ready.setting.BatchSize
	e.Probe = demand.Epochs * ((len(ready.suspect) + batch - 1) / batch)
	answers += demand.Epochs*(len(ready.suspect)+len(ready.dev)) + demand.Readings
	e.Total = time.Duration(e.Steps+e.Probe)*e.StepTime + time.Duration(answers)*answer
	readings, sifting, err := p.measureSift(ctx, cell, method, ready, data, answer)
	if err != nil {
		return Estimate{}, err
	}
	e.Readings = readings
	e.Total += sifting
	if !p.Config.Fourier.On {
		return e, nil
	}
	e.Points = fourierPoints(e.Steps, ready.setting.Epochs)
	analysis, err := p.fourierHook(cell).estimate(e.Steps, e.Points, answer)
	e.Total += analysis
	return e, err
}

// answers is how many texts training and scoring predict: dev after each epoch, and the test texts with the best epoch and the last.
func (ready prepared) answers(tests int) int { return ready.setting.Epochs*len(ready.dev) + 2*tests }

// estimateAnswers is the number of texts that are predicted for an estimate, twice: the first time, in which ONNX Runtime allocates its
// memory, is not timed.
const estimateAnswers = 64

// measureAnswers predicts some of the texts, from all over them, and gives the mean time of one.
func (p *Plan) measureAnswers(ctx context.Context, cell Cell, trainer *ortrain.Trainer, texts []dataset.Text) (time.Duration, error) {
	var some []dataset.Text
	n := min(len(texts), estimateAnswers)
	for i := range n {
		some = append(some, texts[i*len(texts)/n])
	}
	examples, evaluator := p.examples(cell, some), trainer.Evaluator()
	if err := evaluator.Use(trainer.LastTuned()); err != nil {
		return 0, err
	}
	var begin time.Time
	for range 2 {
		begin = time.Now()
		if _, err := evaluator.Logits(ctx, examples); err != nil {
			return 0, err
		}
	}
	return time.Since(begin) / time.Duration(max(1, n)), nil
}
