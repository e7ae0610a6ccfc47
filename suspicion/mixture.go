package suspicion

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"

	"mslora/internal/logistic"
	"mslora/internal/parallel"
)

const (
	folds           = 5    // a text is scored by models that have not seen it
	rounds          = 6    // of expectation and maximisation
	meaningStrength = 350  // of the classifier of meaning, for all texts together: low, so that it learns no trigger
	patternStrength = 20   // of the classifier of patterns: high, as one word may be the trigger
	teacherStrength = 1    // of the classifier of the trusted texts alone
	trustedWeight   = 3    // of a trusted text against another one, in the classifier of meaning
	leastHonest     = 1e-4 // least probability that a label is honest: people err
	foldStream      = 0x73757370
)

// mixture is the model of one label. A text has the label with probability
//
//	g + (1 − g)·h
//
// where g is the probability that it is poisoned, by its patterns, and h that it has the label honestly, by its meaning. It is
// fitted by expectation and maximisation; both g and h of a text come from models of the other folds.
type mixture struct {
	inside   []bool           // texts with the label
	trusted  []bool           // trusted texts with the label
	meaning  *logistic.Matrix // a row for each text, then for each trusted one
	patterns *logistic.Matrix // a row for each text
	fold     []int            // of each text
	threads  int

	honest   []float64 // h of each text
	poisoned []float64 // log-odds of g of each text

	meaningModels, patternModels []*logistic.Model // of each fold, from the round before
}

// odds are the log-odds, in nats, that a text with the label is poisoned: those of g, less log h.
func (m *mixture) odds(i int) float64 { return m.poisoned[i] - math.Log(m.honest[i]+leastHonest) }

// posteriors gives each text's probability of being poisoned, 0 for those without the label.
func (m *mixture) posteriors() []float64 {
	r := make([]float64, len(m.inside))
	for i, is := range m.inside {
		if is {
			r[i] = logistic.Probability(m.odds(i))
		}
	}
	return r
}

// gain is by how many nats the mixture explains who has the label better than h alone does, out of fold.
func (m *mixture) gain() (nats float64) {
	for i, is := range m.inside {
		g, h := logistic.Probability(m.poisoned[i]), m.honest[i]+leastHonest
		if is {
			nats += math.Log((g + (1-g)*h) / h)
		} else {
			nats += math.Log1p(-g)
		}
	}
	return nats
}

func foldsOf(n int, seed uint64) []int {
	fold := make([]int, n)
	for at, i := range rand.New(rand.NewPCG(seed, foldStream)).Perm(n) {
		fold[i] = at % folds
	}
	return fold
}

// fit runs the rounds, from the probabilities of being poisoned that seed gives.
func (m *mixture) fit(ctx context.Context, seed []float64) error {
	r := seed
	for range rounds {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := m.fitPatterns(r); err != nil {
			return err
		}
		if err := m.fitMeaning(m.posteriors()); err != nil {
			return err
		}
		r = m.posteriors()
	}
	return nil
}

// teach sets h by the trusted texts alone, and gives the share of texts whose label it confirms.
func (m *mixture) teach() (confirmed float64, err error) {
	n := len(m.inside)
	target := make([]float64, n+len(m.trusted))
	var chosen []int
	for k, is := range m.trusted {
		target[n+k] = number(is)
		chosen = append(chosen, n+k)
	}
	model, err := logistic.Fit(logistic.Problem{Rows: m.meaning, Chosen: chosen, Target: target, Strength: teacherStrength}, nil)
	if err != nil {
		return 0, err
	}
	odds := make([]float64, n)
	for i := range odds {
		odds[i] = model.LogOdds(m.meaning, i)
	}
	// A few trusted texts do not tell how frequent the label is.
	shift := m.shift(odds)
	for i := range odds {
		m.honest[i] = logistic.Probability(odds[i] + shift)
		if m.honest[i] > 0.5 == m.inside[i] {
			confirmed += 1 / float64(n)
		}
	}
	return confirmed, nil
}

// shift is what is to be added to log-odds so that they expect as many texts with the label as there are.
func (m *mixture) shift(odds []float64) float64 {
	want := 0.
	for _, is := range m.inside {
		want += number(is)
	}
	low, high := -50., 50.
	for range 60 { // halvings
		middle, expected := (low+high)/2, 0.
		for _, z := range odds {
			expected += logistic.Probability(z + middle)
		}
		if expected < want {
			low = middle
		} else {
			high = middle
		}
	}
	return low
}

// fitPatterns fits g to probabilities of being poisoned.
func (m *mixture) fitPatterns(r []float64) error {
	problem := logistic.Problem{Rows: m.patterns, Target: r, Strength: patternStrength}
	return m.outOfFold(problem, nil, &m.patternModels, func(i int, odds float64) { m.poisoned[i] = odds })
}

// fitMeaning fits h to the labels of the texts, each as far as it is not suspected, and of the trusted ones.
func (m *mixture) fitMeaning(r []float64) error {
	n := len(m.inside)
	target, weight := make([]float64, n+len(m.trusted)), make([]float64, n+len(m.trusted))
	for i, is := range m.inside {
		target[i], weight[i] = number(is), 1-r[i]
	}
	var always []int
	for k, is := range m.trusted {
		target[n+k], weight[n+k] = number(is), trustedWeight
		always = append(always, n+k)
	}
	problem := logistic.Problem{Rows: m.meaning, Target: target, Weight: weight, Strength: meaningStrength / float64(n)}
	return m.outOfFold(problem, always, &m.meaningModels, func(i int, odds float64) { m.honest[i] = logistic.Probability(odds) })
}

// outOfFold fits a model for each fold, to the texts of the others and to the rows of always, and gives the log-odds of the
// fold's texts. Each search begins at the model of the round before, in models, where its result goes.
func (m *mixture) outOfFold(problem logistic.Problem, always []int, models *[]*logistic.Model, take func(i int, odds float64)) error {
	if *models == nil {
		*models = make([]*logistic.Model, folds)
	}
	errs := make([]error, folds)
	parallel.For(m.threads, folds, func(f int) {
		p := problem
		p.Chosen = append([]int(nil), always...)
		for i, of := range m.fold {
			if of != f {
				p.Chosen = append(p.Chosen, i)
			}
		}
		(*models)[f], errs[f] = logistic.Fit(p, (*models)[f])
	})
	if err := errors.Join(errs...); err != nil {
		return err
	}
	for i, f := range m.fold {
		take(i, (*models)[f].LogOdds(problem.Rows, i))
	}
	return nil
}

func number(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
