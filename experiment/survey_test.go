package experiment

import (
	"math"
	"slices"
	"strings"
	"testing"

	"mslora/dataset"
	"mslora/internal/tokenizer"
)

func TestQuantile(t *testing.T) {
	for _, test := range []struct {
		sorted []int
		share  float64
		want   int
	}{
		{nil, 0.5, 0},
		{[]int{7}, 0.5, 7},
		{[]int{1, 2, 3, 4}, 0.5, 2},
		{[]int{1, 2, 3, 4, 5}, 0.5, 3},
		{[]int{1, 2, 3, 4}, 0.95, 4},
		{[]int{1, 2, 3, 4}, 1, 4},
	} {
		if got := quantile(test.sorted, test.share); got != test.want {
			t.Errorf("%v, %v: got %d, want %d", test.sorted, test.share, got, test.want)
		}
	}
}

func TestSurveyWarnings(t *testing.T) {
	for _, test := range []struct {
		name   string
		survey Survey
		want   []string // what the warnings contain, one each
	}{
		{"nothing read", Survey{}, nil},
		{"English", Survey{Texts: 1000, Cut: 9, Limit: 512, Tokens: 1000, Unknown: 49, Pieces: 0.25, Budget: 0.8}, nil},
		{"Chinese without characters", Survey{Texts: 10, Tokens: 100, Unknown: 65, Pieces: 1, Budget: 1.1}, []string{"65 % of the tokens of the texts are unknown to tiny"}},
		{"Russian letter by letter", Survey{Texts: 10, Tokens: 100, Pieces: 0.96, Budget: 0.8}, []string{"0.96 tokens for each character"}},
		{"both are said once", Survey{Texts: 10, Tokens: 100, Unknown: 7, Pieces: 0.96, Budget: 0.8}, []string{"7 % of the tokens"}},
		{"long texts", Survey{Texts: 200, Cut: 3, Limit: 512, Tokens: 100}, []string{"2 % of the texts have more than 512 tokens and are cut there"}},
	} {
		got := test.survey.Warnings("tiny")
		if !slices.EqualFunc(got, test.want, strings.Contains) {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}

// The budget of a text is the mean of its characters'; spaces do not count, and only the beginning of a text does.
func TestMeasurePieces(t *testing.T) {
	reader, err := tokenizer.Open("../internal/tokenizer/testdata")
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	for _, test := range []struct {
		text           string
		pieces, budget float64
	}{
		{"", 0, 0},
		{" \n", 0, 0},
		{"the film", 2.0 / 7, alphabetBudget},
		{"电影。", 1, ideographsBudget},
		{"the 电", 2.0 / 4, (3*alphabetBudget + ideographsBudget) / 4},
		{strings.Repeat("电", 3*pieceCharacters), 1, ideographsBudget},
		{strings.Repeat("film ", pieceCharacters), 60.0 / 240, alphabetBudget},
	} {
		var s Survey
		s.measurePieces(reader, []dataset.Text{{Text: test.text}})
		if math.Abs(s.Pieces-test.pieces) > 1e-9 || math.Abs(s.Budget-test.budget) > 1e-9 {
			t.Errorf("%.20q: %v tokens a character and a budget of %v, want %v and %v", test.text, s.Pieces, s.Budget, test.pieces, test.budget)
		}
	}
}
