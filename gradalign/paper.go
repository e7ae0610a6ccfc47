package gradalign

import (
	"math"

	"mslora/internal/parallel"
	"mslora/params"
)

// paper is what the text says: all tensors are one vector, and always g^ = (1 - mu) ga + mu g. Only if gc = 0 as a whole g
// stays.
type paper struct {
	muMax float64 // greatest share of the unaligned gradient, in [0, 1]
}

func newPaper(values params.Values) Rule { return paper{values.Float("mu_max")} }

// mu goes "linearly from 0 to the maximum value throughout the training epochs": it is 0 in the first and muMax in the last.
func (r paper) mu(epoch, epochs int) float64 { return linear(r.muMax, epoch, 0, epochs-1) }

func (r paper) Align(step Step, gradients, auxiliary [][]float32) (Stats, error) {
	p, err := multiply(step, gradients, auxiliary)
	if err != nil {
		return Stats{}, err
	}
	stats := Stats{Mu: r.mu(step.Epoch, step.Epochs), AuxNorm: p.norm}
	var dot, square float64
	for i := range p.dots {
		dot += p.dots[i]
		square += p.squares[i]
	}
	if square == 0 {
		return stats, nil
	}
	parallel.For(step.Threads, len(gradients), func(i int) { mix(gradients[i], auxiliary[i], math.Abs(dot)/square, stats.Mu) })
	if stats.Mu == 0 {
		stats.FullyAligned = 1
	}
	return stats, nil
}
