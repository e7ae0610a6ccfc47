package main

import (
	"strings"
	"testing"

	"mslora/experiment"
	"mslora/ortrain"
)

func TestAlignmentWarning(t *testing.T) {
	bert, llama := experiment.Hyperparameters{MuMax: 0.1, MixFrom: 1}, experiment.Hyperparameters{}
	for _, test := range []struct {
		setting experiment.Hyperparameters
		shares  []float64 // fully aligned, by epoch
		want    string
	}{
		{bert, nil, ""},
		{bert, []float64{0.97, 0.08, 0}, ""}, // mixed from the second on
		{bert, []float64{0.5}, ""},
		{bert, []float64{0.22, 0, 0}, "in only 22 % of epoch 1"},
		{bert, []float64{0, 1}, "in only 0 % of epoch 1"},
		{llama, []float64{1, 0.9, 1}, ""},
		{llama, []float64{0.76, 0.38, 0.34}, "in only 38 % of epoch 2"}, // SmolLM2 on SST-2
	} {
		var history []ortrain.EpochRecord
		for _, share := range test.shares {
			history = append(history, ortrain.EpochRecord{FullyAligned: share})
		}
		got := alignmentWarning(history, test.setting)
		if (test.want == "") != (got == "") || !strings.Contains(got, test.want) {
			t.Errorf("%v: %q, want %q", test.shares, got, test.want)
		}
	}
}
