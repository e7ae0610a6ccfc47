package experiment

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"mslora/defence"
	"mslora/ortrain"
)

// asks is a filter that counts how often it looks at texts, and takes the first word out of them.
type asks struct{ calls *int }

func (asks) Name() string { return "asks" }

func (a asks) Fit(context.Context, defence.Bench) (defence.Sieve, error) {
	return func(_ context.Context, texts []string) ([]defence.Sifted, error) {
		*a.calls++
		sifted := make([]defence.Sifted, len(texts))
		for i, text := range texts {
			_, sifted[i].Text, _ = strings.Cut(text, " ")
		}
		return sifted, nil
	}, nil
}

// asksOnce is such a filter that does not depend on the model.
type asksOnce struct{ asks }

func (asksOnce) Blind() {}

// A blind filter looks at the test texts once, whatever seeds and epochs there are; the results are those of one that looks each time.
func TestBlindFilter(t *testing.T) {
	methods := defence.Methods
	t.Cleanup(func() { defence.Methods = methods })
	var each, once int
	defence.Methods = append(slices.Clone(methods), defence.Method{Name: "each", Title: "Each", Graph: "lora", Filter: asks{&each}},
		defence.Method{Name: "once", Title: "Once", Graph: "lora", Filter: asksOnce{asks{&once}}})
	config := tiny(t)
	config.Methods, config.Seeds = []string{"each", "once"}, []uint64{1, 2, 3}
	plan := openPlan(t, config)
	outcomes, err := plan.RunGrid(context.Background(), GridOptions{Force: true}) // so that no cell takes another's training over
	if err != nil {
		t.Fatal(err)
	}
	want := 0
	for i, o := range outcomes {
		if o.Err != nil {
			t.Fatal(o.Err)
		}
		if r := o.Result; i < 3 {
			if want++; r.BestEpoch < r.Epochs {
				want++
			}
			other := outcomes[i+3].Result
			if r.Scores.CACC != other.Scores.CACC || *r.Scores.FalseAlarms != *other.Scores.FalseAlarms || r.LastEpoch.CACC != other.LastEpoch.CACC || r.Scores.FalseAlarms.Hits != 12 {
				t.Errorf("seed %d: scores %+v and %+v", o.Cell.Seed, r.Scores, other.Scores)
			}
		}
	}
	if each != want || once != 1 {
		t.Errorf("asked %d times and %d times, want %d and 1", each, once, want)
	}
}

// staged keeps what it is told, and whether the time left was told, too.
type staged struct {
	ortrain.NoHook
	stages []string
	left   int
}

func (s *staged) Stage(text string, left time.Duration) {
	if !slices.Contains(s.stages, text) {
		s.stages = append(s.stages, text)
	}
	if left > 0 {
		s.left++
	}
}

// A filter tells what it does while a cell is scored, and a dry run counts what it reads: 5 copies of 16 trusted and 12 test texts, for two epochs.
func TestSiftProgress(t *testing.T) {
	config := tiny(t)
	config.Methods = []string{"strip"}
	config.Hyperparameters["false_rejections"] = []any{0.1}
	plan := openPlan(t, config)
	estimates, err := plan.Estimate(t.Context())
	if err != nil || estimates[0].Readings != 2*5*(16+12) || estimates[0].Total < time.Duration(estimates[0].Steps)*estimates[0].StepTime {
		t.Errorf("estimates %+v, error %v", estimates, err)
	}
	hook := &staged{}
	if _, err := plan.Run(t.Context(), plan.Cells[0], false, hook); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(hook.stages, []string{"STRIP: reading copies of 16 trusted texts", "STRIP: reading copies of 12 texts"}) || hook.left == 0 {
		t.Errorf("told %q, %d times with the time left", hook.stages, hook.left)
	}
}

// RAP's gradients count as some readings.
func TestSiftReadings(t *testing.T) {
	config := tiny(t)
	config.Methods = []string{"rap"}
	config.Hyperparameters["false_rejections"], config.Hyperparameters["rap_epochs"], config.Hyperparameters["rap_word"] = []any{0.2}, []any{3}, []any{"bad"}
	plan := openPlan(t, config)
	cell := plan.Cells[0]
	method, err := defence.Find(cell.Method)
	if err != nil {
		t.Fatal(err)
	}
	data, err := plan.dataset(cell)
	if err != nil {
		t.Fatal(err)
	}
	ready, err := plan.prepare(cell, method, data)
	if err != nil {
		t.Fatal(err)
	}
	// 16 trusted texts without the word, with it in 3 epochs and afterwards; 3 gradients of each; 12 texts without and with it.
	if got, want := plan.siftReadings(cell, method, ready, data), 16*(1+3+1)+frozenReadings*3*16+2*12; got != want {
		t.Errorf("%v readings, want %v", got, want)
	}
}

func TestSiftWatch(t *testing.T) {
	w := &siftWatch{begun: time.Unix(1000, 0), all: 100}
	if got := w.left(time.Unix(1010, 0)); got != 0 {
		t.Errorf("%v left, and nothing was read", got)
	}
	w.reading(40)(0.5)
	if got := w.left(time.Unix(1010, 0)); got != 40*time.Second {
		t.Errorf("%v left after 20 of 100 readings in 10 s, want 40 s", got)
	}
	if w.done = 120; w.left(time.Unix(1010, 0)) != 0 {
		t.Error("more was read than thought, and something is left")
	}
}
