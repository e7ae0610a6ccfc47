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
	// Texts one after the other, each with those that lack a word: they begin alike, which is computed once.
	var variants []string
	words := make([][]string, len(texts))
	for i, text := range texts {
		if words[i] = strings.Fields(text); len(words[i]) < 2 {
			continue
		}
		variants = append(variants, strings.Join(words[i], " "))
		for w := range words[i] {
			variants = append(variants, leaveOut(words[i], w))
		}
	}
	logs, err := o.bench.LogProbabilities(ctx, variants, o.bench.Values.Int("onion_max_tokens"))
	if err != nil {
		return nil, err
	}
	sifted := make([]Sifted, len(texts))
	for i, text := range texts {
		sifted[i].Text = text
		if n := len(words[i]); n >= 2 {
			sifted[i].Text = o.keep(text, words[i], logs[:n+1])
			logs = logs[n+1:]
		}
	}
	return sifted, nil
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

func leaveOut(words []string, at int) string {
	return strings.Join(append(words[:at:at], words[at+1:]...), " ")
}
