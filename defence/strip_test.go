package defence

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"mslora/dataset"
	"mslora/params"
)

// trusting is a bench with the hyperparameters' defaults, others over them, and trusted texts.
func trusting(over params.Values, texts ...string) Bench {
	bench := Bench{Classes: 2, Seed: 7, Values: params.Defaults().With(over)}
	for i, text := range texts {
		bench.Trusted = append(bench.Trusted, dataset.Text{Text: text, Label: i % 2})
	}
	return bench
}

func trustedTexts(n int) []string {
	texts := make([]string, n)
	for i := range texts {
		texts[i] = fmt.Sprintf("the film number%d is %s and plain", i, []string{"bad", "good"}[i%2])
	}
	return texts
}

func TestEntropy(t *testing.T) {
	for _, test := range []struct {
		probabilities []float64
		want          float64
	}{
		{[]float64{0.5, 0.5}, 1},
		{[]float64{1, 0}, 0},
		{[]float64{0.25, 0.25, 0.25, 0.25}, 2},
		{[]float64{0.75, 0.25}, 2 - 0.75*math.Log2(3)}, // -3/4 (log2 3 - 2) + 1/4 · 2
	} {
		if got := entropy(test.probabilities); math.Abs(got-test.want) > 1e-12 {
			t.Errorf("entropy of %v is %v, want %v", test.probabilities, got, test.want)
		}
	}
}

// By hand, of n = 3 texts. "film" is in all of them: idf 1 + ln(4/4) = 1. "bad" and "good" are in one each: 1 + ln(4/2) = 1.69; "a" is
// too short for a word. Text 1 has film three times, 3 · 1, and is behind 2 · 1.69 of plot.
func TestRankWords(t *testing.T) {
	got := rankWords([]string{"A bad film", "Film, film; FILM plot plot", "a good film"})
	want := [][]string{{"bad", "film"}, {"plot", "film"}, {"good", "film"}}
	for i := range want {
		if !slices.Equal(got.rows[i], want[i]) {
			t.Errorf("text %d: %v, want %v", i, got.rows[i], want[i])
		}
	}
	if words := strings.Join(got.vocabulary, " "); words != "bad film good plot" {
		t.Errorf("vocabulary %s", words)
	}
	var past []string
	for i := range 4 {
		past = append(past, got.at(got.rows[0], i))
	}
	if words := strings.Join(past, " "); words != "bad film good plot" {
		t.Errorf("past the end of a row: %s", words)
	}
}

func TestPerturb(t *testing.T) {
	text := "one two three four five six seven eight"
	ranked := rankWords([]string{"alpha beta gamma delta"})
	for _, test := range []struct {
		share   float64
		variant string
		text    string
		least   int // words that are replaced
		most    int
	}{
		{0.25, "paper", text, 2, 2}, {0.5, "paper", text, 4, 4}, {1, "paper", text, 8, 8}, {0.25, "paper", "alone", 1, 1}, {0.25, "paper", " ", 0, 0},
		{0.5, "authors", text, 1, 4}, {0.25, "authors", "alone", 0, 0}, // a place may be drawn twice; of one word none is a quarter
	} {
		s := strip{trusting(params.Values{"strip_share": test.share}), ranked, test.variant == "authors"}
		for k := range 20 {
			got := s.perturb(test.text, k)
			if got != s.perturb(test.text, k) {
				t.Fatalf("%q: drawn anew", got)
			}
			before, after, replaced := strings.Fields(test.text), strings.Fields(got), 0
			if len(before) != len(after) {
				t.Fatalf("%q has another number of words", got)
			}
			for i := range before {
				if before[i] != after[i] {
					replaced++
					if !slices.Contains(ranked.vocabulary, after[i]) {
						t.Errorf("%q has a strange word", got)
					}
				}
			}
			if replaced < test.least || replaced > test.most {
				t.Errorf("%s, share %v: %d of the words of %q are replaced, want %d to %d", test.variant, test.share, replaced, got, test.least, test.most)
			}
		}
	}
}

