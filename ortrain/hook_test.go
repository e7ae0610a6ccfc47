package ortrain

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// afterStep is a hook of one function.
func afterStep(f func(*Run, StepRecord) error) Hook { return stepHook{f: f} }

type stepHook struct {
	NoHook
	f func(*Run, StepRecord) error
}

func (h stepHook) Step(_ context.Context, run *Run, r StepRecord) error { return h.f(run, r) }

// newTiny makes a trainer that continues what folder holds.
func newTiny(t *testing.T, method, folder string) *Trainer {
	t.Helper()
	model, topologies := tinyModel(t, method)
	trainer, err := NewTrainer(model, topologies, tinySetting(method), tinyData(), folder, testDevice(t, 2))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { trainer.Close() })
	return trainer
}

// diary notes each call.
type diary struct{ calls []string }

func (d *diary) Begin(run *Run) error {
	d.calls = append(d.calls, fmt.Sprintf("begin %d of %d", run.Step(), run.Steps()))
	return nil
}

func (d *diary) Step(_ context.Context, run *Run, r StepRecord) error {
	if r.Step != run.Step() || r.Epoch != run.Epoch()+1 || r.GradientNorm <= 0 || r.LearningRate <= 0 {
		return fmt.Errorf("record %+v in step %d after %d epochs", r, run.Step(), run.Epoch())
	}
	d.calls = append(d.calls, fmt.Sprint(r.Step))
	return nil
}

func (d *diary) Epoch(_ context.Context, run *Run, history []EpochRecord) error {
	d.calls = append(d.calls, fmt.Sprintf("epoch %d of %d", run.Epoch(), len(history)))
	return nil
}

// Hooks are called in their order: before the first step, after each, and after each epoch. An interrupted run begins them where it goes on.
func TestHooks(t *testing.T) {
	folder := t.TempDir()
	first := &diary{}
	ctx, cancel := context.WithCancel(t.Context())
	stop := afterStep(func(run *Run, r StepRecord) error {
		if first.calls[len(first.calls)-1] != fmt.Sprint(r.Step) {
			t.Errorf("step %d: the hook before was not called before", r.Step)
		}
		if r.Step == 9 {
			cancel()
		}
		return nil
	})
	if err := newTiny(t, "lora", folder).Run(ctx, first, stop); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if got, want := strings.Join(first.calls, ", "), "begin 0 of 24, 1, 2, 3, 4, 5, 6, 7, 8, epoch 1 of 1, 9"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	second := &diary{}
	if err := newTiny(t, "lora", folder).Run(t.Context(), second); err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(second.calls[:2], ", "), "begin 9 of 24, 10"; got != want || second.calls[len(second.calls)-1] != "epoch 3 of 3" {
		t.Errorf("got %s", strings.Join(second.calls, ", "))
	}
}

// A hook may ask the model after each step: training ends with the same bytes, and the answers are those of that step.
func TestHooksDoNotDisturb(t *testing.T) {
	examples := learnable(9, 32)
	for _, method := range []string{"lora+mslr", "ga", "adapter"} {
		t.Run(method, func(t *testing.T) {
			if !repeats(t, method) {
				t.Skip("this device does not repeat bits")
			}
			alone, asked := t.TempDir(), t.TempDir()
			train(t, method, alone)
			trainer := newTiny(t, method, asked)
			var before, last [][]float32
			ask := afterStep(func(run *Run, r StepRecord) (err error) {
				before = last
				if last, err = run.Logits(t.Context(), examples); err != nil {
					return err
				}
				vectors, err := run.Vectors(t.Context(), examples[:3])
				if len(vectors) != 3 || len(vectors[0]) != 36 {
					t.Errorf("%d vectors", len(vectors))
				}
				return err
			})
			if err := trainer.Run(t.Context(), ask); err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{BestFile, "checkpoint.safetensors"} {
				if !bytes.Equal(read(t, alone, name), read(t, asked, name)) {
					t.Errorf("%s has other bytes", name)
				}
			}
			if err := trainer.evaluator.Use(trainer.LastTuned()); err != nil {
				t.Fatal(err)
			}
			want, err := trainer.evaluator.Logits(t.Context(), examples)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.EqualFunc(last, want, slices.Equal) || slices.EqualFunc(before, last, slices.Equal) {
				t.Error("the logits in the last step are not those of the trained model, or were the same a step before")
			}
		})
	}
}

// A hook's error stops the run and names the step; then the run goes on, to the same end.
func TestHookFails(t *testing.T) {
	broken := errors.New("disk full")
	for _, test := range []struct {
		name string
		hook func() Hook
		want string
	}{
		{"step", func() Hook {
			return afterStep(func(_ *Run, r StepRecord) error {
				if r.Step == 5 {
					return broken
				}
				return nil
			})
		}, "step 5: disk full"},
		{"epoch", func() Hook { return failing{err: broken} }, "step 8: disk full"},
		{"begin", func() Hook { return failing{err: broken, begin: true} }, "step 0: disk full"},
	} {
		t.Run(test.name, func(t *testing.T) {
			whole, stopped := t.TempDir(), t.TempDir()
			train(t, "lora", whole)
			if err := newTiny(t, "lora", stopped).Run(t.Context(), test.hook()); !errors.Is(err, broken) || err.Error() != test.want {
				t.Errorf("got %v, want %s", err, test.want)
			}
			train(t, "lora", stopped)
			if !bytes.Equal(read(t, whole, BestFile), read(t, stopped, BestFile)) {
				t.Error("the run ended with other bytes")
			}
		})
	}
}

type failing struct {
	NoHook
	err   error
	begin bool
}

func (f failing) Begin(*Run) error {
	if f.begin {
		return f.err
	}
	return nil
}

func (f failing) Epoch(context.Context, *Run, []EpochRecord) error { return f.err }
