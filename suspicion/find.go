package suspicion

import (
	"context"
	"errors"
	"fmt"
	"math"

	"mslora/internal/hint"
	"mslora/internal/logistic"
)

// Text is a text with the label that the data give it.
type Text struct {
	Text   string
	Label  int       // 0 to Options.Classes − 1
	Vector []float32 // [hidden] of the frozen backbone
}

// Options of a search.
type Options struct {
	Classes int
	Seed    uint64 // of the folds
	Threads int    // at most that many models are fitted at once
}

// Result of a search.
type Result struct {
	Odds []float64 // log-odds, in nats, that each text is poisoned; above 0 it is more likely poisoned than not
	// Pattern is what each text holds of what its label is seeded by: the strongest; "" if it holds none.
	Pattern []string
	Labels  []Label
	// Confirmed is the share of texts whose label a classifier of the trusted texts alone confirms, as the mean over the labels
	// of "has it or not".
	Confirmed float64
}

// Label is what was found among the texts with one label.
type Label struct {
	Expected float64 // poisoned texts: the sum of their probabilities
	Gain     float64 // nats by which patterns explain who has the label beyond what meaning does, out of fold
	Attacked bool    // the gain is so large that some of them are taken for poisoned
}

// Suspected tells whether text i, with its label, is taken for poisoned: it is more likely so than not, and its label is attacked.
func (r Result) Suspected(label, i int) bool { return r.Labels[label].Attacked && r.Odds[i] > 0 }

// A label is attacked if its gain is leastGain nats or more, and that share of the largest gain: telling words, too, explain a little
// more than a linear classifier of meaning does.
const (
	leastGain  = 25
	gainsAlike = 0.5
)

func (r Result) judge() {
	largest := 0.
	for _, l := range r.Labels {
		largest = max(largest, l.Gain)
	}
	for i, l := range r.Labels {
		r.Labels[i].Attacked = l.Gain >= max(leastGain, gainsAlike*largest)
	}
}

// leastTexts is how few texts can be searched.
const leastTexts = 100

// Find looks for poisoned texts. trusted are texts whose labels are right, of two labels at least; the vectors of all come from one backbone.
func Find(ctx context.Context, texts, trusted []Text, o Options) (Result, error) {
	if err := check(texts, trusted, o.Classes); err != nil {
		return Result{}, err
	}
	plain := make([]string, len(texts))
	for i, t := range texts {
		plain[i] = t.Text
	}
	patterns := newPatterns(plain)
	shared := mixture{
		meaning: standardized(texts, trusted), patterns: patterns.matrix(plain), fold: foldsOf(len(texts), o.Seed), threads: o.Threads,
	}
	result := Result{Odds: make([]float64, len(texts)), Pattern: make([]string, len(texts)), Labels: make([]Label, o.Classes)}
	for class := range o.Classes {
		m := shared
		m.honest, m.poisoned = make([]float64, len(texts)), make([]float64, len(texts))
		m.inside, m.trusted = having(texts, class), having(trusted, class)
		confirmed, err := m.teach()
		if err != nil {
			return Result{}, err
		}
		result.Confirmed += confirmed / float64(o.Classes)
		found := m.weigh()
		if err := m.fit(ctx, m.seed(found)); err != nil {
			return Result{}, err
		}
		label := &result.Labels[class]
		label.Gain = m.gain()
		names := patterns.strongest(found)
		for i, r := range m.posteriors() {
			if m.inside[i] {
				label.Expected += r
				result.Odds[i], result.Pattern[i] = m.odds(i), names(plain[i])
			}
		}
	}
	result.judge()
	return result, nil
}

func check(texts, trusted []Text, classes int) error {
	if len(texts) < leastTexts {
		return hint.New(fmt.Sprintf("give %d or more", leastTexts), "%d texts are too few to look for poisoned ones", len(texts))
	}
	labels := map[int]bool{}
	for _, t := range trusted {
		labels[t.Label] = true
	}
	if len(labels) < 2 {
		return hint.New("give a few dozen trusted texts of every label", "the trusted texts have %d different labels, 2 are the least", len(labels))
	}
	for _, all := range [][]Text{texts, trusted} {
		for _, t := range all {
			if t.Label < 0 || t.Label >= classes || len(t.Vector) != len(texts[0].Vector) {
				return errors.New("a label is out of range, or vectors differ in length")
			}
		}
	}
	return nil
}

func having(texts []Text, class int) []bool {
	is := make([]bool, len(texts))
	for i, t := range texts {
		is[i] = t.Label == class
	}
	return is
}

// spread is the length of a typical row of meaning.
const spread = 3

// standardized gives the vectors of all texts, then of the trusted ones: over the texts each dimension has mean 0 and the same
// variance, and the mean of the squared lengths is spread².
func standardized(texts, trusted []Text) *logistic.Matrix {
	width, n := len(texts[0].Vector), float64(len(texts))
	mean, variance := make([]float64, width), make([]float64, width)
	for _, t := range texts {
		for d, v := range t.Vector {
			mean[d] += float64(v) / n
		}
	}
	for _, t := range texts {
		for d, v := range t.Vector {
			variance[d] += (float64(v) - mean[d]) * (float64(v) - mean[d]) / n
		}
	}
	m := logistic.NewMatrix(width)
	row := make([]float32, width)
	for _, all := range [][]Text{texts, trusted} {
		for _, t := range all {
			for d, v := range t.Vector {
				row[d] = float32(spread * (float64(v) - mean[d]) / (math.Sqrt(variance[d]*float64(width)) + 1e-9))
			}
			m.AddDense(row)
		}
	}
	return m
}
