package suspicion

import (
	"context"
	"math"
	"math/rand/v2"

	"mslora/internal/logistic"
)

const (
	folds              = 5    // a text is scored by models that have not seen it
	rounds             = 6    // of expectation and maximisation
	meaningStrength    = 350  // of the classifier of meaning, for all texts together: low, so that it learns no trigger
	patternStrength    = 20   // of the classifier of patterns: high, as one word may be the trigger
	teacherStrength    = 1    // of the classifier of the trusted texts alone
	selfTaughtStrength = 3500 // of the first classifier where nothing is trusted, for all texts together
	trustedWeight      = 3    // of a trusted text against another one
	foldStream         = 0x73757370
)

// mixture is the model of one label. A text has the label with probability
//
//	g + (1 − g)·h
//
// where g is the probability that it is poisoned, by its patterns, and h that it has the label honestly, by its meaning and its words.
// It is fitted by expectation and maximisation; both g and h of a text come from models of the other folds.
//
// Rows of matrices, and folds, are those of the texts, then those of the trusted ones.
type mixture struct {
	inside   []bool           // texts with the label
	trusted  []bool           // trusted texts with the label
	vectors  *logistic.Matrix // what the teacher reads
	meaning  *logistic.Matrix // what h reads
	patterns *logistic.Matrix // what g reads
	fold     []int
	threads  int

	meaningOdds, patternOdds []float64 // log-odds of h and g of each row, before they are calibrated
	at                       calibration
	honest                   []float64 // h of each text
	poisoned                 []float64 // log-odds of g of each text
	gain                     float64   // nats by which the mixture explains who has the label better than h alone does

	meaningModels, patternModels []*logistic.Model // of each fold, from the round before
}

// of makes the mixture of a label, of which the texts inside and the trusted ones are.
func (shared mixture) of(inside, trusted []bool) *mixture {
	m := shared
	m.inside, m.trusted = inside, trusted
	m.honest, m.poisoned = make([]float64, len(inside)), make([]float64, len(inside))
	m.meaningOdds, m.patternOdds = make([]float64, len(m.fold)), make([]float64, len(m.fold))
	m.meaningModels, m.patternModels = make([]*logistic.Model, folds), make([]*logistic.Model, folds)
	return &m
}

// odds are the log-odds, in nats, that a text with the label is poisoned: those of g, less log h.
func (m *mixture) odds(i int) float64 { return m.poisoned[i] - math.Log(m.honest[i]) }

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
		if err := m.outOfFold(m.patternFit(r), m.meaningFit(r)); err != nil {
			return err
		}
		if err := m.calibrate(); err != nil {
			return err
		}
		r = m.posteriors()
	}
	return nil
}

// teach sets h by the trusted texts alone, and gives the share of texts whose label it confirms. Without trusted texts of the label, of which a
// teacher would learn nothing but that it is rare, it sets h by all labels, out of fold, with a penalty under which it can learn little but what
// most texts of a label say.
func (m *mixture) teach() (confirmed float64, err error) {
	n := len(m.inside)
	if count(m.trusted) == 0 {
		err = m.teachItself()
	} else {
		err = m.teachByTrusted()
	}
	if err != nil {
		return 0, err
	}
	// A few trusted texts do not tell how frequent the label is.
	shift := m.shift(m.meaningOdds[:n])
	m.use(calibration{meaningScale: 1, meaningShift: shift, noise: firstNoise})
	for i, is := range m.inside {
		if m.meaningOdds[i]+shift > 0 == is {
			confirmed += 1 / float64(n)
		}
	}
	return confirmed, nil
}

func (m *mixture) teachByTrusted() error {
	n := len(m.inside)
	target := make([]float64, n+len(m.trusted))
	var chosen []int
	for k, is := range m.trusted {
		target[n+k] = number(is)
		chosen = append(chosen, n+k)
	}
	model, err := logistic.Fit(logistic.Problem{Rows: m.vectors, Chosen: chosen, Target: target, Strength: teacherStrength}, nil)
	if err != nil {
		return err
	}
	for i := range n {
		m.meaningOdds[i] = model.LogOdds(m.vectors, i)
	}
	return nil
}

func (m *mixture) teachItself() error {
	target, weight := m.blank() // trusted texts, if there are any, have other labels
	for i, is := range m.inside {
		target[i], weight[i] = number(is), 1
	}
	return m.outOfFold(logistic.Folded{
		Problem: logistic.Problem{Rows: m.vectors, Target: target, Weight: weight, Strength: selfTaughtStrength / float64(len(m.inside))}, Odds: m.meaningOdds,
	})
}

// shift is what is to be added to log-odds so that they expect as many texts with the label as there are.
func (m *mixture) shift(odds []float64) float64 {
	want := count(m.inside)
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

// patternFit is that of g to probabilities of being poisoned; no trusted text is.
func (m *mixture) patternFit(r []float64) logistic.Folded {
	target, weight := m.blank()
	copy(target, r)
	for i := range r {
		weight[i] = 1
	}
	return logistic.Folded{Problem: logistic.Problem{Rows: m.patterns, Target: target, Weight: weight, Strength: patternStrength}, Models: m.patternModels, Odds: m.patternOdds}
}

// meaningFit is that of h to the labels of the texts, each as far as it is not suspected, and of the trusted ones.
func (m *mixture) meaningFit(r []float64) logistic.Folded {
	n := len(m.inside)
	target, weight := m.blank()
	for i, is := range m.inside {
		target[i], weight[i] = number(is), 1-r[i]
	}
	for k, is := range m.trusted {
		target[n+k] = number(is)
	}
	return logistic.Folded{Problem: logistic.Problem{Rows: m.meaning, Target: target, Weight: weight, Strength: meaningStrength / float64(n)}, Models: m.meaningModels, Odds: m.meaningOdds}
}

// blank gives targets 0 for all rows, and weights for the trusted ones.
func (m *mixture) blank() (target, weight []float64) {
	target, weight = make([]float64, len(m.fold)), make([]float64, len(m.fold))
	for i := len(m.inside); i < len(weight); i++ {
		weight[i] = trustedWeight
	}
	return target, weight
}

// outOfFold fits models, and gives each row the log-odds of the one that has not seen it.
func (m *mixture) outOfFold(problems ...logistic.Folded) error {
	return logistic.FitFolds(m.threads, folds, m.fold, problems...)
}

func number(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

func count(are []bool) (n float64) {
	for _, is := range are {
		n += number(is)
	}
	return n
}
