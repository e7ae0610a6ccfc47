package report

import (
	"math"
	"slices"
	"strconv"
	"testing"
)

func labels(ticks []tick) []string {
	var all []string
	for _, t := range ticks {
		all = append(all, t.Label)
	}
	return all
}

func TestTicks(t *testing.T) {
	loss := func(values ...float64) []string { return labels(lossAxis(values).ticks()) }
	accuracy := func(values ...float64) []string { return labels(accuracyAxis(values).ticks()) }
	epoch := func(first, last int) []string { return labels(epochAxis(first, last).epochTicks()) }
	for _, test := range []struct {
		name      string
		got, want []string
	}{
		{"loss from 0", loss(0.69, 0.31), []string{"0.0", "0.2", "0.4", "0.6", "0.8"}},
		{"loss of whole steps", loss(3.2), []string{"0", "1", "2", "3", "4"}},
		{"small loss", loss(0.0031, 0.0007), []string{"0.000", "0.001", "0.002", "0.003", "0.004"}},
		{"large loss", loss(3.1e7), []string{"0", "1e+07", "2e+07", "3e+07", "4e+07"}},
		{"no loss", loss(0), []string{"0.0", "0.5", "1.0"}},
		{"accuracy near", accuracy(84.3, 84.4), []string{"82", "83", "84", "85", "86", "87"}},
		{"accuracy far", accuracy(31, 97), []string{"20", "40", "60", "80", "100"}},
		{"accuracy at the top", accuracy(100), []string{"96", "97", "98", "99", "100"}},
		{"accuracy at the bottom", accuracy(0), []string{"0", "1", "2", "3", "4"}},
		{"one epoch", epoch(1, 1), []string{"1"}},
		{"few epochs", epoch(1, 3), []string{"1", "2", "3"}},
		{"ten epochs", epoch(1, 10), []string{"1", "2", "4", "6", "8", "10"}},
		{"fifty epochs", epoch(1, 50), []string{"1", "10", "20", "30", "40", "50"}},
		{"epochs from 4", epoch(4, 6), []string{"4", "5", "6"}},
	} {
		if !slices.Equal(test.got, test.want) {
			t.Errorf("%s: %q, want %q", test.name, test.got, test.want)
		}
	}
}

// FuzzAxis: any two values lie between the ends, ticks are few, rise and are labelled with what they stand for.
func FuzzAxis(f *testing.F) {
	f.Add(0.3, 0.7)
	f.Add(0.0, 0.0)
	f.Add(99.99, 100.0)
	f.Add(1e-300, 1e15)
	f.Fuzz(func(t *testing.T, a, b float64) {
		if math.IsNaN(a) || math.IsNaN(b) || math.Abs(a) > drawable || math.Abs(b) > drawable {
			t.Skip()
		}
		axes := []axis{lossAxis([]float64{a, b})}
		if min(a, b) >= 0 && max(a, b) <= 100 {
			axes = append(axes, accuracyAxis([]float64{a, b}))
		}
		for _, axis := range axes {
			axis.from, axis.to = plotBottom, plotTop
			for _, v := range []float64{a, b} {
				if at := axis.at(v); !(at >= plotTop-1e-6 && at <= plotBottom+1e-6) {
					t.Errorf("%g is drawn at %g by %+v", v, at, axis)
				}
			}
			ticks := axis.ticks()
			if len(ticks) < 2 || len(ticks) > 12 {
				t.Errorf("%d ticks of %+v", len(ticks), axis)
			}
			for i, tick := range ticks {
				v, err := strconv.ParseFloat(tick.Label, 64)
				if err != nil || math.Abs(v-axis.low-float64(i)*axis.step) > 0.01*max(axis.step, math.Abs(v)) {
					t.Errorf("tick %d of %+v is %q", i, axis, tick.Label)
				}
			}
		}
	})
}
