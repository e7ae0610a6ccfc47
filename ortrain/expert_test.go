package ortrain

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

// productLoss is the mean cross-entropy of the normalised product of softmax(logits) and the experts' probabilities, and its
// gradient for the logits: product - target, over the number of texts.
func productLoss(logits []float32, examples []Example) (loss float64, gradient []float64) {
	for i, e := range examples {
		classes := len(e.Expert)
		product, sum := make([]float64, classes), 0.0
		for c, z := range logits[i*classes:][:classes] {
			product[c] = math.Exp(float64(z)) * math.Exp(float64(e.Expert[c]))
			sum += product[c]
		}
		share := 1 / float64(len(examples))
		loss -= share * math.Log(product[e.Label]/sum)
		for c, p := range product {
			target := 0.0
			if c == e.Label {
				target = 1
			}
			gradient = append(gradient, share*(p/sum-target))
		}
	}
	return loss, gradient
}

// experts of the fixture's texts: one is sure, one wrong for some, one knows nothing.
var experts = [][]float32{logarithms(0.7, 0.2, 0.1), logarithms(0.01, 0.01, 0.98), logarithms(1.0/3, 1.0/3, 1.0/3)}

func logarithms(probabilities ...float64) (all []float32) {
	for _, p := range probabilities {
		all = append(all, float32(math.Log(p)))
	}
	return all
}

// PyTorch's autograd gives for these logits, experts and labels
//
//	p = softmax(logits, 1) * experts; p = p / p.sum(1, keepdim=True); loss = -log(p.gather(1, labels)).mean()
func TestProductLoss(t *testing.T) {
	logits := []float32{1, 2, 0.5, -1, 0, 3, 0.25, -0.5, 1}
	loss, gradient := productLoss(logits, []Example{
		{Label: 0, Expert: experts[0]}, {Label: 2, Expert: experts[1]}, {Label: 1, Expert: logarithms(0.3, 0.3, 0.4)},
	})
	if want := 0.9435008842; math.Abs(loss-want) > 1e-6 {
		t.Errorf("the loss is %v, PyTorch's %v", loss, want)
	}
	for i, want := range []float64{-0.154439, 0.138938, 0.015501, 6.2e-05, 0.000169, -0.000231, 0.077609, -0.296673, 0.219064} {
		if math.Abs(gradient[i]-want) > 1e-6 {
			t.Errorf("gradient %d is %v, PyTorch's %v", i, gradient[i], want)
		}
	}
}

// Experts that say nothing leave PyTorch's loss and gradients as they are.
func TestParityWithoutExperts(t *testing.T) {
	eachParity(t, func(t *testing.T, c parityCase) {
		c.expert = true
		p := openParity(t, c, 2)
		g, err := p.step.gradients(p.parts("batch32/", math.MaxInt), p.buffer)
		if err != nil {
			t.Fatal(err)
		}
		p.compare("batch32/", g)
	})
}

// Beside experts, the graph's loss and the gradient of the head's bias must be those of the product on PyTorch's logits, in one part and
// in several, and the logits the model's own. Along the gradient of all tensors the loss must rise by its norm.
func TestParityExperts(t *testing.T) {
	for _, family := range parityFamilies {
		for _, tokens := range []int{math.MaxInt, 150, 1} {
			t.Run(fmt.Sprintf("%s, parts of %d tokens", family, tokens), func(t *testing.T) {
				p := openParity(t, parityCase{family: family, method: "full", expert: true}, 2)
				p.experts = experts
				for _, place := range []string{"batch32/", "batch5/"} {
					gradients := func() *Gradients {
						g, err := p.step.gradients(p.parts(place, tokens), p.buffer)
						if err != nil {
							t.Fatal(err)
						}
						return g
					}
					g, logits := gradients(), p.floats(place+"logits")
					examples, _ := p.examples(place)
					loss, gradient := productLoss(logits, examples)
					if math.Abs(g.Loss-loss) > tolerance*loss {
						t.Errorf("%s the loss is %v, want %v", place, g.Loss, loss)
					}
					bias := make([]float32, 3)
					for i, v := range gradient {
						bias[i%3] += float32(v)
					}
					norm := globalNorm(g.Values, 2)
					var along [][]float32
					for i, parameter := range p.step.parameters {
						along = append(along, slices.Clone(dense(parameter, g, i)))                              // the buffer is used again
						if parameter.Name != "classifier.bias" && parameter.Name != "classifier.out_proj.bias" { // Llama's head has none
							continue
						}
						if off, size := distance(g.Values[i], bias); off > tolerance*size {
							t.Errorf("%s the gradient of %s is %v, want %v", place, parameter.Name, g.Values[i], bias)
						}
					}
					if off, size := distance(p.logits(p.whole(place)), logits); off > tolerance*size {
						t.Errorf("%s the logits are off by %.2g", place, off/size)
					}
					const step = 1e-3
					move := func(by float64) {
						for i, parameter := range p.step.parameters {
							for j, v := range along[i] {
								parameter.Data[j] += float32(by * float64(v) / norm)
							}
						}
					}
					move(step)
					up := gradients().Loss
					move(-2 * step)
					down := gradients().Loss
					move(step)
					if slope := (up - down) / (2 * step); math.Abs(slope-norm) > 0.01*norm {
						t.Errorf("%s along the gradient the loss rises by %v, its norm is %v", place, slope, norm)
					}
				}
			})
		}
	}
}
