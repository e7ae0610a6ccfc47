package experiment

import (
	"context"
	"errors"
	"time"

	"mslora/eval"
	"mslora/internal/folderlock"
	"mslora/ortrain"
)

// Outcome is what became of a cell of a grid.
type Outcome struct {
	Cell   Cell
	Result eval.Result
	Before bool  // it was finished before
	Err    error // why it has no result
}

// GridOptions say how a grid runs. Functions may be nil.
type GridOptions struct {
	Force bool // train finished cells again
	// Begin is told of a cell that is up next, and gives the hooks of its training.
	Begin func(index int, cell Cell) []ortrain.Hook
	// End is told what became of it.
	End func(index int, outcome Outcome)
	// Wait is told that only cells are left that other programs train.
	Wait func(cells int)
	// Pause is how long to wait before looking again whether such a cell is free; 0: ten seconds.
	Pause time.Duration
}

// RunGrid runs every cell. One that fails or is refused does not end the grid. One that another program trains is passed
// over and comes last: its result is taken if it is finished by then, and it is waited for if not. The outcomes stand in
// the order of p.Cells; the error is only that of ctx, with which the rest has no outcome.
func (p *Plan) RunGrid(ctx context.Context, o GridOptions) ([]Outcome, error) {
	if o.Pause == 0 {
		o.Pause = 10 * time.Second
	}
	outcomes := make([]Outcome, len(p.Cells))
	pending := make([]int, len(p.Cells))
	for i := range pending {
		pending[i] = i
	}
	for {
		var locked []int
		for _, i := range pending {
			outcome := p.runOne(ctx, i, o)
			if ctx.Err() != nil && outcome.Err != nil {
				return outcomes, ctx.Err()
			}
			if errors.Is(outcome.Err, folderlock.ErrLocked) {
				locked = append(locked, i)
				continue
			}
			outcomes[i] = outcome
			if o.End != nil {
				o.End(i, outcome)
			}
		}
		if len(locked) == 0 {
			return outcomes, nil
		}
		if len(locked) == len(pending) { // nothing else could be done meanwhile
			if o.Wait != nil {
				o.Wait(len(locked))
			}
			select {
			case <-ctx.Done():
				return outcomes, ctx.Err()
			case <-time.After(o.Pause):
			}
		}
		pending = locked
	}
}

// runOne runs one cell of a grid.
func (p *Plan) runOne(ctx context.Context, index int, o GridOptions) Outcome {
	cell := p.Cells[index]
	outcome := Outcome{Cell: cell, Before: p.Finished(cell) && !o.Force}
	var hooks []ortrain.Hook
	if o.Begin != nil {
		hooks = o.Begin(index, cell)
	}
	outcome.Result, outcome.Err = p.Run(ctx, cell, o.Force, hooks...)
	return outcome
}
