package experiment

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"mslora/defence"
	"mslora/ortrain"
)

// looks is a purifier that keeps all texts, and what its probe said.
type looks struct {
	probing defence.Probing
	logits  *[][][]float32
	vectors *[][]float32
}

func (looks) Name() string { return "looks" }

func (l looks) Purify(ctx context.Context, bench defence.Bench) (defence.Judgement, error) {
	probe, err := bench.Probe(ctx, l.probing)
	if err != nil {
		return defence.Judgement{}, err
	}
	*l.logits = probe.Logits
	if *l.vectors, err = probe.Vectors(ctx, []string{"a good film", "", "bad"}); err != nil {
		return defence.Judgement{}, err
	}
	decisions := make([]defence.Decision, len(bench.Train))
	for i := range decisions {
		decisions[i].Keep = true
	}
	return defence.Judgement{Decisions: decisions}, nil
}

// stopsAt cancels a run when it is told of a stage.
type stopsAt struct {
	ortrain.NoHook
	stage string
	stop  func()
}

func (s stopsAt) Stage(text string, _ time.Duration) {
	if strings.Contains(text, s.stage) {
		s.stop()
	}
}

// A probe says the same however often it was interrupted, and leaves nothing. What is unlearned makes it another one.
func TestProbe(t *testing.T) {
	methods := defence.Methods
	t.Cleanup(func() { defence.Methods = methods })
	said := func(probing defence.Probing, interrupt bool) (logits [][][]float32, vectors [][]float32) {
		config := tiny(t)
		defence.Methods = append(slices.Clone(methods), defence.Method{Name: "looks", Title: "Looks", Graph: "full", Purifier: looks{probing, &logits, &vectors}})
		config.Methods = []string{"looks"}
		plan := openPlan(t, config)
		cell := plan.Cells[0]
		if interrupt {
			ctx, stop := context.WithCancel(context.Background())
			_, err := plan.Run(ctx, cell, false, stopsAt{stage: "training, epoch 1", stop: stop})
			if !errors.Is(err, context.Canceled) {
				t.Fatalf("error %v", err)
			}
			if _, err := os.Stat(filepath.Join(plan.Folder(cell), probeFolder, ortrain.CheckpointFile)); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := plan.Run(context.Background(), cell, false); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(plan.Folder(cell), probeFolder)); !os.IsNotExist(err) {
			t.Errorf("the probe left files, error %v", err)
		}
		if _, err := CellFolder.Check(plan.Folder(cell)); err != nil {
			t.Error(err)
		}
		return logits, vectors
	}
	logits, vectors := said(defence.Probing{Epochs: 3}, false)
	if len(logits) != 3 || len(logits[0]) != 40 || len(logits[0][0]) != 2 || len(vectors) != 3 || len(vectors[0]) != 36 {
		t.Fatalf("logits of %d epochs, %d vectors", len(logits), len(vectors))
	}
	again, vectorsAgain := said(defence.Probing{Epochs: 3}, true)
	if !reflect.DeepEqual(logits, again) || !reflect.DeepEqual(vectors, vectorsAgain) {
		t.Error("an interrupted probe says otherwise")
	}
	if other, _ := said(defence.Probing{Epochs: 3, Ascent: 100}, false); reflect.DeepEqual(logits, other) {
		t.Error("unlearning every batch changes nothing")
	}
}
