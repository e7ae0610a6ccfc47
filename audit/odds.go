package audit

import (
	"context"
	"math"
	"slices"
)

// Model gives the probabilities [len(texts)][classes] of a classifier, in the order of texts.
type Model func(ctx context.Context, texts []string) ([][]float64, error)

// mostOdds bounds log-odds, in nats, where a model is so sure that a probability becomes 0.
const mostOdds = 50

// LogOdds is log p_c − log Σ_{k≠c} p_k, in nats: how much more probable class c is than all others together.
func LogOdds(probabilities []float64, class int) float64 {
	rest := 0.0
	for k, p := range probabilities {
		if k != class {
			rest += p
		}
	}
	return min(mostOdds, max(-mostOdds, math.Log(probabilities[class])-math.Log(rest)))
}

// opinion is what one model thinks of the training texts.
type opinion struct {
	model         Model
	probabilities [][]float64
	odds          []float64 // log-odds of the given labels, in units of scale
	// scale is the root mean square of the log-odds of the given labels, in nats: measured by it, a timid and a bold
	// model can be compared.
	scale float64
}

func askAll(ctx context.Context, model Model, texts []Text) (opinion, error) {
	plain := make([]string, len(texts))
	for i, t := range texts {
		plain[i] = t.Text
	}
	probabilities, err := model(ctx, plain)
	if err != nil {
		return opinion{}, err
	}
	o := opinion{model: model, probabilities: probabilities, odds: make([]float64, len(texts))}
	for i, t := range texts {
		o.odds[i] = LogOdds(probabilities[i], t.Label)
		o.scale += o.odds[i] * o.odds[i] / float64(len(texts))
	}
	if o.scale = math.Sqrt(o.scale); o.scale == 0 {
		o.scale = 1
	}
	for i := range o.odds {
		o.odds[i] /= o.scale
	}
	return o, nil
}

// says is the model's label of a training text.
func (o opinion) says(text int) int { return argmax(o.probabilities[text]) }

func argmax(values []float64) int {
	best := 0
	for i, v := range values {
		if v > values[best] {
			best = i
		}
	}
	return best
}

// deviations gives (x − median) / (1.4826 · median absolute deviation), the robust form of a z-score: a few extreme
// values do not hide themselves by widening the scale. least bounds the scale from below.
func deviations(values []float64, least float64) []float64 {
	if len(values) == 0 {
		return nil
	}
	middle := median(values)
	distances := make([]float64, len(values))
	for i, v := range values {
		distances[i] = math.Abs(v - middle)
	}
	scale := max(least, 1.4826*median(distances)) // 1.4826: of normal values it is the standard deviation
	result := make([]float64, len(values))
	for i, v := range values {
		result[i] = (v - middle) / scale
	}
	return result
}

// median of values, which must not be empty.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
