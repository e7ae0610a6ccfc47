package defence

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"mslora/cluster"
	"mslora/internal/hint"
	"mslora/params"
)

// SEEP drops texts that a model is sure of from the first epochs on, and texts that lie near them (He et al. 2024, arXiv 2405.11575).
// Seeds are the texts with the largest mean of 1/(1 − p) over the epochs, p the probability of their label (Eq. 1). They spread to the
// texts of their label whose vectors lie near one of them.
//
// Near is said by a mixture of two normal distributions of the distances to the nearest seed, by their logarithms.
type SEEP struct{}

// Name is params.SEEP.
func (SEEP) Name() string { return params.SEEP }

const seepSeeds = "seep_seeds"

// surest bounds 1 − p from below, as p of a sure model rounds to 1.
const surest = 1e-12

// Purify decides on every training text.
func (SEEP) Purify(ctx context.Context, bench Bench) (Judgement, error) {
	count := int(bench.Values.Float(seepSeeds) * float64(len(bench.Train)))
	if count == 0 {
		return Judgement{}, hint.New("give more texts, or a larger --seep-seeds", "%d texts are too few for seeds: %s is %g", len(bench.Train), seepSeeds, bench.Values.Float(seepSeeds))
	}
	probe, err := bench.probe(ctx, bench.Values.Int(params.Epochs), 0)
	if err != nil {
		return Judgement{}, err
	}
	sure, order := confidence(bench, probe), make([]int, len(bench.Train))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(sure[b], sure[a]) })
	vectors, err := probe.Vectors(ctx, bench.texts())
	if err != nil {
		return Judgement{}, err
	}
	result := Judgement{Decisions: kept(len(bench.Train))}
	for rank, i := range order[:count] {
		result.Decisions[i] = Decision{Why: fmt.Sprintf("seed %d: mean of 1/(1 − p) %.4g", rank+1, sure[i])}
	}
	for label := range bench.Classes {
		spreadSeeds(bench, label, order[:count], vectors, result.Decisions)
	}
	return result, nil
}

// confidence is the mean of 1/(1 − p) over the epochs of each text.
func confidence(bench Bench, probe Probe) []float64 {
	sure := make([]float64, len(bench.Train))
	for _, logits := range probe.Logits {
		for i, t := range bench.Train {
			other := -math.Expm1(-loss(logits[i], t.Label)) // 1 − p
			sure[i] += 1 / max(other, surest) / float64(len(probe.Logits))
		}
	}
	return sure
}

// spreadSeeds drops the texts of a label that lie near a seed of that label.
func spreadSeeds(bench Bench, label int, seeds []int, vectors [][]float32, decisions []Decision) {
	var own, distances = []int{}, []float64{} // of texts that are no seeds
	for _, i := range having(bench.Train, label) {
		if !decisions[i].Keep {
			continue
		}
		nearest := math.Inf(1)
		for _, s := range seeds {
			if bench.Train[s].Label == label {
				nearest = min(nearest, distance(vectors[i], vectors[s]))
			}
		}
		if math.IsInf(nearest, 1) {
			return // the label has no seed
		}
		own, distances = append(own, i), append(distances, math.Log(max(nearest, math.SmallestNonzeroFloat64)))
	}
	bound := cluster.Valley(distances)
	for k, i := range own {
		if distances[k] < bound {
			decisions[i] = Decision{Why: fmt.Sprintf("distance %.4g to a seed, below %.4g", math.Exp(distances[k]), math.Exp(bound))}
		}
	}
}

func distance(a, b []float32) (sum float64) {
	for i, v := range a {
		d := float64(v - b[i])
		sum += d * d
	}
	return math.Sqrt(sum)
}
