package defence

import (
	"context"
	"math"
	"strings"

	"mslora/params"
)

// ONION takes words out of a text that it reads better without: a trigger that was put in surprises a language model (Qi et al. 2021,
// arXiv 2011.10369). The suspicion of the word w_i is
//
//	f_i = ppl(x) - ppl(x without w_i),
//
// with the perplexity ppl(x) = exp(-1/(n-1) Σ_j ln p(t_j | t_1 … t_{j-1})) over the n tokens of x but the first. Words of a suspicion above
// onion_threshold go, all at once. It learns nothing, and flags nothing.
type ONION struct{}

// Name is params.ONION.
func (ONION) Name() string { return params.ONION }

// Blind says that the classifier is not asked.
func (ONION) Blind() {}

// onionBatch is how many texts, with words left out, the language model reads before progress is told.
const onionBatch = 512

// Fit reads the threshold.
func (ONION) Fit(_ context.Context, bench Bench) (Sieve, error) {
	o := onion{bench, bench.Values.Float("onion_threshold"), bench.Values.Word("onion_variant") == params.VariantAuthors}
	return o.sift, nil
}

type onion struct {
	bench     Bench
	threshold float64
	authors   bool
}

func (o onion) sift(ctx context.Context, texts []string) ([]Sifted, error) {
	sifted := make([]Sifted, len(texts))
	for i, text := range texts {
		sifted[i].Text = text
	}
	several, joined := ofSeveralWords(texts)
	// Variants of a text begin alike and stand together, which lets the language model compute a beginning once.
	read := func(ctx context.Context, texts []string) ([][]float32, error) {
		return o.bench.LogProbabilities(ctx, texts, o.bench.Values.Int("onion_max_tokens"))
	}
	err := o.bench.readWithoutEach(ctx, joined, onionBatch, "ONION: reading texts without each of their words", read, func(k int, logs [][]float32) {
		i := several[k]
		sifted[i].Text = o.keep(texts[i], strings.Fields(texts[i]), logs)
	})
	return sifted, err
}

// ofSeveralWords gives the places of the texts that have two words or more, and these texts with one blank between words.
func ofSeveralWords(texts []string) (places []int, joined []string) {
	for i, text := range texts {
		if words := strings.Fields(text); len(words) >= 2 {
			places, joined = append(places, i), append(joined, strings.Join(words, " "))
		}
	}
	return places, joined
}

// keep gives a text without its suspicious words: logs are those of the text, and of it without each of its words. A text of which
// nothing would be left stays.
func (o onion) keep(text string, words []string, logs [][]float32) string {
	whole := perplexity(logs[0])
	var kept []string
	for i, w := range words {
		suspicion := whole - perplexity(logs[i+1])
		if suspicion > o.threshold || o.authors && suspicion == o.threshold {
			continue
		}
		kept = append(kept, w)
	}
	if len(kept) == 0 || len(kept) == len(words) {
		return text
	}
	return strings.Join(kept, " ")
}

// perplexity of a text whose tokens but the first have these log-probabilities. That of a single token is not a number, and no
// comparison with it is true.
func perplexity(logs []float32) float64 {
	var sum float64
	for _, l := range logs {
		sum += float64(l)
	}
	return math.Exp(-sum / float64(len(logs)))
}
