package defence

import (
	"context"
	"fmt"
)

// Expert is a classifier that is fitted to the training texts before training and then fixed. The method's model is trained beside it,
// on the product of both their probabilities, so that it need not learn what the expert knows; afterwards it answers alone.
type Expert interface {
	// Name is that of its part, as a purifier's.
	Name() string
	// Fit gives what is added to the model's class scores, [len(bench.Train)][Classes]: log-probabilities.
	Fit(ctx context.Context, bench Bench) ([][]float32, error)
}

// Consult fits the method's expert; without one there is nothing to add.
func (m Method) Consult(ctx context.Context, bench Bench) ([][]float32, error) {
	if m.Expert == nil {
		return nil, nil
	}
	bench.Train = unflagged(bench.Train)
	if err := check(m.Expert, bench); err != nil {
		return nil, err
	}
	scores, err := m.Expert.Fit(ctx, bench)
	if err == nil && len(scores) != len(bench.Train) {
		err = fmt.Errorf("it knows %d of %d texts", len(scores), len(bench.Train))
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", m.Expert.Name(), err)
	}
	return scores, nil
}
