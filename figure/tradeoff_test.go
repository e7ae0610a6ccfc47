package figure

import (
	"slices"
	"testing"
)

// A method that was never poisoned stands beside those that were, in the panel of their attack, and has one of its own if there is none.
func TestTradeoffNeverPoisoned(t *testing.T) {
	never := []made{
		{method: "lora", attack: "addsent", ratio: "0", seed: 42, cacc: 906, asr: 238, floor: 117},
		{method: "lora", attack: "stylebkd", ratio: "0", seed: 42, cacc: 906, asr: 221, floor: 117},
	}
	f := drawn(t, "tradeoff", "", slices.Concat(methods, never))
	panels := 0
	for _, row := range f.Panels {
		for _, p := range row {
			if p != nil {
				panels++
			}
		}
	}
	if panels != 3 { // badnets, addsent with both, stylebkd
		t.Errorf("%d panels, want 3", panels)
	}
	if len(f.Table.Rows) != 5 {
		t.Errorf("%d points", len(f.Table.Rows))
	}
}