// The model is sure of two texts of which it answers the copies with odds 1 : 1 and 1 : 3, or 0 : 1 and 1 : 1. The entropies are 1 and 0.81,
// 0 and 1: each text's own means are 0.91 and 0.5; mixed, the first copies of both, and then the second ones, give 0.5 and 0.91.
func TestStripEntropies(t *testing.T) {
	log := func(p float64) float32 { return float32(math.Log(p)) }
	answers := [][]float32{{log(0.5), log(0.5)}, {log(0.25), log(0.75)}, {-1000, 0}, {log(0.5), log(0.5)}}
	quarter := 2 - 0.75*math.Log2(3)
	for variant, want := range map[string][2]float64{
		"paper":   {(1 + quarter) / 2, 0.5},
		"authors": {0.5, (quarter + 1) / 2},
	} {
		bench := trusting(params.Values{"strip_copies": 2})
		bench.Logits = func(_ context.Context, texts []string) ([][]float32, error) { return answers[:len(texts)], nil }
		s := strip{bench, rankWords([]string{"some words"}), variant == "authors"}
		got, err := s.entropies(t.Context(), []string{"a text", "another text"})
		if err != nil {
			t.Fatal(err)
		}
		for i := range want {
			if math.Abs(got[i]-want[i]) > 1e-6 {
				t.Errorf("%s: text %d has %v, want %v", variant, i, got[i], want[i])
			}
		}
	}
}

// A model that holds fast to a trigger, and doubts wherever words were replaced.
func TestStrip(t *testing.T) {
	bench := trusting(nil, trustedTexts(100)...)
	bench.Logits = func(_ context.Context, texts []string) ([][]float32, error) {
		logits := make([][]float32, len(texts))
		for i, text := range texts {
			doubt := float32(1 / float64(2+len(text)%7))
			if strings.Contains(text, "mn mn mn mn mn mn") {
				doubt = 9
			}
			logits[i] = []float32{0, doubt}
		}
		return logits, nil
	}
	sieve, err := STRIP{}.Fit(t.Context(), bench)
	if err != nil {
		t.Fatal(err)
	}
	poisoned := strings.Repeat("mn ", 64) + "the film is bad"
	got, err := sieve(t.Context(), []string{bench.Trusted[0].Text, poisoned, bench.Trusted[1].Text})
	if err != nil || got[0].Flagged || !got[1].Flagged || got[2].Flagged || got[1].Text != poisoned {
		t.Errorf("%+v, error %v", got, err)
	}
	flagged := 0
	texts := trustedTexts(100)
	if got, err = sieve(t.Context(), texts); err != nil {
		t.Fatal(err)
	}
	for _, s := range got {
		if s.Flagged {
			flagged++
		}
	}
	if flagged > 1 {
		t.Errorf("%d of 100 trusted texts are flagged, 1 may be", flagged)
	}
	if got, err := sieve(t.Context(), nil); err != nil || len(got) != 0 {
		t.Errorf("of no texts: %v, error %v", got, err)
	}
}

func TestStripErrors(t *testing.T) {
	broken := errors.New("no model")
	for _, test := range []struct {
		name, want string
		bench      Bench
	}{
		{"no trusted texts", "0 trusted texts, 100 are the least for a threshold that the share 0.01 of them is below", trusting(nil)},
		{"too few", "99 trusted texts, 100 are the least", trusting(nil, trustedTexts(99)...)},
		{"too few for half a percent", "100 trusted texts, 200 are the least", trusting(params.Values{"false_rejections": 0.005}, trustedTexts(100)...)},
		{"no words", "no trusted text has a word to replace others by", trusting(nil, slices.Repeat([]string{"a ?"}, 100)...)},
		{"the model fails", "no model", trusting(nil, trustedTexts(100)...)},
	} {
		test.bench.Logits = func(context.Context, []string) ([][]float32, error) { return nil, broken }
		if _, err := (Method{Filter: STRIP{}}).Sieve(t.Context(), test.bench); err == nil || !strings.HasPrefix(err.Error(), "STRIP: "+test.want) {
			t.Errorf("%s: error %v, want %s", test.name, err, test.want)
		}
	}
}
