package defence

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mathext"

	"mslora/cluster"
	"mslora/internal/hint"
	"mslora/params"
)

// SEEP drops texts that a model is sure of from the first epochs on, and texts that lie near them (He et al. 2024, arXiv 2405.11575).
// Seeds are the texts with the largest mean of 1/(1 − p) over the epochs, p the probability of their label (Eq. 1). They spread to the
// texts of their label whose vectors lie near one of them: below the first valley in the density of the distances to the nearest seed.
//
// Seeds of a label spread only if it has more of them than chance gives it, and never to more than half of the label: a model is sure of
// most honest texts, too.
type SEEP struct{}

// Name is params.SEEP.
func (SEEP) Name() string { return params.SEEP }

const seepSeeds = "seep_seeds"

// surest bounds 1 − p from below, as p of a sure model rounds to 1.
const surest = 1e-12

// seedsOf says how many seeds there are.
func seedsOf(bench Bench) int { return int(bench.Values.Float(seepSeeds) * float64(len(bench.Train))) }

// Check wants texts for a seed.
func (SEEP) Check(bench Bench) error {
	if seedsOf(bench) == 0 {
		return hint.New("give more texts, or a larger --seep-seeds", "%d texts are too few for seeds: %s is %g", len(bench.Train), seepSeeds, bench.Values.Float(seepSeeds))
	}
	return nil
}

// Purify decides on every training text.
func (SEEP) Purify(ctx context.Context, bench Bench) (Judgement, error) {
	count := seedsOf(bench)
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

// seedChance is the probability with which seeds would spread that have fallen on labels by chance, in any of the labels.
const seedChance = 0.05

// byChance is the probability that at least so many of all seeds fall on a label with this share of the texts: the tail of a binomial.
func byChance(own, all int, share float64) float64 {
	if own == 0 {
		return 1
	}
	return mathext.RegIncBeta(float64(own), float64(all-own+1), share)
}

// spreadSeeds drops the texts of a label that lie near a seed of that label.
func spreadSeeds(bench Bench, label int, seeds []int, vectors [][]float32, decisions []Decision) {
	members := having(bench.Train, label)
	var own []int
	for _, s := range seeds {
		if bench.Train[s].Label == label {
			own = append(own, s)
		}
	}
	if byChance(len(own), len(seeds), float64(len(members))/float64(len(bench.Train))) > seedChance/float64(bench.Classes) {
		return
	}
	var rest, distances = []int{}, []float64{} // of texts that are no seeds
	for _, i := range members {
		if !decisions[i].Keep {
			continue
		}
		nearest := math.Inf(1)
		for _, s := range own {
			nearest = min(nearest, distance(vectors[i], vectors[s]))
		}
		rest, distances = append(rest, i), append(distances, nearest)
	}
	bound := nearSeeds(distances, len(members)/2-len(own))
	for k, i := range rest {
		if distances[k] < bound {
			decisions[i] = Decision{Why: fmt.Sprintf("distance %.4g to a seed, below %.4g", distances[k], bound)}
		}
	}
}

// nearSeeds is the distance below which texts are near a seed, so that they are no more than most; 0 if none are. Doubles of a seed, at
// distance 0, are as good as seeds. Of the others the first valley in the density of the logarithms of their distances tells.
func nearSeeds(distances []float64, most int) float64 {
	var logs []float64
	for _, d := range distances {
		if d > 0 {
			logs = append(logs, math.Log(d))
		}
	}
	for _, bound := range []float64{math.Exp(cluster.Valley(logs)), math.SmallestNonzeroFloat64} {
		near := 0
		for _, d := range distances {
			if d < bound {
				near++
			}
		}
		if 0 < near && near <= most {
			return bound
		}
	}
	return 0
}

func distance(a, b []float32) (sum float64) {
	for i, v := range a {
		d := float64(v - b[i])
		sum += d * d
	}
	return math.Sqrt(sum)
}
