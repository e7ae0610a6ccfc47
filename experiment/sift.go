package experiment

import (
	"context"
	"fmt"
	"slices"
	"time"

	"mslora/dataset"
	"mslora/defence"
	"mslora/ortrain"
)

// sifted are texts as the model gets them, and what the filter did to each.
type sifted struct {
	texts            []dataset.Text
	flagged, touched []bool // touched: flagged or rewritten
}

// siftedKey tells what a blind filter said of the test texts of a data set.
type siftedKey struct {
	data           *dataset.Dataset
	filter, values string
}

// sift lets the method's filter look at the test texts; without one they stay as they are. What a blind filter says is kept: the model of
// the last epoch, and those of other seeds, need not wait for it again.
func (s scorer) sift(ctx context.Context, tuned ortrain.Tuned) (sifted, error) {
	if !s.method.Blind() {
		return s.siftAnew(ctx, tuned)
	}
	name := s.method.Filter.Name()
	key := siftedKey{s.data, name, fmt.Sprint(s.cell.Hyperparameters.Only([]string{name}))}
	if s.plan.siftedBy == key {
		return s.plan.sifted, nil
	}
	result, err := s.siftAnew(ctx, tuned)
	if err == nil {
		s.plan.sifted, s.plan.siftedBy = result, key
	}
	return result, err
}

func (s scorer) siftAnew(ctx context.Context, tuned ortrain.Tuned) (sifted, error) {
	texts := slices.Concat(s.data.TestClean, s.data.TestPoison)
	result := sifted{texts, make([]bool, len(texts)), make([]bool, len(texts))}
	language := &language{plan: s.plan, cell: s.cell}
	defer language.close()
	var row *defence.WordRow
	defer func() { row.Close() }()
	bench := s.plan.siftBench(s.cell, s.ready, s.data)
	bench.Progress = s.watch.say
	bench.Vectors = func(ctx context.Context, texts []string) ([][]float32, error) {
		return s.evaluator.Vectors(ctx, s.plan.examples(s.cell, unlabelled(texts)))
	}
	bench.Logits = func(ctx context.Context, texts []string) ([][]float32, error) {
		s.evaluator.Progress = s.watch.reading(len(texts))
		defer func() { s.evaluator.Progress = nil }()
		return s.evaluator.Logits(ctx, s.plan.examples(s.cell, unlabelled(texts)))
	}
	bench.LogProbabilities = func(ctx context.Context, texts []string, longest int) ([][]float32, error) {
		defer s.watch.reading(len(texts))(1)
		return language.logProbabilities(ctx, texts, longest)
	}
	bench.OpenRow = func(token int32) (_ defence.Row, err error) {
		row, err = s.openRow(token, bench.Tokens, tuned)
		return watchedRow{row, s.watch}, err
	}
	sieve, err := s.method.Sieve(ctx, bench)
	if err != nil || sieve == nil {
		return result, err
	}
	before := plain(texts)
	said, err := sieve(ctx, before)
	if err != nil {
		return result, err
	}
	for i, s := range said {
		result.texts[i].Text, result.flagged[i], result.touched[i] = s.Text, s.Flagged, s.Flagged || s.Text != before[i]
	}
	return result, nil
}

// plain are texts without their labels.
func plain(texts []dataset.Text) []string {
	all := make([]string, len(texts))
	for i, t := range texts {
		all[i] = t.Text
	}
	return all
}

// openRow opens the tuned model so that a token's embedding can be changed. encode gives the tokens of a text.
func (s scorer) openRow(token int32, encode func(text string) []int32, tuned ortrain.Tuned) (*defence.WordRow, error) {
	full, err := s.plan.Config.Graphs.Load(s.cell.Architecture, "full")
	if err != nil {
		return nil, err
	}
	model := s.plan.models[s.cell.ModelFolder].Model
	row, err := ortrain.NewWordRow(model, full, defence.Modules(s.cell.Hyperparameters), tuned, s.data.Classes, s.plan.Device, token)
	if err != nil {
		return nil, err
	}
	return &defence.WordRow{Row: row, Encode: encode}, nil
}

// siftWatch tells what a filter does, and how long the cell still takes: from how fast texts were read, and how many are left.
type siftWatch struct {
	hooks     []ortrain.Hook
	stage     string
	begun     time.Time
	done, all float64 // readings; all is an estimate
}

// siftReadings is how many texts a filter has read to look at the test texts with one model. A gradient counts as some.
func (p *Plan) siftReadings(cell Cell, method defence.Method, ready prepared, data *dataset.Dataset) float64 {
	demand := method.SiftingDemand(p.siftBench(cell, ready, data), plain(slices.Concat(data.TestClean, data.TestPoison)))
	return float64(demand.Readings) + frozenReadings*float64(demand.Gradients)
}

// siftBench is what is known of a filter's bench before training. Classes are the data's: a cell that is scored again is not prepared for training.
func (p *Plan) siftBench(cell Cell, ready prepared, data *dataset.Dataset) defence.Bench {
	bench := p.bench(cell, ready, nil, nil)
	bench.Classes, bench.Protected = data.Classes, protected(data)
	return bench
}

func (w *siftWatch) say(stage string) {
	w.stage = stage
	tell(w.hooks, stage, w.left(time.Now()))
}

// reading takes note that texts are read: what it gives is told the share that has been.
func (w *siftWatch) reading(texts int) func(share float64) {
	before := w.done
	return func(share float64) {
		if w.done = before + share*float64(texts); w.stage != "" {
			w.say(w.stage)
		}
	}
}

// left is the time until the filter is done; 0 if nothing tells it yet.
func (w *siftWatch) left(now time.Time) time.Duration {
	if w.done == 0 {
		return 0
	}
	return time.Duration(float64(now.Sub(w.begun)) / w.done * max(0, w.all-w.done))
}

// watchedRow tells how much of it is read.
type watchedRow struct {
	*defence.WordRow
	watch *siftWatch
}

func (r watchedRow) Logits(ctx context.Context, texts []string) ([][]float32, error) {
	defer r.watch.reading(len(texts))(1)
	return r.WordRow.Logits(ctx, texts)
}

func (r watchedRow) Gradient(ctx context.Context, texts []string, targets [][]float32) ([]float32, error) {
	defer r.watch.reading(int(frozenReadings * float64(len(texts))))(1)
	return r.WordRow.Gradient(ctx, texts, targets)
}
