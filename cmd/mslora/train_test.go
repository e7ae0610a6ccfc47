package main

import (
	"strings"
	"testing"

	"mslora/ortrain"
)

func TestAlignmentWarning(t *testing.T) {
	for _, test := range []struct {
		shares []float64 // fully aligned, by epoch
		want   string
	}{
		{nil, ""},
		{[]float64{0.97, 0.08, 0}, ""},
		{[]float64{0.5}, ""},
		{[]float64{0.22, 0, 0}, "in only 22 % of the first epoch"},
		{[]float64{0, 1}, "in only 0 % of the first epoch"},
	} {
		var history []ortrain.EpochRecord
		for _, share := range test.shares {
			history = append(history, ortrain.EpochRecord{FullyAligned: share})
		}
		got := alignmentWarning(history)
		if (test.want == "") != (got == "") || !strings.Contains(got, test.want) {
			t.Errorf("%v: %q, want %q", test.shares, got, test.want)
		}
	}
}
