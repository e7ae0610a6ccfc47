package experiment

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mslora/defence"
	"mslora/ortrain"
)

// says is an expert that says the same of every text.
type says struct{ scores []float32 }

func (says) Name() string { return "says" }

func (s says) Fit(_ context.Context, bench defence.Bench) ([][]float32, error) {
	return slices.Repeat([][]float32{s.scores}, len(bench.Train)), nil
}

// An expert that knows nothing changes nothing, to the bit; one that knows something does.
func TestNewExpert(t *testing.T) {
	methods := defence.Methods
	t.Cleanup(func() { defence.Methods = methods })
	defence.Methods = append(methods[:len(methods):len(methods)],
		defence.Method{Name: "silent", Title: "Silent", Graph: "full", Expert: says{[]float32{0, 0}}},
		defence.Method{Name: "biased", Title: "Biased", Graph: "full", Expert: says{[]float32{-3, 0}}},
	)
	config := tiny(t)
	config.Methods = []string{"vanilla", "silent", "biased"}
	plan := openPlan(t, config)
	var trained []string
	for _, cell := range plan.Cells {
		if _, err := plan.Run(context.Background(), cell, false); err != nil {
			t.Fatal(err)
		}
		best, err := os.ReadFile(filepath.Join(plan.Folder(cell), ortrain.BestFile))
		if err != nil {
			t.Fatal(err)
		}
		trained = append(trained, string(best))
	}
	if trained[0] != trained[1] || trained[0] == trained[2] {
		t.Error("an expert that knows nothing changes the model, or one that does not")
	}
}

// stopsAfter interrupts a run after a step.
type stopsAfter struct {
	ortrain.NoHook
	step int
	stop func()
}

func (s stopsAfter) Step(_ context.Context, run *ortrain.Run, _ ortrain.StepRecord) error {
	if run.Step() == s.step {
		s.stop()
	}
	return nil
}

// A product of experts that was interrupted ends as one that was not.
func TestProductOfExpertsResumes(t *testing.T) {
	left := func(stops ...int) string {
		config := tiny(t)
		config.Methods = []string{"poe"}
		plan := openPlan(t, config)
		cell := plan.Cells[0]
		for _, step := range stops {
			ctx, stop := context.WithCancel(context.Background())
			if _, err := plan.Run(ctx, cell, false, stopsAfter{step: step, stop: stop}); !errors.Is(err, context.Canceled) {
				t.Fatalf("error %v", err)
			}
		}
		listener := &stages{}
		if _, err := plan.Run(context.Background(), cell, false, listener); err != nil {
			t.Fatal(err)
		}
		if len(listener.told) != 1 || !strings.HasPrefix(listener.told[0], "fitting the expert: what is easy to see of 40 texts") {
			t.Errorf("told %q", listener.told)
		}
		return files(t, plan.Folder(cell))
	}
	if left() != left(2, 7) {
		t.Error("an interrupted training ends with other bytes")
	}
}
