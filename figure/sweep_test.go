package figure

import (
	"slices"
	"testing"
)

// Cells of other sweeps in the same folder are left out, and titles tell what differs between panels alone.
func TestSweepAmongOthers(t *testing.T) {
	cell := func(attack, config string) made {
		return made{method: "musclelora", attack: attack, ratio: "0.1", seed: 42, config: config, cacc: 860, asr: 150, floor: 95}
	}
	cells := []made{
		cell("badnets", `{"auxiliary":96,"learning_rate":0.0001}`), cell("badnets", `{"auxiliary":96,"learning_rate":0.001}`),
		cell("badnets", `{"auxiliary":32,"learning_rate":0.0001}`), cell("badnets", `{"auxiliary":16,"learning_rate":0.0001}`),
		cell("addsent", `{"auxiliary":96,"learning_rate":0.0001}`), cell("addsent", `{"auxiliary":96,"learning_rate":0.001}`),
	}
	more := cell("badnets", `{"auxiliary":96,"learning_rate":0.0001}`)
	more.ratio = "0.2"
	cells = append(cells, more)
	for axis, want := range map[string][]string{
		"learning_rate": {"sst-2, bert-base-uncased, badnets (clean 0.1), MuScleLoRA", "sst-2, bert-base-uncased, addsent (mix 0.1), MuScleLoRA"},
		"auxiliary":     {"sst-2, bert-base-uncased, badnets (clean 0.1), MuScleLoRA"},
		"ratio":         {"sst-2, bert-base-uncased, badnets, MuScleLoRA"},
	} {
		var got []string
		for _, row := range drawn(t, "sweep", axis, cells).Panels {
			for _, panel := range row {
				if panel != nil {
					got = append(got, panel.Title.Text)
				}
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: panels %q, want %q", axis, got, want)
		}
	}
	alone := drawn(t, "sweep", "", rateSweep[:2])
	if len(alone.Table.Rows) != 2 {
		t.Errorf("%d rows, want 2", len(alone.Table.Rows))
	}
}
