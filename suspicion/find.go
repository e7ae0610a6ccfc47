package suspicion

import (
	"context"
	"errors"
	"fmt"

	"mslora/internal/hint"
	"mslora/internal/logistic"
)

// Text is a text with the label that the data give it.
type Text struct {
	Text   string
	Label  int       // 0 to Options.Classes − 1
	Vector []float32 // [hidden] of the frozen backbone
}

// See gives texts with their labels and the vectors that are computed of them.
func See(ctx context.Context, texts []string, labels []int, vectors func(ctx context.Context, texts []string) ([][]float32, error)) ([]Text, error) {
	found, err := vectors(ctx, texts)
	if err != nil {
		return nil, err
	}
	all := make([]Text, len(texts))
	for i, text := range texts {
		all[i] = Text{Text: text, Label: labels[i], Vector: found[i]}
	}
	return all, nil
}

// Options of a search.
type Options struct {
	Classes int
	Seed    uint64 // of the folds
	Threads int    // at most that many models are fitted at once
	// Without leaves signals out, to see what each of them gives.
	Without []Signal
	// Progress is told before the texts of each label are searched, of how many labels; may be nil.
	Progress func(label, of int)
}

// Result of a search.
type Result struct {
	// Odds are the log-odds, in nats, that each text is poisoned; less doubt but for the labels that are attacked, or, where none is, for
	// the one with the largest gain.
	Odds []float64
	// Pattern is what each text holds of what its label is seeded by: the strongest; "" if it holds none.
	Pattern []string
	// Meant is the label, other than its own, that the meaning of each text speaks for most.
	Meant  []int
	Labels []Label
	// Confirmed is the share of texts whose label the first classifier of meaning confirms, as the mean over the labels of "has it or
	// not": that of the trusted texts alone, or, where there are none, one of all texts, out of fold.
	Confirmed float64
}

// doubt is taken off the log-odds of texts, in nats, if another label looks more like an attacked one: something easy in common is no poison.
const doubt = 10

// suspectedFrom are the log-odds from which on a text is suspected, in nats: one in eight is poisoned there. A poisoned text that stays in
// the training set does more harm than seven honest ones that go.
const suspectedFrom = -2

// Suspected tells whether text i, with its label, may well be poisoned: its log-odds say so, and its label is attacked.
func (r Result) Suspected(label, i int) bool {
	return r.Labels[label].Attacked && r.Odds[i] > suspectedFrom
}

// leastTexts is how few texts can be searched.
const leastTexts = 100

// Find looks for poisoned texts. trusted are texts whose labels are right, of two labels at least, or none; the vectors of all come from one
// backbone. Of a label without trusted texts only what the texts say themselves tells honest words from patterns of an attack: it needs more
// evidence to be called attacked.
func Find(ctx context.Context, texts, trusted []Text, o Options) (Result, error) {
	if err := check(texts, trusted, o.Classes); err != nil {
		return Result{}, err
	}
	plain := make([]string, len(texts))
	for i, t := range texts {
		plain[i] = t.Text
	}
	patterns := newPatterns(plain, o.Without...)
	known := make([]string, len(trusted))
	for i, t := range trusted {
		known[i] = t.Text
	}
	vectors, seen := standardized(texts, trusted), patterns.matrix(plain, known)
	meaning := vectors
	if patterns.reads(HonestWords) {
		meaning = logistic.Beside(vectors, seen, wordScale)
	}
	shared := mixture{
		vectors: vectors, meaning: meaning, patterns: seen, fold: foldsOf(len(texts)+len(trusted), o.Seed), threads: o.Threads,
	}
	result := Result{Odds: make([]float64, len(texts)), Pattern: make([]string, len(texts)), Meant: make([]int, len(texts)), Labels: make([]Label, o.Classes)}
	meant := make([]float64, len(texts)) // the probability of the label in result.Meant
	for class := range o.Classes {
		if o.Progress != nil {
			o.Progress(class, o.Classes)
		}
		m := shared.of(having(texts, class), having(trusted, class))
		confirmed, err := m.teach()
		if err != nil {
			return Result{}, err
		}
		result.Confirmed += confirmed / float64(o.Classes)
		found := m.weigh()
		if err := m.fit(ctx, m.seed(found)); err != nil {
			return Result{}, err
		}
		label := m.label()
		names, place := patterns.names(found, plain), map[int32]int{}
		for at, e := range found {
			label.Patterns = append(label.Patterns, Pattern{Name: names[at], Nats: e.nats, Share: e.share, Texts: e.holders})
			place[e.column] = at
		}
		label.Attacked = label.attacked()
		for i, is := range m.inside {
			if !is {
				if m.honest[i] > meant[i] {
					meant[i], result.Meant[i] = m.honest[i], class
				}
				continue
			}
			result.Odds[i] = m.odds(i)
			first := len(found)
			columns, _ := seen.Row(i)
			for _, c := range columns {
				if at, is := place[c]; is {
					first = min(first, at)
				}
			}
			if first < len(found) {
				result.Pattern[i] = names[first]
			}
		}
		result.Labels[class] = label
	}
	doubted := doubted(result.Labels)
	for i, t := range texts {
		if doubted[t.Label] {
			result.Odds[i] -= doubt
		}
	}
	return result, nil
}

// doubted are the labels that look less like an attacked one than another does.
func doubted(labels []Label) []bool {
	are, strongest, attacked := make([]bool, len(labels)), 0, false
	for class, l := range labels {
		are[class] = !l.Attacked
		attacked = attacked || l.Attacked
		if l.Gain > labels[strongest].Gain {
			strongest = class
		}
	}
	if !attacked {
		are[strongest] = false
	}
	return are
}

// Check tells, before any text is read with a model, whether there is enough to search: how many texts there are, and the labels of the trusted ones.
func Check(texts int, trusted []int) error {
	if texts < leastTexts {
		return hint.New(fmt.Sprintf("give %d or more; with fewer read them all, and train with --method musclelora or lora", leastTexts), "%d texts are too few to look for poisoned ones", texts)
	}
	for _, label := range trusted {
		if label != trusted[0] {
			return nil
		}
	}
	if len(trusted) == 0 {
		return nil
	}
	return hint.New("give a few dozen trusted texts of every label, or none at all", "the trusted texts have one label alone, so they tell it from no other; 2 are the least")
}

func check(texts, trusted []Text, classes int) error {
	labels := make([]int, len(trusted))
	for i, t := range trusted {
		labels[i] = t.Label
	}
	if err := Check(len(texts), labels); err != nil {
		return err
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
