package gradalign

import (
	"fmt"
	"math"

	"mslora/internal/parallel"
	"mslora/params"
)

// Rule makes of the gradient of untrusted texts one that trusted texts agree with.
type Rule interface {
	// Align replaces the gradients of one step by the aligned ones. gradients[i] and auxiliary[i] are g and gc of tensor i,
	// of one length; auxiliary is only read. A value that is not finite, in either, gives a *NonFinite before anything is
	// changed. It panics if lengths differ.
	Align(step Step, gradients, auxiliary [][]float32) (Stats, error)
}

// Step is what a rule may know of the step that it aligns.
type Step struct {
	Epoch, Epochs int     // counted from 0; of the whole run
	AuxLoss       float64 // loss of the auxiliary batch
	Threads       int     // goroutines to use at most; the result is the same with any number
}

// Stats describe what one call of Align did.
type Stats struct {
	Mu           float64 // the schedule's mu in this epoch, whether it was used or not
	FullyAligned float64 // share of the tensors that took the aligned gradient alone
	AuxNorm      float64 // mean over all tensors of ||gc||, those with gc = 0 included
}

// Definition is a rule's line in the registry.
type Definition struct {
	Name string // as in --align
	Help string // one line
	// New reads the rule's hyperparameters. The rows of params.Table with the part params.AlignmentBy(Name) are its own.
	New func(values params.Values) Rule
}

// The names of the rules.
const (
	Authors = "authors"
	Paper   = "paper"
	Always  = "always"
)

// Rules are the registry. A new rule is a file and a line here.
var Rules = []Definition{
	{Authors, "as the paper's code: each tensor fully while the auxiliary loss is high, mixed afterwards", newAuthors},
	{Paper, "as the paper's text: all tensors as one vector, mixed at every step", newPaper},
	{Always, "each tensor fully at every step", newAlways},
}

// Names lists the rules.
func Names() []string {
	names := make([]string, len(Rules))
	for i, d := range Rules {
		names[i] = d.Name
	}
	return names
}

// Find gives the rule of a name, and whether there is one.
func Find(name string) (Definition, bool) {
	for _, d := range Rules {
		if d.Name == name {
			return d, true
		}
	}
	return Definition{}, false
}

// NonFinite says which gradient held a value that is not finite, so that nothing can be aligned.
type NonFinite struct {
	Tensor    int  // its index
	Auxiliary bool // whether it is in the auxiliary gradient; else in the training batch's
}

func (e *NonFinite) Error() string {
	if e.Auxiliary {
		return fmt.Sprintf("the auxiliary gradient of tensor %d is not finite", e.Tensor)
	}
	return fmt.Sprintf("the gradient of tensor %d is not finite", e.Tensor)
}

// products are what every rule starts from, by tensor.
type products struct {
	dots, squares []float64 // <g, gc> and ||gc||^2
	norm          float64   // mean of ||gc||
}

// multiply gives the products of the gradients of one step.
func multiply(step Step, gradients, auxiliary [][]float32) (products, error) {
	if len(gradients) != len(auxiliary) {
		panic(fmt.Sprintf("gradalign: %d gradients and %d auxiliary gradients", len(gradients), len(auxiliary)))
	}
	for i := range gradients {
		if len(gradients[i]) != len(auxiliary[i]) {
			panic(fmt.Sprintf("gradalign: tensor %d has gradients of length %d and %d", i, len(gradients[i]), len(auxiliary[i])))
		}
	}
	n := len(gradients)
	p := products{dots: make([]float64, n), squares: make([]float64, n)}
	parallel.For(step.Threads, n, func(i int) { p.dots[i], p.squares[i] = multiplyTensor(gradients[i], auxiliary[i]) })
	for i, square := range p.squares {
		// Sums in float64 of products of float32 cannot overflow, and whatever is not finite stays so when it is multiplied.
		if !finite(square) || !finite(p.dots[i]) {
			return p, &NonFinite{Tensor: i, Auxiliary: !finite(square)}
		}
		p.norm += math.Sqrt(square) / float64(n)
	}
	return p, nil
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// multiplyTensor gives <g, c> and <c, c>. Four sums run side by side, because each addition has to wait for the
// one before in the same sum.
func multiplyTensor(g, c []float32) (dot, square float64) {
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

// mix sets g to (1-mu) factor c + mu g.
func mix(g, c []float32, factor, mu float64) {
	factor *= 1 - mu
	for i, value := range c[:len(g)] {
		g[i] = float32(factor*float64(value) + mu*float64(g[i]))
	}
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

// linear rises from 0 in the first epoch to most in the last: most (epoch - first) / (last - first), and is 0 up to the first.
func linear(most float64, epoch, first, last int) float64 {
	if epoch <= first || last <= first {
		return 0
	}
	return most * float64(epoch-first) / float64(last-first)
}
