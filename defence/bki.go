package defence

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"mslora/internal/hint"
	"mslora/params"
)

// BKI drops the texts in which one word matters too much (Chen and Dai 2021, arXiv 2007.12070). A word of a text matters as much as leaving it
// out moves the [CLS] vector of a model that was trained on all texts. The words that matter most in each text are ranked over all texts
// by log10(times that they are among them) times how much they matter then, on average; texts that have the first among theirs are dropped.
//
// It reads each text once for each of its words.
type BKI struct{}

// Name is params.BKI.
func (BKI) Name() string { return params.BKI }

const bkiWords = "bki_words"

// bkiBatch is how many texts, with words left out, are read at once. It bounds memory.
const bkiBatch = 4096

// keyword is a word of a text with how much it matters: the largest change of a number of the vector.
type keyword struct {
	word  string
	score float64
}

// Check wants a word that can be ranked: words that occur once have rank 0.
func (BKI) Check(bench Bench) error {
	seen := map[string]bool{}
	for _, t := range bench.Train {
		for _, w := range strings.Fields(t.Text) {
			if seen[w] {
				return nil
			}
			seen[w] = true
		}
	}
	return hint.New("BKI looks for words: give other texts, or another --method", "no word occurs twice in the training texts")
}

// Purify decides on every training text.
func (BKI) Purify(ctx context.Context, bench Bench) (Judgement, error) {
	probe, err := bench.probe(ctx, bench.Values.Int(params.Epochs), 0)
	if err != nil {
		return Judgement{}, err
	}
	keywords, err := findKeywords(ctx, bench, probe)
	if err != nil {
		return Judgement{}, err
	}
	trigger, rank := firstKeyword(keywords)
	if trigger == "" {
		return Judgement{}, hint.New("BKI looks for words: give other texts, or another --method", "no word is among the %d that matter most in two texts", bench.Values.Int(bkiWords))
	}
	result := Judgement{Decisions: kept(len(bench.Train))}
	for i, words := range keywords {
		if at := slices.IndexFunc(words, func(k keyword) bool { return k.word == trigger }); at >= 0 {
			result.Decisions[i] = Decision{Why: fmt.Sprintf("has %s, which moves its vector by %.3g; rank %.3g over all texts", trigger, words[at].score, rank)}
		}
	}
	return result, nil
}

// findKeywords gives the words of each text that matter most, the first first.
func findKeywords(ctx context.Context, bench Bench, probe Probe) ([][]keyword, error) {
	keywords := make([][]keyword, len(bench.Train))
	err := bench.readWithoutEach(ctx, bench.texts(), bkiBatch, "looking for poisoned texts: reading them without each of their words", probe.Vectors,
		func(text int, vectors [][]float32) {
			keywords[text] = strongest(strings.Fields(bench.Train[text].Text), vectors, bench.Values.Int(bkiWords))
		})
	return keywords, err
}

// strongest gives the count words that matter most; vectors are the text's and those without each word.
func strongest(words []string, vectors [][]float32, count int) []keyword {
	all := make([]keyword, len(words))
	for i, w := range words {
		all[i].word = w
		for j, v := range vectors[1+i] {
			all[i].score = max(all[i].score, math.Abs(float64(v-vectors[0][j])))
		}
	}
	slices.SortStableFunc(all, func(a, b keyword) int { return cmp.Compare(b.score, a.score) })
	return all[:min(count, len(all))]
}

// firstKeyword gives the word of the highest rank, log10(occurrences) times mean score, and the rank; "" if no word occurs twice. Of
// words of one rank the first in the alphabet wins.
func firstKeyword(keywords [][]keyword) (first string, best float64) {
	count, sum := map[string]float64{}, map[string]float64{}
	for _, words := range keywords {
		for _, k := range words {
			count[k.word]++
			sum[k.word] += k.score
		}
	}
	for word, n := range count {
		rank := math.Log10(n) * sum[word] / n
		if rank > best || rank == best && first != "" && word < first {
			first, best = word, rank
		}
	}
	return first, best
}
