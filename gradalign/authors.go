package gradalign

import (
	"math"
	"sync/atomic"

	"mslora/internal/parallel"
	"mslora/params"
)

// authors is what the authors' code does. Each tensor is aligned by itself: if the mean auxiliary norm is above minAuxNorm
// and the auxiliary loss above minAuxLoss, g^ = ga; else, if muMax > 0 and from the first mixing epoch on,
// g^ = (1 - mu) ga + mu g; else g^ = g. A tensor with g = 0 or gc = 0 keeps g.
type authors struct {
	muMax      float64 // greatest share of the unaligned gradient, in [0, 1]
	mixFrom    int     // first mixing epoch, counted from 0
	minAuxLoss float64
	minAuxNorm float64
}

func newAuthors(values params.Values) Rule {
	return authors{values.Float("mu_max"), values.Int("mix_from"), values.Float("min_aux_loss"), values.Float("min_aux_norm")}
}

// mu is muMax (epoch - mixFrom) / (epochs - mixFrom), which stays below muMax; 0 before the first mixing epoch.
func (a authors) mu(epoch, epochs int) float64 { return linear(a.muMax, epoch, a.mixFrom, epochs) }

func (a authors) Align(step Step, gradients, auxiliary [][]float32) (Stats, error) {
	p, err := multiply(step, gradients, auxiliary)
	if err != nil {
		return Stats{}, err
	}
	stats := Stats{Mu: a.mu(step.Epoch, step.Epochs), AuxNorm: p.norm}
	mu, full := stats.Mu, p.norm > a.minAuxNorm && step.AuxLoss > a.minAuxLoss
	if full {
		mu = 0
	} else if a.muMax <= 0 || step.Epoch < a.mixFrom {
		return stats, nil
	}
	var aligned atomic.Int64
	parallel.For(step.Threads, len(gradients), func(i int) {
		if p.squares[i] > 0 && !zero(gradients[i]) {
			mix(gradients[i], auxiliary[i], math.Abs(p.dots[i])/p.squares[i], mu)
			aligned.Add(1)
		}
	})
	if full {
		stats.FullyAligned = float64(aligned.Load()) / float64(len(gradients))
	}
	return stats, nil
}
