package defence

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"mslora/params"
)

func TestPerplexity(t *testing.T) {
	log := func(p float64) float32 { return float32(math.Log(p)) }
	for _, test := range []struct {
		logs []float32
		want float64
	}{
		{[]float32{log(0.5), log(0.125)}, 4}, // the geometric mean of 2 and 8
		{[]float32{0, 0, 0}, 1},
	} {
		if got := perplexity(test.logs); math.Abs(got-test.want) > 1e-6 {
			t.Errorf("%v: %v, want %v", test.logs, got, test.want)
		}
	}
	if got := perplexity(nil); !math.IsNaN(got) {
		t.Errorf("of one token: %v", got)
	}
}

// surprised gives tokens, here words, a probability of 1/2, and of 1/1000 if they are strange; behind longest words nothing is read.
func surprised(_ context.Context, texts []string, longest int) ([][]float32, error) {
	logs := make([][]float32, len(texts))
	for i, text := range texts {
		words := strings.Fields(text)
		for _, w := range words[1:min(len(words), longest)] {
			p := 0.5
			if strings.Contains("mn cf", w) {
				p = 0.001
			}
			logs[i] = append(logs[i], float32(math.Log(p)))
		}
	}
	return logs, nil
}

func TestOnion(t *testing.T) {
	for _, test := range []struct {
		name, text, want string
		over             params.Values
	}{
		{"a strange word", "the film mn is good", "the film is good", nil},
		// The first word has no probability of its own, so without "the" nothing tells that cf is strange.
		{"two", "the cf film is mn good", "film is good", nil},
		{"one word", "mn", "mn", nil},
		{"two words", "good mn", "good mn", nil}, // of one word there is no perplexity to compare with
		{"none", "", "", nil},
		{"blanks stay where nothing goes", "  a  good film ", "  a  good film ", nil},
		{"nothing would be left", "the film is good", "the film is good", params.Values{"onion_threshold": -1.0}},
		{"above the threshold", "the film mn is good", "the film mn is good", params.Values{"onion_threshold": 1000.0}},
		{"behind what is read", "a good film mn", "a good film mn", params.Values{"onion_max_tokens": 3}},
		{"behind what is read, authors", "mn good film mn", "mn good film", params.Values{"onion_max_tokens": 3, "onion_variant": "authors"}},
	} {
		bench := trusting(test.over)
		bench.LogProbabilities = surprised
		sieve, err := ONION{}.Fit(t.Context(), bench)
		if err != nil {
			t.Fatal(err)
		}
		got, err := sieve(t.Context(), []string{"a plain text", test.text, "another"})
		if err != nil || got[1].Text != test.want || got[1].Flagged || got[0].Text != "a plain text" || got[2].Text != "another" {
			t.Errorf("%s: %+v, error %v", test.name, got, err)
		}
	}
	bench := trusting(nil)
	var told []string
	bench.LogProbabilities, bench.Progress = surprised, func(stage string) { told = append(told, stage) }
	many, err := ONION{}.Fit(t.Context(), bench)
	if err != nil {
		t.Fatal(err)
	}
	// More than are read at once: 100 texts of 7 readings, and one that is not read.
	got, err := many(t.Context(), append([]string{"good"}, slices.Repeat([]string{"the film is mn good too"}, 100)...))
	if err != nil || got[0].Text != "good" || got[1].Text != "the film is good too" || got[100].Text != "the film is good too" {
		t.Errorf("of many texts: %+v, error %v", got, err)
	}
	const stage = "ONION: reading texts without each of their words, "
	if !slices.Equal(told, []string{stage + "0 of 700 readings", stage + "518 of 700 readings"}) {
		t.Errorf("told %q", told)
	}
	bench.LogProbabilities = func(context.Context, []string, int) ([][]float32, error) { return nil, errors.New("no language model") }
	sieve, err := ONION{}.Fit(t.Context(), bench)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sieve(t.Context(), []string{"a b"}); err == nil || err.Error() != "no language model" {
		t.Errorf("error %v", err)
	}
}
