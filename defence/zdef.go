package defence

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"mslora/dataset"
	"mslora/params"
)

// ZDef drops texts that hold a word which goes with their label far more often than chance lets it: Z-Token of Z-Def (He et al. 2023,
// arXiv 2305.11596). Its triggers are words between spaces, so it sees no syntax and no style. It trains nothing and trusts nothing.
type ZDef struct{}

// Name is params.ZDef.
func (ZDef) Name() string { return params.ZDef }

// Its hyperparameters.
const (
	zRule      = "z_rule"
	zThreshold = "z_threshold"
)

// zAuthors is the zRule of the public code: words count as often as they occur, and the threshold is in standard deviations of all
// scores above their mean. The paper's counts texts, and the threshold is a score.
const zAuthors = "authors"

// wordCount says how often a word occurs, with each label.
type wordCount []float64

// Purify decides on every training text.
func (ZDef) Purify(_ context.Context, bench Bench) (Judgement, error) {
	authors := bench.Values.Word(zRule) == zAuthors
	counts := countWords(bench.Train, bench.Classes, authors)
	bound := bench.Values.Float(zThreshold)
	if authors {
		mean, deviation := spread(counts, bench.Classes)
		bound = mean + bound*deviation
	}
	result := Judgement{Decisions: make([]Decision, len(bench.Train))}
	for i, t := range bench.Train {
		z, word := strongestWord(counts, t)
		result.Decisions[i] = Decision{Keep: z <= bound}
		if z > bound {
			result.Decisions[i].Why = fmt.Sprintf("has %s, z-score %.1f of its label, above %.1f", word, z, bound)
		}
	}
	return result, nil
}

// ZScores gives, of each text, the strongest z-score of its words for its label, by which ZDef ranks texts; −Inf of a text without words.
func ZScores(texts []dataset.Text, classes int) []float64 {
	counts, scores := countWords(texts, classes, false), make([]float64, len(texts))
	for i, t := range texts {
		scores[i], _ = strongestWord(counts, t)
	}
	return scores
}

// strongestWord gives the largest z-score of a text's words for its label, and the first word that has it.
func strongestWord(counts map[string]wordCount, t dataset.Text) (z float64, word string) {
	z = math.Inf(-1)
	for _, w := range strings.Fields(t.Text) {
		if score := counts[w].score(t.Label); score > z {
			z, word = score, w
		}
	}
	return z, word
}

// countWords counts each word: once for each text that has it, or, repeated, as often as it stands there.
func countWords(texts []dataset.Text, classes int, repeated bool) map[string]wordCount {
	counts := map[string]wordCount{}
	for _, t := range texts {
		seen := map[string]bool{}
		for _, w := range strings.Fields(t.Text) {
			if seen[w] && !repeated {
				continue
			}
			seen[w] = true
			if counts[w] == nil {
				counts[w] = make(wordCount, classes)
			}
			counts[w][t.Label]++
		}
	}
	return counts
}

// score is the word's z-score for a label: by how many standard deviations the share of the label among its n occurrences is above
// p = 1/classes, (share − p) / √(p(1 − p)/n) (Eq. 1).
func (c wordCount) score(label int) float64 {
	n, p := 0.0, 1/float64(len(c))
	for _, count := range c {
		n += count
	}
	return (c[label]/n - p) / math.Sqrt(p*(1-p)/n)
}

// spread gives mean and standard deviation of the scores of all words for the labels that they occur with.
func spread(counts map[string]wordCount, classes int) (mean, deviation float64) {
	// Sums in the order of a map would differ in their last bits from run to run: scores are few values, so how often each occurs is
	// counted, which is exact, and they are added up in their order.
	times := map[float64]int{}
	for _, c := range counts {
		for label := range classes {
			if c[label] > 0 {
				times[c.score(label)]++
			}
		}
	}
	n := 0.0
	for _, z := range slices.Sorted(maps.Keys(times)) {
		n += float64(times[z])
		mean += z * float64(times[z])
	}
	mean /= n
	for _, z := range slices.Sorted(maps.Keys(times)) {
		deviation += (z - mean) * (z - mean) * float64(times[z])
	}
	return mean, math.Sqrt(deviation / n)
}
