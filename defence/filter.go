package defence

import (
	"context"
	"fmt"
)

// Filter looks at texts before a trained model answers.
type Filter interface {
	// Name is that of its part, as a purifier's.
	Name() string
	// Fit learns what it needs from trusted texts and from the trained model, and gives the sieve.
	Fit(ctx context.Context, bench Bench) (Sieve, error)
}

// blind is a filter that asks no classifier: it says the same of texts whatever was trained.
type blind interface{ Blind() }

// Blind tells whether the method's filter says the same of texts whatever was trained.
func (m Method) Blind() bool {
	_, is := m.Filter.(blind)
	return is
}

// Sieve decides on texts, in their order.
type Sieve func(ctx context.Context, texts []string) ([]Sifted, error)

// Sifted is a text as the model gets it.
type Sifted struct {
	Text    string // rewritten, or as it was
	Flagged bool   // it is taken for poisoned, and the model does not answer
}

// Sieve fits the method's filter; it is nil if there is none.
func (m Method) Sieve(ctx context.Context, bench Bench) (Sieve, error) {
	if m.Filter == nil {
		return nil, nil
	}
	bench.Train = nil // a filter knows what the defender trusts, and the model
	if err := check(m.Filter, bench); err != nil {
		return nil, err
	}
	sieve, err := m.Filter.Fit(ctx, bench)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", m.Filter.Name(), err)
	}
	return func(ctx context.Context, texts []string) ([]Sifted, error) {
		sifted, err := sieve(ctx, texts)
		if err == nil && len(sifted) != len(texts) {
			err = fmt.Errorf("%d of %d texts came back", len(sifted), len(texts))
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.Filter.Name(), err)
		}
		return sifted, nil
	}, nil
}
