package ortrain

import (
	"math"
	"testing"
)

// weightedLoss is PyTorch's CrossEntropyLoss(weight=weights) with reduction mean, and its gradient for the logits:
// the weighted losses over the sum of the weights.
func weightedLoss(logits []float32, examples []Example, weights []float32) (loss float64, gradient []float64) {
	classes, total := len(weights), 0.0
	for _, e := range examples {
		total += float64(weights[e.Label])
	}
	for i, e := range examples {
		row, sum := logits[i*classes:][:classes], 0.0
		for _, z := range row {
			sum += math.Exp(float64(z))
		}
		share := float64(weights[e.Label]) / total
		for c, z := range row {
			p, target := math.Exp(float64(z))/sum, 0.0
			if c == e.Label {
				target = 1
				loss -= share * math.Log(p)
			}
			gradient = append(gradient, share*(p-target))
		}
	}
	return loss, gradient
}

// PyTorch gives for these logits, labels and weights
//
//	F.cross_entropy(logits, labels, weight=torch.tensor([0.5, 2.0, 1.25]))
func TestWeightedLoss(t *testing.T) {
	logits := []float32{1, 2, 0.5, -1, 0, 3, 0.25, -0.5, 1, 2, 2, -2}
	examples := []Example{{Label: 0}, {Label: 2}, {Label: 1}, {Label: 1}}
	loss, gradient := weightedLoss(logits, examples, []float32{0.5, 2, 1.25})
	if want := 1.0913074; math.Abs(loss-want) > 1e-6 {
		t.Errorf("the loss is %v, PyTorch's %v", loss, want)
	}
	for i, want := range []float64{-0.066850, 0.054655, 0.012195, 0.003728, 0.010133, -0.013861, 0.096905, -0.302052, 0.205147, 0.172335, -0.175491, 0.003156} {
		if math.Abs(gradient[i]-want) > 1e-6 {
			t.Errorf("gradient %d is %v, PyTorch's %v", i, gradient[i], want)
		}
	}
}

// With weights of the classes, the graph's loss and the gradient of the head's bias must be those of PyTorch's weighted loss on
// PyTorch's logits, in one part and in several.
func TestParityWeights(t *testing.T) {
	for _, family := range parityFamilies {
		for _, tokens := range []int{math.MaxInt, 150, 1} {
			p := openParity(t, parityCase{family: family, method: "full"}, 2)
			p.weights = []float32{0.5, 4, 1.25}
			for _, place := range []string{"batch32/", "batch5/"} {
				g, err := p.step.gradients(p.parts(place, tokens), p.buffer)
				if err != nil {
					t.Fatal(err)
				}
				examples, _ := p.examples(place)
				loss, gradient := weightedLoss(p.floats(place+"logits"), examples, p.weights)
				if math.Abs(g.Loss-loss) > tolerance*loss {
					t.Errorf("%s %s in parts of %d tokens: the loss is %v, want %v", family, place, tokens, g.Loss, loss)
				}
				bias := make([]float32, 3)
				for i, v := range gradient {
					bias[i%3] += float32(v)
				}
				for i, parameter := range p.step.parameters {
					if parameter.Name != "classifier.bias" && parameter.Name != "classifier.out_proj.bias" { // Llama's head has none
						continue
					}
					if off, size := distance(g.Values[i], bias); off > tolerance*size {
						t.Errorf("%s %s in parts of %d tokens: the gradient of %s is %v, want %v", family, place, tokens, parameter.Name, g.Values[i], bias)
					}
				}
			}
		}
	}
}

// A batch without weights has the loss that it had before there were any, to the bit.
func TestTotalWeight(t *testing.T) {
	for _, test := range []struct {
		weights []float32
		want    float32
	}{
		{[]float32{0, 0, 0}, 3},
		{[]float32{1, 1, 1}, 3},
		{[]float32{0.5, 0, 2}, 3.5},
	} {
		var examples []Example
		for _, w := range test.weights {
			examples = append(examples, Example{Tokens: []int32{1}, Weight: w})
		}
		if got := totalWeight(examples); got != test.want {
			t.Errorf("weights %v: %v, want %v", test.weights, got, test.want)
		}
	}
}
