package defence

import (
	"context"
	"fmt"
	"math"
	"slices"

	"mslora/internal/hint"
	"mslora/ortrain"
	"mslora/params"
)

// RAP flags texts whose class withstands a word that was made to shake it (Yang et al. 2021, arXiv 2110.07831): the embedding of one rare
// word is tuned so that putting it before clean texts lowers the probability of the protected class by rap_least to rap_most. A trigger
// does not let go of its class so easily. With p of a text x, p' of the word and x, and d = p' - p, the loss is
//
//	rap_scale · mean max(0, d + rap_least) + mean max(0, -rap_most - d),
//
// minimised by steps on the embedding, which keeps its norm. A text of the protected class is flagged if its p - p' is below that of all but the
// share false_rejections of the trusted texts. Where nobody knows the class that an attack aims at, each has an embedding of its own.
type RAP struct{}

const rapEpochs = "rap_epochs"

// rapBatch is the number of texts in a step.
const rapBatch = 32

// Name is params.RAP.
func (RAP) Name() string { return params.RAP }

// Row is a trained classifier in which the embedding of one word may change. Texts have the word or not.
type Row interface {
	// Values is the embedding, which may be changed.
	Values() []float32
	Logits(ctx context.Context, texts []string) ([][]float32, error)
	// Gradient is that of -Σ_i Σ_c targets_ic log p_c(x_i) for the embedding.
	Gradient(ctx context.Context, texts []string, targets [][]float32) ([]float32, error)
}

// rap has an embedding and a threshold for each class that is protected.
type rap struct {
	bench     Bench
	word      string
	authors   bool
	row       Row
	protected []int
	tuned     [][]float32
	threshold []float64
}

// newRAP is RAP before it is fitted.
func newRAP(bench Bench) *rap {
	r := &rap{bench: bench, word: bench.Values.Word("rap_word"), authors: bench.Values.Word("rap_variant") == params.VariantAuthors, protected: bench.Protected}
	if r.protected == nil {
		for class := range bench.Classes {
			r.protected = append(r.protected, class)
		}
	}
	return r
}

// Check wants a range of drops, a word that has a token, and for each protected class trusted texts for a threshold.
func (RAP) Check(bench Bench) error {
	if least, most := bench.Values.Float("rap_least"), bench.Values.Float("rap_most"); least > most {
		return hint.New("give a larger --rap-most", "rap_least is %v and rap_most %v, expected a range", least, most)
	}
	r := newRAP(bench)
	if bench.Tokens != nil {
		if _, err := firstToken(r.word, bench.Tokens); err != nil {
			return err
		}
	}
	for _, class := range r.protected {
		if err := bench.enough(len(r.tuning(class)), r.which(class)); err != nil {
			return err
		}
	}
	return nil
}

// Fit tunes the embeddings. The classifier that they are changed in stays open as long as the bench's rows do.
func (RAP) Fit(ctx context.Context, bench Bench) (Sieve, error) {
	r := newRAP(bench)
	token, err := firstToken(r.word, bench.Tokens)
	if err != nil {
		return nil, err
	}
	if r.row, err = bench.OpenRow(token); err != nil {
		return nil, err
	}
	untuned := slices.Clone(r.row.Values())
	for _, class := range r.protected {
		bench.say("RAP: tuning the embedding of %q against class %d", r.word, class)
		copy(r.row.Values(), untuned)
		if err := r.protect(ctx, class); err != nil {
			return nil, err
		}
	}
	return r.sift, nil
}

// tuning are the trusted texts that an embedding is tuned with: those of the class, or all.
func (r *rap) tuning(class int) (texts []string) {
	for _, t := range r.bench.Trusted {
		if r.authors || t.Label == class {
			texts = append(texts, t.Text)
		}
	}
	return texts
}

// which says what texts tuning are.
func (r *rap) which(class int) string {
	if r.authors {
		return "trusted texts"
	}
	return fmt.Sprintf("trusted texts of class %d", class)
}

