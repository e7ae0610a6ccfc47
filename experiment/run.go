package experiment

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"mslora/dataset"
	"mslora/defence"
	"mslora/eval"
	"mslora/internal/atomicfile"
	"mslora/internal/folderlock"
	"mslora/ortrain"
	"mslora/params"
)

// Run trains and scores one cell, or gives the result of a finished one. A cell that was interrupted goes on from its
// checkpoint. With force the cell starts anew. The error wraps folderlock.ErrLocked if another program has the cell, and
// is one that Refused tells if its folder holds something else.
func (p *Plan) Run(ctx context.Context, cell Cell, force bool, hooks ...ortrain.Hook) (eval.Result, error) {
	folder := p.Folder(cell)
	if !force && p.Finished(cell) { // needs no lock: nothing is written
		if err := p.Conflict(cell, false); err != nil {
			return eval.Result{}, err
		}
		return eval.ReadResult(filepath.Join(folder, ResultFile))
	}
	if err := p.Conflict(cell, force); err != nil {
		return eval.Result{}, err
	}
	if err := CellFolder.Claim(folder); err != nil {
		return eval.Result{}, err
	}
	unlock, err := folderlock.Lock(folder, "training")
	if err != nil {
		return eval.Result{}, err
	}
	defer unlock()
	if err := atomicfile.Clean(folder); err != nil {
		return eval.Result{}, err
	}
	if force {
		if err := CellFolder.Clear(folder); err != nil {
			return eval.Result{}, err
		}
	}
	if err := p.claim(cell); err != nil {
		return eval.Result{}, err
	}
	result, err := eval.ReadResult(filepath.Join(folder, ResultFile)) // of a program that had the lock before
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return result, err
	}
	result, err = p.train(ctx, cell, folder, force, hooks)
	if err != nil && ctx.Err() == nil {
		p.fail(cell, err)
	}
	return result, err
}

// train purifies, fits an expert, trains and scores a cell.
func (p *Plan) train(ctx context.Context, cell Cell, folder string, anew bool, hooks []ortrain.Hook) (eval.Result, error) {
	started := time.Now()
	data, err := p.dataset(cell)
	if err != nil {
		return eval.Result{}, err
	}
	if err := data.Rejected.Write(folder); err != nil {
		return eval.Result{}, err
	}
	method, topologies, err := cell.graphs(p.Config.Graphs)
	if err != nil {
		return eval.Result{}, err
	}
	prepared, err := p.prepare(cell, method, data)
	if err != nil {
		return eval.Result{}, err
	}
	purified, err := p.purify(ctx, cell, method, folder, prepared, hooks)
	if err != nil {
		return eval.Result{}, err
	}
	prepared.train, prepared.dev, prepared.weights = purified.train, purified.dev, purified.weights
	if prepared.expert, err = p.consult(ctx, cell, method, prepared, hooks); err != nil {
		return eval.Result{}, err
	}
	training, err := p.finishTraining(ctx, cell, method, topologies, prepared, folder, anew, hooks)
	if err != nil {
		return eval.Result{}, err
	}
	defer training.close()
	result, err := p.score(ctx, cell, method, folder, data, prepared, training, hooks)
	if err != nil {
		return eval.Result{}, err
	}
	result.Purified = purified.record
	result.Started, result.Finished = started, time.Now()
	if err := p.describe(&result, cell); err != nil {
		return eval.Result{}, err
	}
	if err := result.Write(filepath.Join(folder, ResultFile)); err != nil {
		return eval.Result{}, err
	}
	if training.trainer == nil {
		return result, nil
	}
	return result, training.trainer.Finish()
}

// Trained gives what a finished cell has made: the pretrained model and the tuned tensors of the best epoch. The
// model is open until the plan is closed.
func (p *Plan) Trained(cell Cell) (*ortrain.Model, ortrain.Tuned, error) {
	tuned, _, err := ortrain.LoadTuned(filepath.Join(p.Folder(cell), ortrain.BestFile))
	return p.models[cell.ModelFolder].Model, tuned, err
}

