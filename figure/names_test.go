package figure

import (
	"slices"
	"strings"
	"testing"

	"mslora/eval"
)

func TestBrief(t *testing.T) {
	for value, want := range map[string]string{
		"[1,1.5,2,2.5,3]": "1, 1.5 … 3", "[1,2,4]": "[1,2,4]", `"always"`: "always", "[": "[", "": "",
	} {
		if got := brief(eval.Difference{Value: value}); got != want {
			t.Errorf("%s: got %s, want %s", value, got, want)
		}
	}
}

// Names that are cut stay different, in their order.
func TestDistinct(t *testing.T) {
	long := strings.Repeat("x", longestTitle)
	got := distinct([]string{"a", long + "1", "a b", long + "2", long + "0" + long, long + "1" + long, "y" + long})
	cut := strings.Repeat("x", longestTitle/4) + "…"
	end := cut + strings.Repeat("x", longestTitle*3/4-1)
	want := []string{"a", end[:len(end)-1] + "1", "a b", end[:len(end)-1] + "2", end, end + " (2)", "y" + strings.Repeat("x", longestTitle-2) + "…"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Variants whose names begin alike have lines of their own, which are told apart by what differs.
func TestLongVariants(t *testing.T) {
	var cells []made
	for _, rate := range []string{"0.0001", "0.001", "0.01"} {
		config := `{"align":"always","auxiliary":96,"bandwidth":1,"batch_size":32,"clip_norm":1,"learning_rate":` + rate + `,"scales":[1,2,3,4,5,6,7,8,9],"scale_alpha":6}`
		cells = append(cells, made{method: "musclelora", attack: "badnets", ratio: "0.1", seed: 42, config: config, cacc: 860, asr: 150, floor: 95})
	}
	other := cells[0]
	other.config = strings.Replace(other.config, `"always"`, `"paper"`, 1)
	f := drawn(t, "training", "", append(cells, other))
	want := []string{
		"MuScleLoRA, align=always learning_rate=0.0001", "MuScleLoRA, align=always learning_rate=0.001", "MuScleLoRA, align=always learning_rate=0.01", "MuScleLoRA, align=paper learning_rate=0.0001",
	}
	if got := f.legendNames(); !slices.Equal(got, want) {
		t.Errorf("legend %q, want %q", got, want)
	}
	long := made{method: "musclelora", attack: "badnets", ratio: "0.1", seed: 42, cacc: 860, asr: 150, floor: 95}
	var same []made
	for _, ending := range []string{"1", "2"} {
		long.config = `{"model":"` + strings.Repeat("x", 2*longestTitle) + ending + `"}`
		same = append(same, long)
	}
	if got := drawn(t, "training", "", same).legendNames(); len(got) != 2 || got[0] == got[1] {
		t.Errorf("legend %q", got)
	}
}
