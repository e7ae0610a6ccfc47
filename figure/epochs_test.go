package figure

import (
	"slices"
	"testing"
)

// What no cell has is no panel: nobody aligns, so there is no auxiliary loss and no mu.
func TestEmptyPanels(t *testing.T) {
	f := drawn(t, "training", "", methods[:2])
	var labels []string
	for _, row := range f.Panels {
		for _, p := range row {
			if p != nil {
				labels = append(labels, p.Y.Label.Text)
			}
		}
	}
	if want := []string{"Loss", "Dev accuracy (%)", "ASR on dev (%)"}; !slices.Equal(labels, want) {
		t.Errorf("panels %q, want %q", labels, want)
	}
}