// prepared is a cell's training setting, with the texts of each purpose.
type prepared struct {
	setting    ortrain.Setting
	train, dev []dataset.Text
	weights    []float32      // of train in the loss, 0 counts as 1; nil: all weigh the same
	auxiliary  []dataset.Text // nil if the method does not align
	suspect    []dataset.Text // what a purifier decides on: train and, if it is of the same origin, dev; train if there is none
	trusted    []dataset.Text // those that are named, or drawn from dev; for a method that draws none, dev
	expert     [][]float32    // what the method's expert says of each text of train; nil without one
}

// prepare turns a cell into a training setting and its texts.
func (p *Plan) prepare(cell Cell, method defence.Method, data *dataset.Dataset) (prepared, error) {
	h := cell.Hyperparameters
	rule, err := method.Rule(h)
	if err != nil {
		return prepared{}, err
	}
	setting := ortrain.Setting{
		Modules: defence.Modules(h), Align: rule,
		Epochs: h.Int(params.Epochs), BatchSize: h.Int(params.BatchSize), LearningRate: h.Float(params.LearningRate), ClipNorm: h.Float(params.ClipNorm),
		Optimizer: ortrain.DefaultAdamW, Classes: data.Classes, Seed: cell.Seed, SaveEvery: p.Config.SaveEvery,
	}
	setting.Optimizer.WeightDecay = h.Float(params.WeightDecay)
	ready := prepared{setting: setting, train: data.Train, dev: data.Dev, trusted: data.Dev}
	switch {
	case p.single != nil: // somebody's own texts: what they do not call trusted is not
		ready.trusted = data.Trusted
	case h.Has(params.Auxiliary):
		if ready.trusted, ready.dev, err = dataset.DrawAuxiliary(data.Dev, h.Int(params.Auxiliary), cell.Seed); err != nil {
			return prepared{}, err
		}
	}
	ready.suspect = ready.train
	if method.Purifier != nil && data.DevOfTrain {
		ready.suspect = slices.Concat(ready.train, ready.dev)
	}
	if rule != nil {
		ready.auxiliary = ready.trusted
	}
	return ready, nil
}

// tokenised gives the texts as training reads them, with their weights and what an expert says of them.
func (p *Plan) tokenised(cell Cell, ready prepared) ortrain.Data {
	d := ortrain.Data{Train: p.examples(cell, ready.train), Dev: p.examples(cell, ready.dev)}
	for i, weight := range ready.weights {
		d.Train[i].Weight = weight
	}
	for i, scores := range ready.expert {
		d.Train[i].Expert = scores
	}
	if ready.auxiliary != nil {
		d.Auxiliary = p.examples(cell, ready.auxiliary)
	}
	if cell.Hyperparameters.Word(params.ClassWeights) == params.WeightsBalanced {
		// Each by its own counts, so that the two gradients that alignment compares, and the accuracy that chooses the epoch,
		// are means over the classes, however often each occurs among the trusted texts.
		balance(d.Train)
		balance(d.Auxiliary)
		balance(d.Dev)
	}
	return d
}

// metrics is the hook that writes metrics.jsonl: one line for each finished epoch.
type metrics struct {
	ortrain.NoHook
	folder string
}

func (m *metrics) Epoch(_ context.Context, _ *ortrain.Run, history []ortrain.EpochRecord) error {
	var lines bytes.Buffer
	encoder := json.NewEncoder(&lines)
	for _, epoch := range history {
		if err := encoder.Encode(epoch); err != nil {
			return err
		}
	}
	return atomicfile.WriteFile(filepath.Join(m.folder, metricsFile), lines.Bytes(), 0o644)
}

// ReadMetrics reads what a finished cell's folder tells about its epochs.
func ReadMetrics(folder string) ([]ortrain.EpochRecord, error) {
	path := filepath.Join(folder, metricsFile)
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var history []ortrain.EpochRecord
	for decoder := json.NewDecoder(bytes.NewReader(data)); decoder.More(); {
		var epoch ortrain.EpochRecord
		if err := decoder.Decode(&epoch); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		history = append(history, epoch)
	}
	return history, nil
}
