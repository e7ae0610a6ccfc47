package ortrain

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"mslora/gradalign"
	"mslora/params"
)

// Aligned gradients, those of the embedding tables too, must be Eqs. 7 and 8 of PyTorch's dense gradients of
// the same two batches, tensor by tensor; and the norm that clipping sees must be that of the dense result.
func TestParityAlignment(t *testing.T) {
	const mu = 0.25
	mixed := rule(gradalign.Authors, params.Values{"mu_max": 0.5, "mix_from": 0, "min_aux_loss": 1.0}) // mu is 0.25 in epoch 1 of 2
	for _, method := range []string{"lora+mslr", "full"} {
		for _, threads := range []int{1, 2} {
			t.Run(fmt.Sprintf("%s/%d threads", method, threads), func(t *testing.T) {
				p := openParity(t, parityCase{family: "tiny", method: method}, threads)
				auxiliaryBuffer, err := newGradientBuffer(p.step.parameters, p.step.manifest.Hidden, 2)
				if err != nil {
					t.Fatal(err)
				}
				defer auxiliaryBuffer.destroy()
				var earlier [][]float32
				for repeat := range 2 {
					batch, err := p.step.gradients(p.parts("batch5/", math.MaxInt), p.buffer)
					if err != nil {
						t.Fatal(err)
					}
					auxiliary, err := p.step.gradients(p.parts("batch32/", math.MaxInt), auxiliaryBuffer)
					if err != nil {
						t.Fatal(err)
					}
					auxiliary.Loss = 0 // mixed, not fully aligned
					if _, err := align(mixed, gradalign.Step{Epoch: 1, Epochs: 2, Threads: threads}, p.step.parameters, batch, auxiliary); err != nil {
						t.Fatal(err)
					}
					for i, parameter := range p.step.parameters {
						if repeat > 0 && repeats(t, method) && !slices.Equal(earlier[i], batch.Values[i]) {
							t.Errorf("run %d: %s has other bits", repeat, parameter.Name)
						}
					}
					if repeat == 0 {
						p.compareAligned(batch, mu)
					}
					earlier = nil
					for _, values := range batch.Values {
						earlier = append(earlier, slices.Clone(values))
					}
				}
			})
		}
	}
}

// compareAligned works the alignment of batch5 to batch32 out from PyTorch's gradients.
func (p *parity) compareAligned(got *Gradients, mu float64) {
	p.t.Helper()
	var squares float64
	wanted := make([][]float32, len(p.step.parameters))
	for i, parameter := range p.step.parameters {
		g, c := p.floats("batch5/grad."+parameter.Name), p.floats("batch32/grad."+parameter.Name)
		var dot, square float64
		for j := range g {
			dot += float64(g[j]) * float64(c[j])
			square += float64(c[j]) * float64(c[j])
		}
		for j := range g {
			value := (1-mu)*math.Abs(dot)/square*float64(c[j]) + mu*float64(g[j])
			wanted[i] = append(wanted[i], float32(value))
			squares += value * value
		}
	}
	norm := math.Sqrt(squares)
	for i, parameter := range p.step.parameters {
		// A key's bias has a gradient of rounding noise, and so has its alignment.
		if off, size := distance(dense(parameter, got, i), wanted[i]); off > tolerance*size+1e-6*norm {
			p.t.Errorf("the aligned gradient of %s is off by %.2g of its norm", parameter.Name, off/size)
		}
	}
	if clipped := globalNorm(got.Values, 2); math.Abs(clipped-norm) > tolerance*norm {
		p.t.Errorf("clipping sees a norm of %v, the dense gradient's is %v", clipped, norm)
	}
}
