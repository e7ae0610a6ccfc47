package main

import (
	"flag"
	"fmt"
	"math"
	"path/filepath"
	"testing"

	"mslora/internal/pagetable"
	"mslora/suspicion"
)

var update = flag.Bool("update", false, "write the tables of docs/purify.md again")

// Tables of the page are made of committed results: those of poisoned sets ("found"), of clean ones ("alarms"), of
// other rankings ("baselines"), and without a signal ("ablation").
func TestResultsOfPage(t *testing.T) {
	tables := map[string]func(folder string) (string, error){"found": foundTable, "alarms": alarmTable, "baselines": baselineTable, "ablation": ablationTable}
	pagetable.Check(t, "../../../docs/purify.md", "tools/bench/suspicion", *update, func(words []string) (string, error) {
		table, is := tables[words[0]]
		if !is || len(words) != 2 {
			return "", fmt.Errorf("%q is no table", words)
		}
		return table(filepath.Join("../../..", words[1]))
	})
}

// What the program says of its own errors is what was measured: in sets of all folders but those that leave a signal out.
func TestMeasuredRates(t *testing.T) {
	got := suspicion.Measured
	got.Clean, got.Called, got.Poisoned, got.Missed, got.Covered, got.CoveredOf, got.LargestGainOfWrongCalls = 0, 0, 0, 0, 0, 0, 0
	for _, folder := range []string{"trusted", "unseen"} {
		all, err := pagetable.Read[measured](filepath.Join("../../../docs/results/suspicion", folder))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range all {
			if m.Trusted != got.Trusted {
				t.Errorf("%s, %s: searched with %d trusted texts, not %d", m.Data, m.Attack, m.Trusted, got.Trusted)
			}
			for _, d := range m.Draws {
				right := false // an attacked label was called
				for _, l := range d.Labels {
					switch {
					case l.Called && l.Poisoned > 0:
						right = true
						got.CoveredOf++
						if truth := float64(l.Poisoned); l.Low <= truth && truth <= l.High {
							got.Covered++
						}
					case l.Called:
						got.LargestGainOfWrongCalls = max(got.LargestGainOfWrongCalls, int(math.Ceil(l.Gain)))
					}
				}
				switch {
				case d.Poisoned > 0:
					got.Poisoned++
					if !right {
						got.Missed++
					}
				default:
					got.Clean++
					if d.called() {
						got.Called++
					}
				}
			}
		}
	}
	if got != suspicion.Measured {
		t.Errorf("measured %+v, package suspicion says %+v", got, suspicion.Measured)
	}
}
