package experiment

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"mslora/eval"
	"mslora/internal/tensorboard"
	"mslora/ortrain"
	"mslora/params"
)

// stages keeps what it is told.
type stages struct {
	ortrain.NoHook
	told []string
}

func (s *stages) Stage(text string, _ time.Duration) { s.told = append(s.told, text) }

// A cell whose training is that of a finished one takes it over, to the bit; another seed, another learning rate and --force do not.
func TestTakeOver(t *testing.T) {
	extend(t)
	config := tiny(t)
	config.Methods, config.Seeds, config.TensorBoard = []string{"lora", "flagged"}, []uint64{1, 2}, true
	plan := openPlan(t, config)
	run := func(method string, seed uint64, force bool) (eval.Result, *stages) {
		t.Helper()
		at := slices.IndexFunc(plan.Cells, func(c Cell) bool { return c.Method == method && c.Seed == seed })
		listener := &stages{}
		result, err := plan.Run(context.Background(), plan.Cells[at], force, append(plan.Hooks(plan.Cells[at]), listener)...)
		if err != nil {
			t.Fatal(err)
		}
		result.Path = plan.Folder(plan.Cells[at])
		return result, listener
	}
	first, listener := run("lora", 1, false)
	if first.TrainedBy != "" || first.Training == "" || first.LastEpoch == nil || len(listener.told) != 0 {
		t.Errorf("the first: %+v, told %q", first, listener.told)
	}
	second, listener := run("flagged", 1, false)
	if second.TrainedBy != first.Cell || second.Training != first.Training || second.Steps != 0 || second.BestEpoch != first.BestEpoch || second.DevAccuracy != first.DevAccuracy {
		t.Errorf("taken over: %+v", second)
	}
	if want := []string{"taking the training over from " + first.Path}; !slices.Equal(listener.told, want) {
		t.Errorf("told %q, want %q", listener.told, want)
	}
	if second.Scores.FalseAlarms == nil || second.Scores.FalseAlarms.Hits != 12 || (second.LastEpoch != nil) != (second.BestEpoch == second.Epochs) {
		t.Errorf("scores %+v, of the last epoch %+v", second.Scores, second.LastEpoch)
	}
	taken := files(t, second.Path)
	if curves := timeless(t, filepath.Join(second.Path, tensorboard.FileName)); !bytes.Equal(curves, timeless(t, filepath.Join(first.Path, tensorboard.FileName))) {
		t.Error("the curves were not taken over")
	}
	if other, _ := run("lora", 2, false); other.TrainedBy != "" || other.Training == first.Training {
		t.Errorf("another seed: %+v", other)
	}
	anew, _ := run("flagged", 1, true)
	if anew.TrainedBy != "" || anew.Steps == 0 || anew.Training != first.Training {
		t.Errorf("by force: %+v", anew)
	}
	if trained := files(t, anew.Path); trained != taken {
		t.Error("what was taken over is not what training makes")
	}
	config.Hyperparameters[params.LearningRate] = []any{1e-3}
	plan = openPlan(t, config)
	if other, _ := run("lora", 1, false); other.TrainedBy != "" || other.Training == first.Training {
		t.Errorf("another learning rate: %+v", other)
	}
}

// files gives the bytes that a training leaves.
func files(t *testing.T, folder string) string {
	t.Helper()
	var all []byte
	for _, name := range []string{ortrain.BestFile, metricsFile, predictionsFile} {
		data, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, data...)
	}
	return string(all)
}
