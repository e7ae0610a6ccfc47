package defence

import (
	"context"
	"fmt"

	"mslora/dataset"
	"mslora/internal/logistic"
	"mslora/params"
	"mslora/suspicion"
)

// Reading is told, of how many texts, while they are read.
const Reading = "looking for poisoned texts: reading %d texts with the pretrained model"

// leastWeight is the weight below which a text is left out.
const leastWeight = 1e-3

// Purification drops, relabels or weighs down the texts that package suspicion takes for poisoned, as params.Suspected says. It needs vectors of the frozen backbone, and
// finds more with trusted texts.
type Purification struct{}

// Name is params.Purification.
func (Purification) Name() string { return params.Purification }

// Check wants texts enough, and trusted texts that tell labels apart.
func (Purification) Check(bench Bench) error {
	labels := make([]int, len(bench.Trusted))
	for i, t := range bench.Trusted {
		labels[i] = t.Label
	}
	return suspicion.Check(len(bench.Train), labels)
}

// Purify decides on every training text.
func (Purification) Purify(ctx context.Context, bench Bench) (Judgement, error) {
	bench.say(Reading, len(bench.Train))
	train, err := seen(ctx, bench, bench.Train)
	if err != nil {
		return Judgement{}, err
	}
	trusted, err := seen(ctx, bench, bench.Trusted)
	if err != nil {
		return Judgement{}, err
	}
	found, err := suspicion.Find(ctx, train, trusted, suspicion.Options{
		Classes: bench.Classes, Seed: bench.Seed, Threads: bench.Threads,
		Progress: func(label, of int) { bench.say("looking for poisoned texts: label %d of %d", label+1, of) },
	})
	if err != nil {
		return Judgement{}, err
	}
	result := Judgement{Decisions: make([]Decision, len(train)), Attacked: found.Findings(train)}
	treatment := bench.Values.Word(params.Suspected)
	for i, t := range train {
		decision := &result.Decisions[i]
		decision.Keep = true
		if treatment == params.SuspectedWeigh && found.Labels[t.Label].Attacked {
			decision.Weight = float32(logistic.Probability(-found.Odds[i]))
			decision.Keep = decision.Weight >= leastWeight
		}
		if !found.Suspected(t.Label, i) {
			continue
		}
		switch treatment {
		case params.SuspectedDrop:
			decision.Keep = false
		case params.SuspectedRelabel:
			decision.Relabelled, decision.Label = true, found.Meant[i]
		}
		decision.Why = fmt.Sprintf("log-odds %.2f of being poisoned", found.Odds[i])
		decision.Pattern = found.Pattern[i]
	}
	return result, nil
}

// seen gives texts with their vectors.
func seen(ctx context.Context, bench Bench, texts []dataset.Text) ([]suspicion.Text, error) {
	plain, labels := make([]string, len(texts)), make([]int, len(texts))
	for i, t := range texts {
		plain[i], labels[i] = t.Text, t.Label
	}
	return suspicion.See(ctx, plain, labels, bench.Vectors)
}
