package main

import (
	"strings"
	"testing"

	"mslora/defence"
	"mslora/experiment"
	"mslora/ortrain"
	"mslora/params"
)

func TestAlignmentWarning(t *testing.T) {
	cell := func(method, align string, muMax float64, mixFrom int) experiment.Cell {
		found, err := defence.Find(method)
		if err != nil {
			t.Fatal(err)
		}
		values := params.Defaults().With(params.Values{params.Align: align, "mu_max": muMax, "mix_from": mixFrom})
		return experiment.Cell{Method: method, Hyperparameters: values.Only(found.Parts(values))}
	}
	bert, llama := cell("musclelora", "authors", 0.1, 1), cell("musclelora", "authors", 0, 0)
	for _, test := range []struct {
		cell   experiment.Cell
		shares []float64 // fully aligned, by epoch
		want   string
	}{
		{bert, nil, ""},
		{bert, []float64{0.97, 0.08, 0}, ""}, // mixed from the second on
		{bert, []float64{0.5}, ""},
		{bert, []float64{0.22, 0, 0}, "in only 22 % of epoch 1"},
		{bert, []float64{0, 1}, "in only 0 % of epoch 1"},
		{llama, []float64{1, 0.9, 1}, ""},
		{llama, []float64{0.76, 0.38, 0.34}, "in only 38 % of epoch 2"}, // SmolLM2 on SST-2
		{cell("ga", "authors", 0, 0), []float64{0.1}, "in only 10 % of epoch 1"},
		{cell("lora", "authors", 0, 0), []float64{0}, ""},       // has nothing to align to
		{cell("musclelora", "paper", 0.1, 1), []float64{0}, ""}, // mixes at every step
	} {
		var history []ortrain.EpochRecord
		for _, share := range test.shares {
			history = append(history, ortrain.EpochRecord{FullyAligned: share})
		}
		got := alignmentWarning(history, test.cell)
		if (test.want == "") != (got == "") || !strings.Contains(got, test.want) {
			t.Errorf("%v: %q, want %q", test.shares, got, test.want)
		}
	}
}
