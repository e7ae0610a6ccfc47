package defence

import (
	"context"
	"math"
)

// Probing says how a probe is trained: as [Method] vanilla with the cell's hyperparameters, but for these.
type Probing struct {
	Epochs int
	// Ascent is the loss below which a batch is unlearned: see ortrain.Setting.Ascent.
	Ascent float64
}

// Probe is a classifier that was trained on all training texts, poisoned ones too, for a purifier to look at.
type Probe struct {
	// Logits are the scores [epochs][len(Train)][Classes] that it gave the training texts after each epoch.
	Logits [][][]float32
	// Vectors gives the vectors [len(texts)][hidden] that its head reads, after the last epoch.
	Vectors func(ctx context.Context, texts []string) ([][]float32, error)
	// Pool gives what the head's pooler makes of such vectors; of a model without one they stay.
	Pool func(vectors [][]float32) [][]float32
}

// probe trains a probe.
func (b Bench) probe(ctx context.Context, epochs int, ascent float64) (Probe, error) {
	b.say("looking for poisoned texts: training a model on all %d texts", len(b.Train))
	return b.Probe(ctx, Probing{Epochs: epochs, Ascent: ascent})
}

// texts are those of Train.
func (b Bench) texts() []string {
	all := make([]string, len(b.Train))
	for i, t := range b.Train {
		all[i] = t.Text
	}
	return all
}

// loss is the cross-entropy of scores with a label, −log softmax(logits)[label], in nats.
func loss(logits []float32, label int) float64 {
	largest := float64(logits[0])
	for _, v := range logits {
		largest = max(largest, float64(v))
	}
	sum := 0.0
	for _, v := range logits {
		sum += math.Exp(float64(v) - largest)
	}
	return math.Log(sum) + largest - float64(logits[label])
}
