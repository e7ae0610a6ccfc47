package defence

import (
	"context"
	"fmt"

	"mslora/dataset"
	"mslora/params"
	"mslora/suspicion"
)

// Purification drops the texts that package suspicion takes for poisoned. It needs trusted texts, and vectors of the frozen backbone.
type Purification struct{}

// Name is params.Purification.
func (Purification) Name() string { return params.Purification }

// Purify decides on every training text.
func (Purification) Purify(ctx context.Context, bench Bench) ([]Decision, error) {
	train, err := seen(ctx, bench, bench.Train)
	if err != nil {
		return nil, err
	}
	trusted, err := seen(ctx, bench, bench.Trusted)
	if err != nil {
		return nil, err
	}
	found, err := suspicion.Find(ctx, train, trusted, suspicion.Options{Classes: bench.Classes, Seed: bench.Seed, Threads: bench.Threads})
	if err != nil {
		return nil, err
	}
	decisions := make([]Decision, len(train))
	for i, t := range train {
		decisions[i].Keep = !found.Suspected(t.Label, i)
		if decisions[i].Keep {
			continue
		}
		decisions[i].Why = fmt.Sprintf("log-odds %.2f of being poisoned", found.Odds[i])
		if pattern := found.Pattern[i]; pattern != "" {
			decisions[i].Why += ", has " + pattern
		}
	}
	return decisions, nil
}

// seen gives texts with their vectors.
func seen(ctx context.Context, bench Bench, texts []dataset.Text) ([]suspicion.Text, error) {
	plain := make([]string, len(texts))
	for i, t := range texts {
		plain[i] = t.Text
	}
	vectors, err := bench.Vectors(ctx, plain)
	if err != nil {
		return nil, err
	}
	result := make([]suspicion.Text, len(texts))
	for i, t := range texts {
		result[i] = suspicion.Text{Text: t.Text, Label: t.Label, Vector: vectors[i]}
	}
	return result, nil
}
