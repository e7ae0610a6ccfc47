package ortrain

import (
	"math"

	"mslora/internal/parallel"
)

// globalNorm is the L2 norm of all gradients taken as one vector, the same with any number of threads.
func globalNorm(gradients [][]float32, threads int) float64 {
	var pieces [][]float32
	for _, g := range gradients {
		for len(g) > 0 {
			n := min(len(g), chunk)
			pieces = append(pieces, g[:n])
			g = g[n:]
		}
	}
	squares := make([]float64, len(pieces))
	parallel.For(threads, len(pieces), func(i int) { squares[i] = sumSquares(pieces[i]) })
	var total float64
	for _, s := range squares { // in order: the sum must not depend on which worker was faster
		total += s
	}
	return math.Sqrt(total)
}

// clipFactor scales gradients of the given global norm to at most limit: limit / (norm + 1e-6) as in
// PyTorch's clip_grad_norm_, never above 1.
func clipFactor(norm, limit float64) float64 { return min(1, limit/(norm+1e-6)) }

// sumSquares adds in float64 with four running sums: one sum would be a chain of dependent additions.
func sumSquares(x []float32) float64 {
	var a, b, c, d float64
	for ; len(x) >= 4; x = x[4:] {
		x0, x1, x2, x3 := float64(x[0]), float64(x[1]), float64(x[2]), float64(x[3])
		a += x0 * x0
		b += x1 * x1
		c += x2 * x2
		d += x3 * x3
	}
	for _, v := range x {
		a += float64(v) * float64(v)
	}
	return a + b + c + d
}
