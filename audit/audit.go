package audit

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"mslora/phrases"
)

// Text is one training text.
type Text struct {
	Text     string
	Label    int // class that the data gives it
	Line     int // in its file
	Poisoned bool
}

// Options of an audit.
type Options struct {
	Candidates int // phrases tested for each class
	Probes     int // texts that each is inserted into
	Seed       uint64
	Progress   func(message string) // told what begins; may be nil
}

// outlier is the strength from which on a phrase counts as a possible trigger.
const outlier = 5

// Suspect is a training text with the reasons for its rank.
type Suspect struct {
	Text
	Index int // of the text among all
	// Suspicion is log(1 + Disagreement), 0 where that is negative or a model is not to be believed, + Phrases(). The logarithm, because most texts differ by almost
	// nothing and hard ones by dozens of deviations: a sum would put any hard text above the strongest trigger.
	Suspicion float64
	Predicted int // the clean model's label
	// Disagreement is how far the log-odds of the given label under the vanilla model exceed those under the clean one,
	// each in units of its model's log-odds, as a robust z-score among the texts with that label.
	Disagreement float64
	Strongest    *Trigger // the strongest candidate of its label that it holds, nil: it holds none
	Over         float64  // the largest over-representation of these candidates, 0: it holds none; asks no model
	Loss         float64  // −log p of the given label under the vanilla model, in nats: a baseline
}

// Phrases is the strength of the strongest candidate of its label that the text holds, 0 if that is negative or there is none.
// It counts also where it does not stand out: a syntax shows as many phrases that are a little too frequent.
func (s Suspect) Phrases() float64 {
	if s.Strongest == nil {
		return 0
	}
	return max(0, s.Strongest.Strength)
}

// Suspected tells whether the text holds a possible trigger of its label.
func (s Suspect) Suspected() bool { return s.Strongest != nil && s.Strongest.possible() }

// Result of an audit.
type Result struct {
	Suspects []Suspect // all texts, the most suspicious first
	Triggers []Trigger // all candidates, the strongest first
	Passes   int       // texts that the two models predicted

	Clean, Vanilla Credit
	Probes         []int // texts that the candidates of each class were inserted into; nil if a model is not to be believed
	fewest         int   // of them, below which flips tell too little
}

// Possible gives the triggers that stand out, and that the vanilla model obeys or the data show.
func (r Result) Possible() (possible []Trigger) {
	for _, t := range r.Triggers {
		if t.possible() {
			possible = append(possible, t)
		}
	}
	return possible
}

// Holders counts the texts that hold a possible trigger of their label.
func (r Result) Holders() (n int) {
	for _, s := range r.Suspects {
		if s.Suspected() {
			n++
		}
	}
	return n
}

// Run audits texts of classes classes. vanilla was trained on them without any defence, clean with one.
func Run(ctx context.Context, texts []Text, classes int, clean, vanilla Model, o Options) (Result, error) {
	say := func(format string, arguments ...any) {
		if o.Progress != nil {
			o.Progress(fmt.Sprintf(format, arguments...))
		}
	}
	say("predicting %d texts with both models", len(texts))
	trusted, err := askAll(ctx, clean, texts)
	if err != nil {
		return Result{}, err
	}
	naive, err := askAll(ctx, vanilla, texts)
	if err != nil {
		return Result{}, err
	}
	plain, labels := make([]string, len(texts)), make([]int, len(texts))
	for i, t := range texts {
		plain[i], labels[i] = t.Text, t.Label
	}
	index := phrases.New(plain, labels, classes)
	found := index.Best(o.Candidates)
	candidates := found.Candidates
	result := Result{Passes: 2 * len(texts), fewest: min(fewProbes, o.Probes), Clean: trusted.credit(texts, classes), Vanilla: naive.credit(texts, classes)}
	believed := result.Clean.Good() && result.Vanilla.Good()
	triggers := byFrequency(candidates)
	if believed {
		say("inserting %d words and phrases into texts of other labels", len(candidates))
		if triggers, result.Probes, err = insertAll(ctx, texts, classes, candidates, trusted, naive, o); err != nil {
			return Result{}, err
		}
	}
	for _, t := range triggers {
		result.Passes += 2 * t.Probes
	}
	held, holders, shares := make([][]int, len(texts)), make([][]int, len(triggers)), make([]float64, classes)
	for i := range texts {
		held[i] = found.Holding(i)
		for _, place := range held[i] {
			holders[place] = append(holders[place], i)
		}
	}
	for class := range shares {
		shares[class] = index.Share(class)
	}
	merge(triggers, holders, texts, shares)
	disagreement := disagreements(texts, classes, trusted, naive)
	for i, t := range texts {
		suspect := Suspect{
			Text: t, Index: i, Disagreement: disagreement[i], Predicted: trusted.says(i),
			Loss: -math.Log(max(naive.probabilities[i][t.Label], math.SmallestNonzeroFloat64)),
		}
		for _, place := range held[i] {
			trigger := &triggers[place]
			if trigger.Class != t.Label {
				continue
			}
			suspect.Over = max(suspect.Over, trigger.Over)
			if trigger.Part {
				continue
			}
			if suspect.Strongest == nil || trigger.Strength > suspect.Strongest.Strength {
				suspect.Strongest = trigger
			}
		}
		suspect.Suspicion = suspect.Phrases()
		if believed {
			suspect.Suspicion += math.Log1p(max(0, suspect.Disagreement))
		}
		result.Suspects = append(result.Suspects, suspect)
	}
	slices.SortStableFunc(result.Suspects, func(a, b Suspect) int { return cmp.Compare(b.Suspicion, a.Suspicion) })
	result.Triggers = slices.Clone(triggers) // the suspects point into triggers
	slices.SortStableFunc(result.Triggers, func(a, b Trigger) int { return cmp.Compare(b.Strength, a.Strength) })
	return result, nil
}

// leastDisagreement bounds the scale of Disagreement from below, as leastShift does that of Strength.
const leastDisagreement = 0.02

// disagreements compares the models' log-odds among the texts of each label: a model may be less sure of one label.
func disagreements(texts []Text, classes int, clean, vanilla opinion) []float64 {
	result := make([]float64, len(texts))
	for class := range classes {
		var indices []int
		var differences []float64
		for i, t := range texts {
			if t.Label == class {
				indices = append(indices, i)
				differences = append(differences, vanilla.odds[i]-clean.odds[i])
			}
		}
		for k, z := range deviations(differences, leastDisagreement) {
			result[indices[k]] = z
		}
	}
	return result
}
