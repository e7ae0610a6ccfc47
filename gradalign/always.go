package gradalign

import (
	"math"
	"sync/atomic"

	"mslora/internal/parallel"
	"mslora/params"
)

// always is authors without its exceptions: each tensor is aligned by itself, fully, at every step. Where the trusted texts
// are learned before the others, authors lets gradients through as they are, and a backdoor with them. A tensor with gc = 0
// gets 0, as nothing trusted says where to move it.
type always struct{}

func newAlways(params.Values) Rule { return always{} }

func (always) Align(step Step, gradients, auxiliary [][]float32) (Stats, error) {
	p, err := multiply(step, gradients, auxiliary)
	if err != nil {
		return Stats{}, err
	}
	var aligned atomic.Int64
	parallel.For(step.Threads, len(gradients), func(i int) {
		if p.squares[i] > 0 && !zero(gradients[i]) {
			mix(gradients[i], auxiliary[i], math.Abs(p.dots[i])/p.squares[i], 0)
			aligned.Add(1)
		} else {
			clear(gradients[i])
		}
	})
	return Stats{FullyAligned: float64(aligned.Load()) / float64(len(gradients)), AuxNorm: p.norm}, nil
}
