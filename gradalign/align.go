// Package gradalign aligns the gradient of untrusted texts to that of trusted clean texts (paper, section
// 4.2): with g the gradient of a training batch and gc that of an auxiliary batch,
//
//	ga = |<g, gc>| / ||gc||^2 gc      (Eq. 7)
//	g^ = (1 - mu) ga + mu g           (Eq. 8)
//
// All sums are in float64 and in a fixed order, so equal gradients give equal results, bit for bit, on any
// number of cores.
package gradalign

import (
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
)

// Variant says which reading of the method runs.
type Variant string

const (
	// Authors is what the authors' code does: each tensor is aligned by itself, fully as long as the
	// auxiliary loss is high, and mixed only afterwards and from a first mixing epoch on.
	Authors Variant = "authors"
	// Paper is what the text says: all tensors are one vector, mixed at every step.
	Paper Variant = "paper"
	// Always is Authors without its exceptions: each tensor is aligned by itself, fully, at every step. Where the
	// trusted texts are learned before the others, Authors lets gradients through as they are, and a backdoor with them.
	Always Variant = "always"
)

// Options of the alignment.
type Options struct {
	Variant Variant
	MuMax   float64 // greatest share of the unaligned gradient, in [0, 1]
	Epochs  int     // of the whole run, for the schedule of mu

	// The rest is for Authors only.
	FirstMixingEpoch int     // counted from 0
	MinAuxLoss       float64 // gradients are fully aligned while the auxiliary loss is above this
	MinAuxNorm       float64 // and the mean norm of the tensors' auxiliary gradients above this
}

// Stats describe what one call of Align did.
type Stats struct {
	Mu           float64 // the schedule's mu in this epoch, whether it was used or not
	FullyAligned float64 // share of the tensors that took the aligned gradient alone
	AuxNorm      float64 // mean over all tensors of ||gc||, those with gc = 0 included
}

// Mu is the share of the unaligned gradient in an epoch, counted from 0.
//
// Authors: MuMax (epoch - FirstMixingEpoch) / (Epochs - FirstMixingEpoch), which stays below MuMax; 0
// before the first mixing epoch. Paper: "linearly from 0 to the maximum value throughout the training
// epochs", so 0 in the first and MuMax in the last. Always: 0.
func (o Options) Mu(epoch int) float64 {
	first, last := 0, o.Epochs-1
	switch o.Variant {
	case Authors:
		first, last = o.FirstMixingEpoch, o.Epochs
	case Always:
		return 0
	}
	if epoch <= first || last <= first {
		return 0
	}
	return o.MuMax * float64(epoch-first) / float64(last-first)
}

// Align replaces the gradients of one step by the aligned ones. grads[i] and aux[i] are g and gc of tensor
// i; auxLoss is the loss of the auxiliary batch, epoch counts from 0. It panics if lengths differ.
//
// Authors: if AuxNorm > MinAuxNorm and auxLoss > MinAuxLoss, g^ = ga; else, if MuMax > 0 and epoch >=
// FirstMixingEpoch, g^ = (1 - mu) ga + mu g; else g^ = g. A tensor with g = 0 or gc = 0 keeps g.
// Paper: always g^ = (1 - mu) ga + mu g; only if gc = 0 as a whole g stays.
// Always: g^ = ga; a tensor with gc = 0 gets 0, as nothing trusted says where to move it.
func Align(o Options, epoch int, auxLoss float64, grads, aux [][]float32) Stats {
	if len(grads) != len(aux) {
		panic(fmt.Sprintf("gradalign: %d gradients and %d auxiliary gradients", len(grads), len(aux)))
	}
	for i := range grads {
		if len(grads[i]) != len(aux[i]) {
			panic(fmt.Sprintf("gradalign: tensor %d has gradients of length %d and %d", i, len(grads[i]), len(aux[i])))
		}
	}
	dots, squares := make([]float64, len(grads)), make([]float64, len(grads))
	parallel(len(grads), func(i int) { dots[i], squares[i] = products(grads[i], aux[i]) })
	stats := Stats{Mu: o.Mu(epoch)}
	for _, square := range squares {
		stats.AuxNorm += math.Sqrt(square) / float64(len(squares))
	}
	switch o.Variant {
	case Authors, Always:
		alignEach(o, epoch, auxLoss, grads, aux, dots, squares, &stats)
	case Paper:
		alignWhole(grads, aux, dots, squares, &stats)
	default:
		panic(fmt.Sprintf("gradalign: unknown variant %q", o.Variant))
	}
	return stats
}

// alignEach is the authors' variant, and Always.
func alignEach(o Options, epoch int, auxLoss float64, grads, aux [][]float32, dots, squares []float64, stats *Stats) {
	mu := stats.Mu
	full := o.Variant == Always || stats.AuxNorm > o.MinAuxNorm && auxLoss > o.MinAuxLoss
	if full {
		mu = 0
	} else if o.MuMax <= 0 || epoch < o.FirstMixingEpoch {
		return
	}
	var aligned atomic.Int64
	parallel(len(grads), func(i int) {
		if squares[i] > 0 && !zero(grads[i]) {
			mix(grads[i], aux[i], math.Abs(dots[i])/squares[i], mu)
			aligned.Add(1)
		} else if o.Variant == Always {
			clear(grads[i])
		}
	})
	if full {
		stats.FullyAligned = float64(aligned.Load()) / float64(len(grads))
	}
}

// alignWhole is the paper's variant.
func alignWhole(grads, aux [][]float32, dots, squares []float64, stats *Stats) {
	var dot, square float64
	for i := range dots {
		dot += dots[i]
		square += squares[i]
	}
	if square == 0 {
		return
	}
	parallel(len(grads), func(i int) { mix(grads[i], aux[i], math.Abs(dot)/square, stats.Mu) })
	if stats.Mu == 0 {
		stats.FullyAligned = 1
	}
}

// mix sets g to (1-mu) factor c + mu g.
func mix(g, c []float32, factor, mu float64) {
	factor *= 1 - mu
	for i, value := range c[:len(g)] {
		g[i] = float32(factor*float64(value) + mu*float64(g[i]))
	}
}

// products gives <g, c> and <c, c>. Four sums run side by side, because each addition has to wait for the
// one before in the same sum.
func products(g, c []float32) (dot, square float64) {
	var d0, d1, d2, d3, s0, s1, s2, s3 float64
	for len(g) >= 4 && len(c) >= 4 {
		c0, c1, c2, c3 := float64(c[0]), float64(c[1]), float64(c[2]), float64(c[3])
		d0 += float64(g[0]) * c0
		d1 += float64(g[1]) * c1
		d2 += float64(g[2]) * c2
		d3 += float64(g[3]) * c3
		s0 += c0 * c0
		s1 += c1 * c1
		s2 += c2 * c2
		s3 += c3 * c3
		g, c = g[4:], c[4:]
	}
	for i, value := range c {
		d0 += float64(g[i]) * float64(value)
		s0 += float64(value) * float64(value)
	}
	return d0 + d1 + (d2 + d3), s0 + s1 + (s2 + s3)
}

// zero tells whether all values are 0.
func zero(values []float32) bool {
	for _, v := range values {
		if v != 0 {
			return false
		}
	}
	return true
}

// parallel calls task(0) … task(n-1) on all cores. Tasks work on one tensor each, so how they are dealt
// out does not show in the result.
func parallel(n int, task func(i int)) {
	var next atomic.Int64
	var group sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), n) {
		group.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				task(i)
			}
		})
	}
	group.Wait()
}