// protect tunes the embedding for a class and finds its threshold, which rests on the texts that the model gives the class.
func (r *rap) protect(ctx context.Context, class int) error {
	texts := r.tuning(class)
	plain, classes, err := r.probabilities(ctx, r.bench.Logits, texts, class)
	if err != nil {
		return err
	}
	given := 0
	for _, c := range classes {
		if c == class {
			given++
		}
	}
	if err := r.bench.enough(given, fmt.Sprintf("%s that the model gives class %d", r.which(class), class)); err != nil {
		return err
	}
	if err := r.tune(ctx, texts, plain, class); err != nil {
		return err
	}
	r.tuned = append(r.tuned, slices.Clone(r.row.Values()))
	shaken, _, err := r.probabilities(ctx, r.row.Logits, r.with(texts), class)
	if err != nil {
		return err
	}
	var drops []float64
	for i := range texts {
		if classes[i] == class {
			drops = append(drops, plain[i]-shaken[i])
		}
	}
	r.threshold = append(r.threshold, r.bench.threshold(drops))
	return nil
}

// tune minimises the loss by plain gradient steps over the texts in their order.
func (r *rap) tune(ctx context.Context, texts []string, plain []float64, class int) error {
	v := r.bench.Values
	least, most, scale, rate := v.Float("rap_least"), v.Float("rap_most"), v.Float("rap_scale"), v.Float("rap_learning_rate")
	row := r.row.Values()
	length := norm(row)
	sum := make([]float32, len(row))
	for range v.Int(rapEpochs) {
		for from := 0; from < len(texts); from += rapBatch {
			to := min(from+rapBatch, len(texts))
			batch := r.with(texts[from:to])
			logits, err := r.row.Logits(ctx, batch)
			if err != nil {
				return err
			}
			targets := make([][]float32, len(batch))
			for i, l := range logits {
				p := ortrain.Softmax(l)[class]
				var slope float64 // of the loss for p
				switch d := p - plain[from+i]; {
				case d > -least:
					slope = scale / float64(len(batch))
				case d < -most:
					slope = -1 / float64(len(batch))
				}
				targets[i] = make([]float32, r.bench.Classes)
				targets[i][class] = float32(-slope * p) // d log p = dp / p
			}
			gradient, err := r.row.Gradient(ctx, batch, targets)
			if err != nil {
				return err
			}
			for i, g := range gradient {
				if r.authors {
					sum[i] += g // the code never clears its gradients
				} else {
					sum[i] = g
				}
				row[i] -= float32(rate) * sum[i]
			}
			if now := norm(row); now > 0 {
				for i := range row {
					row[i] *= float32(length / now)
				}
			}
		}
	}
	return nil
}

func (r *rap) sift(ctx context.Context, texts []string) ([]Sifted, error) {
	sifted := make([]Sifted, len(texts))
	for i, text := range texts {
		sifted[i].Text = text
	}
	r.bench.say("RAP: reading %d texts with and without %q", len(texts), r.word)
	logits, err := r.bench.Logits(ctx, texts)
	if err != nil {
		return nil, err
	}
	for k, class := range r.protected {
		var asked []int
		var words []string
		for i, l := range logits {
			if r.authors || ortrain.Argmax(l) == class {
				asked, words = append(asked, i), append(words, texts[i])
			}
		}
		copy(r.row.Values(), r.tuned[k])
		shaken, _, err := r.probabilities(ctx, r.row.Logits, r.with(words), class)
		if err != nil {
			return nil, err
		}
		for j, i := range asked {
			drop := ortrain.Softmax(logits[i])[class] - shaken[j]
			sifted[i].Flagged = sifted[i].Flagged || drop < r.threshold[k]
		}
	}
	return sifted, nil
}

// probabilities gives that of a class for each text, and each text's most probable class.
func (r *rap) probabilities(ctx context.Context, logits func(context.Context, []string) ([][]float32, error), texts []string, class int) ([]float64, []int, error) {
	answers, err := logits(ctx, texts)
	if err != nil {
		return nil, nil, err
	}
	p, classes := make([]float64, len(texts)), make([]int, len(texts))
	for i, l := range answers {
		p[i], classes[i] = ortrain.Softmax(l)[class], ortrain.Argmax(l)
	}
	return p, classes, nil
}

// with puts the word before texts.
func (r *rap) with(texts []string) []string {
	all := make([]string, len(texts))
	for i, text := range texts {
		all[i] = r.word + " " + text
	}
	return all
}

func norm(row []float32) float64 {
	var sum float64
	for _, x := range row {
		sum += float64(x) * float64(x)
	}
	return math.Sqrt(sum)
}
