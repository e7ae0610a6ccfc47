package main

import (
	"slices"
	"testing"

	"mslora/classifier"
	"mslora/dataset"
	"mslora/defence"
	"mslora/eval"
	"mslora/experiment"
	"mslora/params"
)

func TestScoreWarnings(t *testing.T) {
	const advice, weighted = "; try --class-weights balanced, or more --epochs", "; try more --epochs, or add texts of these labels"
	for _, test := range []struct {
		name          string
		labels, given []int
		weights       string
		want          []string
	}{
		{"right", []int{0, 0, 0, 1}, []int{0, 0, 0, 1}, params.WeightsNone, nil},
		{"one class alone", []int{0, 0, 0}, []int{0, 0, 0}, params.WeightsNone, nil},
		{"always ham", []int{0, 0, 0, 1}, []int{0, 0, 0, 0}, params.WeightsNone, []string{
			`on dev the classifier never answers "spam" (1 text), and is no better than always answering "ham", which is right on 75.00 %` + advice}},
		{"always ham, with weights", []int{0, 0, 0, 1}, []int{0, 0, 0, 0}, params.WeightsBalanced, []string{
			`on dev the classifier never answers "spam" (1 text), and is no better than always answering "ham", which is right on 75.00 %` + weighted}},
		{"always one of two equal ones", []int{0, 1}, []int{1, 1}, params.WeightsNone, []string{
			`on dev the classifier never answers "ham" (1 text), and is no better than always answering "spam", which is right on 50.00 %` + advice}},
		{"never the third", []int{0, 0, 1, 1, 2}, []int{0, 0, 1, 1, 1}, params.WeightsNone, []string{
			`on dev the classifier never answers "offer" (1 text)` + advice}},
		{"worse than the largest class", []int{0, 0, 0, 1}, []int{0, 0, 1, 0}, params.WeightsNone, []string{
			`on dev the classifier is no better than always answering "ham", which is right on 75.00 %` + advice}},
	} {
		s := scoredSplit{name: "dev"}
		for i, label := range test.labels {
			s.texts = append(s.texts, dataset.Text{Label: label})
			s.predicted = append(s.predicted, classifier.Prediction{Class: test.given[i]})
		}
		s.accuracy = eval.Accuracy(s.classes(), s.labels())
		cell := experiment.Cell{Hyperparameters: params.Values{params.ClassWeights: test.weights}}
		if got := scoreWarnings([]scoredSplit{s}, []string{"ham", "spam", "offer"}, cell); !slices.Equal(got, test.want) {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}

func TestTrustWarnings(t *testing.T) {
	labels := []string{"ham", "spam", "offer"}
	for _, test := range []struct {
		name, method string
		texts        []int // of each label
		want         []string
	}{
		{"enough", "purify", []int{40, 40, 16}, nil},
		{"none", "purify", []int{0, 0, 0}, []string{nothingTrusted}},
		{"few", "purify", []int{40, 40, 1}, []string{"there are 81 trusted texts; the paper has 96, and fewer find fewer poisoned ones"}},
		{"no offer", "purify", []int{50, 50, 0}, []string{`no trusted text has the label "offer", so the search errs more often there`}},
		{"few, no offer, aligned", "musclelora", []int{1, 1, 0}, []string{
			"there are 2 trusted texts; the paper has 96, and fewer make a worse classifier", `no trusted text has the label "offer", so no gradient is aligned to its texts`}},
		{"one, both", "purify+musclelora", []int{50, 50, 0}, []string{
			`no trusted text has the label "offer", so the search errs more often there and no gradient is aligned to its texts`}},
		{"nobody reads them", "lora", []int{1, 0, 0}, nil},
		{"none, nobody reads them", "cube", []int{0, 0, 0}, nil},
	} {
		method, err := defence.Find(test.method)
		if err != nil {
			t.Fatal(err)
		}
		if got := trustingOf(method).warnings(labels, test.texts); !slices.Equal(got, test.want) {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}

func TestListed(t *testing.T) {
	for _, test := range []struct {
		things []string
		want   string
	}{
		{[]string{"a"}, "a"},
		{[]string{"a", "b", "c", "d", "e"}, "a, b, c, d, e"},
		{[]string{"a", "b", "c", "d", "e", "f", "g"}, "a, b, c, d, e and 2 more"},
	} {
		if got := listed(test.things); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}
