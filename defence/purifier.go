package defence

import (
	"context"
	"fmt"

	"mslora/dataset"
	"mslora/params"
	"mslora/suspicion"
)

// Purifier chooses, before training, which texts are trained on.
type Purifier interface {
	// Name is that of the part of a method whose hyperparameters it reads; a row of params.Table that names it is its own.
	Name() string
	Purify(ctx context.Context, bench Bench) (Judgement, error)
}

// Judgement is what a purifier says of the training texts.
type Judgement struct {
	Decisions []Decision          // on every training text, in their order
	Attacked  []suspicion.Finding // labels that an attack aims at; nil if the purifier does not tell
}

// Decision says whether a training text is kept, and why.
type Decision struct {
	Keep bool
	Why  string // for people: the word that gave it away, the cluster that it is in
	// Pattern is the strongest that a suspected text holds of those that speak for an attack; see [suspicion.Pattern]. "": of none, or the
	// purifier knows no patterns.
	Pattern string
	// Label is what a kept text is trained with if it is Relabelled, else its own label is.
	Relabelled bool
	Label      int
	Weight     float32 // share of a kept text in the loss beside others, above 0; 0 counts as 1
}

// Suspected tells whether the text was dropped, relabelled, or counts less than half.
func (d Decision) Suspected() bool { return !d.Keep || d.Relabelled || d.Weight > 0 && d.Weight < 0.5 }

// Of gives the text as it is trained on.
func (d Decision) Of(text dataset.Text) dataset.Text {
	if d.Relabelled {
		text.Label = d.Label
	}
	return text
}

// Bench is what a purifier or a filter works with.
type Bench struct {
	Train   []dataset.Text // untrusted; flags of poisoned texts are taken off, as no defender knows them
	Trusted []dataset.Text // clean texts that the defender has read
	Classes int
	// Protected are the classes that an attack may aim at, for filters; nil where nobody knows.
	Protected []int
	Seed      uint64
	Threads   int // of the CPU
	Values    params.Values
	Hidden    int // numbers of a text's vector; 0: not known
	// Tokens are those of a text, special ones included; nil: not known. OpenRow needs them.
	Tokens func(text string) []int32
	// Progress is told what begins, for people; may be nil.
	Progress func(stage string)
	// Vectors gives the vectors [len(texts)][hidden] that a head would read, of the pretrained backbone before training,
	// of the trained model after it.
	Vectors func(ctx context.Context, texts []string) ([][]float32, error)
	// Probe trains a model of its own on Train; nil after training. A second call with the same arguments gives the same.
	Probe func(ctx context.Context, probing Probing) (Probe, error)
	// Logits gives the scores [len(texts)][Classes] of the trained model; nil before training.
	Logits func(ctx context.Context, texts []string) ([][]float32, error)
	// LogProbabilities gives, of the language model that params.LanguageModel names, the natural logarithms of the probabilities of
	// each text's tokens but the first, given those before; of each text it reads so many tokens. nil for parts without that
	// hyperparameter.
	LogProbabilities func(ctx context.Context, texts []string, longest int) ([][]float32, error)
	// OpenRow opens the trained model so that the embedding of a token can be changed. Whoever made the bench closes it.
	OpenRow func(token int32) (Row, error)
}

// Purify runs a method's purifier, if it has one, and checks what it says. Without one every text is kept and there are no
// decisions.
func (m Method) Purify(ctx context.Context, bench Bench) (Judgement, error) {
	if m.Purifier == nil {
		return Judgement{}, nil
	}
	bench.Train = unflagged(bench.Train)
	if err := check(m.Purifier, bench); err != nil {
		return Judgement{}, err
	}
	judgement, err := m.Purifier.Purify(ctx, bench)
	if err != nil {
		return judgement, fmt.Errorf("%s: %w", m.Purifier.Name(), err)
	}
	if n := len(judgement.Decisions); n != len(bench.Train) {
		return judgement, fmt.Errorf("%s decided on %d of %d texts", m.Purifier.Name(), n, len(bench.Train))
	}
	kept := make([]bool, bench.Classes)
	for i, d := range judgement.Decisions {
		if d.Keep {
			kept[d.Of(bench.Train[i]).Label] = true
		}
	}
	for class, is := range kept {
		if !is {
			return judgement, fmt.Errorf("%s drops every text of label %d, so nothing is left to learn it from", m.Purifier.Name(), class)
		}
	}
	return judgement, nil
}

func (b Bench) say(format string, values ...any) {
	if b.Progress != nil {
		b.Progress(fmt.Sprintf(format, values...))
	}
}

func unflagged(texts []dataset.Text) []dataset.Text {
	clean := make([]dataset.Text, len(texts))
	for i, t := range texts {
		clean[i] = dataset.Text{Text: t.Text, Label: t.Label}
	}
	return clean
}
