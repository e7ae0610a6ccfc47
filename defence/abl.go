package defence

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"mslora/params"
)

// Isolation drops the texts with the lowest loss after a training that unlearns what it learns too well: the first half of anti-backdoor
// learning (Li et al. 2021, arXiv 2110.11571). A backdoor is learned before the task, so poisoned texts keep a low loss where the others'
// is held near abl_ascent. The second half, which unlearns the texts that were isolated, is not done: the rest is trained on anew.
type Isolation struct{}

// Name is params.ABL.
func (Isolation) Name() string { return params.ABL }

// Its hyperparameters.
const (
	ablAscent = "abl_ascent"
	ablShare  = "abl_share"
)

// Purify decides on every training text.
func (Isolation) Purify(ctx context.Context, bench Bench) (Judgement, error) {
	probe, err := bench.probe(ctx, bench.Values.Int(params.Epochs), bench.Values.Float(ablAscent))
	if err != nil {
		return Judgement{}, err
	}
	logits := probe.Logits[len(probe.Logits)-1]
	losses, order := make([]float64, len(bench.Train)), make([]int, len(bench.Train))
	for i, t := range bench.Train {
		losses[i], order[i] = loss(logits[i], t.Label), i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(losses[a], losses[b]) })
	result := Judgement{Decisions: kept(len(bench.Train))}
	for rank, i := range order[:int(bench.Values.Float(ablShare)*float64(len(order)))] {
		result.Decisions[i] = Decision{Why: fmt.Sprintf("loss %.3g, the lowest but %d", losses[i], rank)}
	}
	return result, nil
}
