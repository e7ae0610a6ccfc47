package experiment

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"mslora/defence"
	"mslora/eval"
	"mslora/internal/atomicfile"
	"mslora/internal/tensorboard"
	"mslora/ortrain"
	"mslora/params"
)

// training is a finished training: the cell's own, or that of another cell that trained on the same texts.
type training struct {
	sum       string           // what it depends on
	from      string           // the ID of the cell that it was taken from, "" if it is the cell's own
	trainer   *ortrain.Trainer // nil if it was taken over
	evaluator *ortrain.Evaluator
	history   []ortrain.EpochRecord
}

func (t training) close() error {
	if t.trainer != nil {
		return t.trainer.Close()
	}
	return t.evaluator.Close()
}

// finishTraining takes the training over from a cell that has one like it, or trains. What is taken over is the same to the bit: never
// poisoned models are the same for all attacks on a data set, and a filter is no part of a training. With anew, or
// with a Fourier analysis, it trains in any case.
func (p *Plan) finishTraining(ctx context.Context, cell Cell, method defence.Method, topologies ortrain.Topologies, ready prepared, folder string, anew bool,
	hooks []ortrain.Hook) (t training, err error) {
	data := p.tokenised(cell, ready)
	model := p.models[cell.ModelFolder].Model
	if t.sum, err = p.trainingSum(cell, method, ready.setting, data); err != nil {
		return t, err
	}
	anew = anew || p.Config.Fourier.On // what a hook measures while training cannot be taken over
	if donor := p.donor(cell, t.sum); donor != nil && !anew {
		tell(hooks, "taking the training over from "+filepath.Dir(donor.Path), 0)
		if t.history, err = takeOver(filepath.Dir(donor.Path), folder); err != nil {
			return t, err
		}
		t.from = donor.Cell
		t.evaluator, err = ortrain.NewEvaluator(model, topologies, ready.setting.Modules, ready.setting.Classes, p.device(cell))
		return t, err
	}
	if t.trainer, err = ortrain.NewTrainer(model, topologies, ready.setting, data, folder, p.device(cell)); err != nil {
		return t, err
	}
	if err := t.trainer.Run(ctx, append([]ortrain.Hook{&metrics{folder: folder}}, hooks...)...); err != nil {
		return t, errors.Join(err, t.close())
	}
	t.evaluator, t.history = t.trainer.Evaluator(), t.trainer.History()
	return t, nil
}

// trainingSum is the SHA-256 of all that decides the bits of a training. Texts are told by their tokens, so that it does not matter which file
// they came from.
func (p *Plan) trainingSum(cell Cell, method defence.Method, setting ortrain.Setting, data ortrain.Data) (string, error) {
	sums := map[string]string{}
	for name, sum := range cell.Checksums {
		if !strings.HasPrefix(name, "data/") && !strings.HasPrefix(name, "language/") { // a filter reads with the language model
			sums[name] = sum
		}
	}
	hash := sha256.New()
	err := json.NewEncoder(hash).Encode(struct {
		Checksums, Versions map[string]string
		Device, Precision   string
		Threads, Classes    int
		Seed                uint64
		Hyperparameters     params.Values
		Data                ortrain.Data
	}{sums, Versions(), cell.Device, cell.Precision, p.Device.Threads, setting.Classes, cell.Seed, cell.Hyperparameters.Only(method.TrainedParts(cell.Hyperparameters)), data})
	return hex.EncodeToString(hash.Sum(nil)), err
}

// donor gives the result of a finished cell below the plan's folder with the same training; nil if there is none.
func (p *Plan) donor(cell Cell, sum string) *eval.Result {
	if p.single != nil {
		return nil
	}
	results, _, err := eval.ReadResults(p.Config.Out)
	if err != nil {
		return nil // the cell does not need it
	}
	for _, r := range results {
		if r.Training == sum && r.Cell != cell.ID() && r.TrainedBy == "" {
			return &r
		}
	}
	return nil
}

// takeOver copies what a training has left, curves among it if there are any.
func takeOver(from, to string) ([]ortrain.EpochRecord, error) {
	for _, name := range []string{ortrain.CheckpointFile, tensorboard.FileName} { // of a training that was begun
		if err := os.Remove(filepath.Join(to, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	for _, name := range []string{ortrain.BestFile, metricsFile, tensorboard.FileName} {
		data, err := os.ReadFile(filepath.Join(from, name))
		if name == tensorboard.FileName && errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if err := atomicfile.WriteFile(filepath.Join(to, name), data, 0o644); err != nil {
			return nil, err
		}
	}
	return ReadMetrics(to)
}
