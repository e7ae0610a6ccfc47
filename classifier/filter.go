package classifier

import (
	"context"

	"mslora/dataset"
	"mslora/defence"
	"mslora/lora"
	"mslora/ortrain"
	"mslora/params"
)

// Filtering is a filter with what it learns from.
type Filtering struct {
	Method   defence.Method // whose filter it is
	Trusted  []string       // clean texts; the label of each is the classifier's answer
	Values   params.Values
	Seed     uint64
	Progress func(stage string) // as in defence.Bench
	// LogProbabilities are those of a language model, as in defence.Bench.
	LogProbabilities func(ctx context.Context, texts []string, longest int) ([][]float32, error)
}

// Sieve fits a filter to the classifier. Whatever it has opened stays open as long as the classifier does.
func (c *Classifier) Sieve(ctx context.Context, f Filtering) (defence.Sieve, error) {
	answers, err := c.Predict(ctx, f.Trusted)
	if err != nil {
		return nil, err
	}
	trusted := make([]dataset.Text, len(f.Trusted))
	for i, text := range f.Trusted {
		trusted[i] = dataset.Text{Text: text, Label: answers[i].Class}
	}
	tokens := func(text string) []int32 { return c.tokenizer.Encode(text, c.longest) }
	return f.Method.Sieve(ctx, defence.Bench{
		Trusted: trusted, Classes: len(c.Labels), Seed: f.Seed, Values: f.Values, Progress: f.Progress, Vectors: c.Vectors,
		Hidden: c.model.Config.Hidden, Tokens: tokens,
		Logits: func(ctx context.Context, texts []string) ([][]float32, error) {
			return c.evaluator.Logits(ctx, c.examples(texts))
		},
		LogProbabilities: f.LogProbabilities,
		OpenRow: func(token int32) (_ defence.Row, err error) {
			c.row, err = c.openRow(token, tokens)
			return c.row, err
		},
	})
}

// openRow opens the classifier once more so that a token's embedding can be changed. encode gives the tokens of a text.
func (c *Classifier) openRow(token int32, encode func(text string) []int32) (*defence.WordRow, error) {
	full, err := c.store.Load(c.model.Config.Architecture(), "full")
	if err != nil {
		return nil, err
	}
	head, err := c.head()
	if err != nil {
		return nil, err
	}
	row, err := ortrain.NewWordRow(c.model, full, lora.Setting{}, head, len(c.Labels), c.device, token)
	if err != nil {
		return nil, err
	}
	return &defence.WordRow{Row: row, Encode: encode}, nil
}
