package ortrain

import (
	"context"
	"fmt"
)

// Hook is what a run calls as it goes: a display, a file of metrics, a measurement of the model. It changes nothing of the
// training. A hook embeds NoHook and has only the methods that it needs.
//
// An error of a hook stops the run without a checkpoint of the step at hand. The same command goes on from the checkpoint
// before, and calls the hooks again for the steps since then.
type Hook interface {
	// Begin comes before the first step of this process. run.Step is 0, or where a checkpoint goes on: a hook takes back what it
	// wrote of later steps. See Records and Lines.
	Begin(run *Run) error
	// Step comes after each step.
	Step(ctx context.Context, run *Run, record StepRecord) error
	// Epoch comes after the last step of each epoch and its Step, with all epochs so far. A checkpoint follows.
	Epoch(ctx context.Context, run *Run, history []EpochRecord) error
}

// NoHook does nothing.
type NoHook struct{}

func (NoHook) Begin(*Run) error                                 { return nil }
func (NoHook) Step(context.Context, *Run, StepRecord) error     { return nil }
func (NoHook) Epoch(context.Context, *Run, []EpochRecord) error { return nil }

// Run is a training run as hooks see it.
type Run struct {
	trainer *Trainer
	given   int // the step whose tensors the evaluator has, -1: none
}

// Step is the number of finished steps, Steps that of the whole run.
func (r *Run) Step() int  { return r.trainer.state.Step }
func (r *Run) Steps() int { return r.trainer.Steps() }

// Epoch is the number of finished epochs. In Hook.Step the epoch at hand is never finished.
func (r *Run) Epoch() int { return len(r.trainer.state.History) }

// Logits gives the class scores [len(examples)][classes] of the model as it is now, without dropout. Training goes on as if it
// had not been asked.
func (r *Run) Logits(ctx context.Context, examples []Example) ([][]float32, error) {
	evaluator, err := r.evaluator()
	if err != nil {
		return nil, err
	}
	return evaluator.Logits(ctx, examples)
}

// Vectors gives the [CLS] vectors [len(examples)][hidden] of the model as it is now; see Evaluator.Vectors.
func (r *Run) Vectors(ctx context.Context, examples []Example) ([][]float32, error) {
	evaluator, err := r.evaluator()
	if err != nil {
		return nil, err
	}
	return evaluator.Vectors(ctx, examples)
}

// evaluator has the tensors of the last step, merged once for all that is asked after it.
func (r *Run) evaluator() (*Evaluator, error) {
	evaluator := r.trainer.evaluator
	if r.given == r.Step() {
		return evaluator, nil
	}
	if err := evaluator.Use(r.trainer.LastTuned()); err != nil {
		return nil, err
	}
	r.given = r.Step()
	return evaluator, nil
}

// call calls one method of each hook, in their order, until one fails.
func (r *Run) call(hooks []Hook, method func(Hook) error) error {
	for _, hook := range hooks {
		if err := method(hook); err != nil {
			return fmt.Errorf("step %d: %w", r.Step(), err)
		}
	}
	return nil
}
