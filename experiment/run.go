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
	"time"

	"go.yaml.in/yaml/v3"

	"mslora/dataset"
	"mslora/eval"
	"mslora/internal/atomicfile"
	"mslora/internal/folderlock"
	"mslora/internal/hint"
	"mslora/ortrain"
)

// Files of a cell's folder, beside ortrain.BestFile and, while it trains, its checkpoint.
const (
	configFile      = "config.yaml"
	metricsFile     = "metrics.jsonl"
	predictionsFile = "predictions.csv"
	ResultFile      = "result.json"
)

// Run trains and scores one cell, or gives the result of a finished one. A cell that was interrupted goes
// on from its checkpoint. With force the cell starts anew. Training calls the hooks.
func (p *Plan) Run(ctx context.Context, cell Cell, force bool, hooks ...ortrain.Hook) (eval.Result, error) {
	folder := p.Folder(cell)
	if err := os.MkdirAll(folder, 0o755); err != nil {
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
		if err := clear(folder); err != nil {
			return eval.Result{}, err
		}
	}
	if err := claim(folder, cell); err != nil {
		return eval.Result{}, err
	}
	result, err := eval.ReadResult(filepath.Join(folder, ResultFile))
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return result, err
	}
	return p.train(ctx, cell, folder, hooks)
}

// Finished tells whether the cell has a result.
func (p *Plan) Finished(cell Cell) bool {
	_, err := os.Stat(filepath.Join(p.Folder(cell), ResultFile))
	return err == nil
}

// clear removes what an earlier run left.
func clear(folder string) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := os.Remove(filepath.Join(folder, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// claim records the cell's configuration in its folder. A folder with another configuration is an error:
// its results would be taken for this one's.
func claim(folder string, cell Cell) error {
	path := filepath.Join(folder, configFile)
	present, err := ReadCell(folder)
	if errors.Is(err, fs.ErrNotExist) {
		text, err := yaml.Marshal(cell)
		if err != nil {
			return err
		}
		return atomicfile.WriteFile(path, text, 0o644)
	}
	if err != nil {
		return err
	}
	was, err := yaml.Marshal(present.identity())
	if err != nil {
		return err
	}
	is, err := yaml.Marshal(cell.identity())
	if err != nil {
		return err
	}
	if !bytes.Equal(was, is) {
		return hint.New("give another --out, or --force to train it again",
			"%s was made with another configuration: %s", folder, firstDifference(was, is))
	}
	return nil
}

// firstDifference names the first line in which two YAML texts differ.
func firstDifference(present, wanted []byte) string {
	was, is := bytes.Split(present, []byte("\n")), bytes.Split(wanted, []byte("\n"))
	for i := range min(len(was), len(is)) {
		if !bytes.Equal(was[i], is[i]) {
			return fmt.Sprintf("%q there, %q now", bytes.TrimSpace(was[i]), bytes.TrimSpace(is[i]))
		}
	}
	return "one of them is longer"
}

func (p *Plan) train(ctx context.Context, cell Cell, folder string, hooks []ortrain.Hook) (eval.Result, error) {
	started := time.Now()
	model := p.models[cell.ModelFolder]
	set := p.datasets[cell.dataKey()]
	method, topologies, err := cell.graphs(p.Config.Graphs)
	if err != nil {
		return eval.Result{}, err
	}
	setting, data, err := p.prepare(cell, method, set)
	if err != nil {
		return eval.Result{}, err
	}
	trainer, err := ortrain.NewTrainer(model.Model, topologies, setting, data, folder, p.Device)
	if err != nil {
		return eval.Result{}, err
	}
	defer trainer.Close()
	if err := trainer.Run(ctx, append([]ortrain.Hook{metrics{folder: folder}}, hooks...)...); err != nil {
		return eval.Result{}, err
	}
	result, err := p.score(ctx, cell, folder, set, trainer)
	if err != nil {
		return eval.Result{}, err
	}
	result.Started, result.Finished = started, time.Now()
	if err := p.describe(&result, cell); err != nil {
		return eval.Result{}, err
	}
	if err := result.Write(filepath.Join(folder, ResultFile)); err != nil {
		return eval.Result{}, err
	}
	return result, trainer.Finish()
}

// Trained gives what a finished cell has made: the pretrained model and the tuned tensors of the best epoch. The
// model is open until the plan is closed.
func (p *Plan) Trained(cell Cell) (*ortrain.Model, ortrain.Tuned, error) {
	tuned, _, err := ortrain.LoadTuned(filepath.Join(p.Folder(cell), ortrain.BestFile))
	return p.models[cell.ModelFolder].Model, tuned, err
}

// prepare turns a cell into a training setting and tokenised data.
func (p *Plan) prepare(cell Cell, method Method, set *dataset.Dataset) (ortrain.Setting, ortrain.Data, error) {
	setting := ortrain.Setting{
		Modules: cell.Modules(),
		Epochs:  cell.Epochs, BatchSize: cell.BatchSize, LearningRate: cell.LearningRate, ClipNorm: cell.ClipNorm,
		Optimizer: ortrain.DefaultAdamW, Classes: set.Classes, Seed: cell.Seed, SaveEvery: p.Config.SaveEvery,
	}
	setting.Optimizer.WeightDecay = cell.WeightDecay
	data := ortrain.Data{Train: p.examples(cell, set.Train)}
	dev := set.Dev
	if method.Aligned {
		auxiliary := set.Trusted
		if len(auxiliary) == 0 {
			var err error
			if auxiliary, dev, err = dataset.DrawAuxiliary(dev, cell.Auxiliary, cell.Seed); err != nil {
				return setting, data, err
			}
		}
		data.Auxiliary = p.examples(cell, auxiliary)
		var err error
		if setting.Align, err = cell.Alignment(); err != nil {
			return setting, data, err
		}
	}
	data.Dev = p.examples(cell, dev)
	return setting, data, nil
}

// metrics is the hook that keeps metrics.jsonl.
type metrics struct {
	ortrain.NoHook
	folder string
}

// Epoch replaces the file: one line for each finished epoch.
func (m metrics) Epoch(_ context.Context, _ *ortrain.Run, history []ortrain.EpochRecord) error {
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
