package main

import (
	"slices"
	"testing"

	"mslora/classifier"
	"mslora/dataset"
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
