package defence

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"mslora/cluster"
	"mslora/dataset"
	"mslora/params"
)

// SpectralSignatures drops the texts of each label that lie farthest along the direction in which the vectors of that label differ most
// (Tran, Li and Madry 2018, arXiv 1811.00636). The vectors are those of a model that was trained on all texts. Poisoned texts may have any
// label, so as many are dropped from each: 1.5 times the share that is reckoned with, as in the paper.
type SpectralSignatures struct{}

// Name is params.Spectral.
func (SpectralSignatures) Name() string { return params.Spectral }

const spectralShare = "spectral_share"

// overshoot is by how many times the expected share more is dropped.
const overshoot = 1.5

// Purify decides on every training text.
func (SpectralSignatures) Purify(ctx context.Context, bench Bench) (Judgement, error) {
	probe, err := bench.probe(ctx, bench.Values.Int(params.Epochs), 0)
	if err != nil {
		return Judgement{}, err
	}
	vectors, err := probe.Vectors(ctx, bench.texts())
	if err != nil {
		return Judgement{}, err
	}
	result := Judgement{Decisions: kept(len(bench.Train))}
	for label := range bench.Classes {
		members := having(bench.Train, label)
		if len(members) == 0 {
			continue
		}
		own := make([][]float32, len(members))
		for k, i := range members {
			own[k] = vectors[i]
		}
		scores, err := cluster.Components(own, 1)
		if err != nil {
			return Judgement{}, fmt.Errorf("label %d: %w", label, err)
		}
		order := make([]int, len(members))
		for k := range order {
			order[k] = k
		}
		outlying := func(k int) float64 { return scores[k][0] * scores[k][0] }
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(outlying(b), outlying(a)) })
		for rank, k := range order[:int(overshoot*bench.Values.Float(spectralShare)*float64(len(members)))] {
			result.Decisions[members[k]] = Decision{Why: fmt.Sprintf("outlier %d of the %d texts of its label: %.3g along the first component", rank+1, len(members), scores[k][0])}
		}
	}
	return result, nil
}

// kept keeps all of n texts.
func kept(n int) []Decision {
	all := make([]Decision, n)
	for i := range all {
		all[i].Keep = true
	}
	return all
}

// having gives the places of the texts of a label.
func having(texts []dataset.Text, label int) (places []int) {
	for i, t := range texts {
		if t.Label == label {
			places = append(places, i)
		}
	}
	return places
}
