package figure

import (
	"fmt"
	"slices"
	"testing"
)

// All figures of a folder with several sweeps are drawn: each sweep, and lines that are too many for one picture in several.
func TestDrawAll(t *testing.T) {
	var cells []made
	add := func(attack, config, ratio string) {
		cells = append(cells, made{method: "musclelora", attack: attack, ratio: ratio, seed: 42, config: config, cacc: 860, asr: 150, floor: 95})
	}
	for i := range 22 {
		add("badnets", fmt.Sprintf(`{"auxiliary":%d,"learning_rate":0.0001}`, 16+i), "0.1")
	}
	add("badnets", `{"auxiliary":16,"learning_rate":0.001}`, "0.1")
	add("addsent", `{"auxiliary":16,"learning_rate":0.0001}`, "0.1")
	all, err := DrawAll(writeAll(t, cells...))
	if err != nil {
		t.Fatal(err)
	}
	var got, missing []string
	for _, d := range all {
		if d.Err != nil {
			missing = append(missing, d.Name)
			continue
		}
		got = append(got, d.Name)
	}
	const cell = "sst-2, bert-base-uncased, "
	want := []string{
		"training: " + cell + "badnets, 1 of 2", "training: " + cell + "badnets, 2 of 2", "training: " + cell + "addsent",
		"alignment: " + cell + "badnets, 1 of 2", "alignment: " + cell + "badnets, 2 of 2", "alignment: " + cell + "addsent",
		"sweep: auxiliary texts", "sweep: learning rate", "tradeoff",
	}
	if !slices.Equal(got, want) || !slices.Equal(missing, []string{"fourier-ratios", "fourier-errors"}) {
		t.Errorf("drawn %q, want %q; not drawn %q", got, want, missing)
	}
	if about := all[8].Figure.About; about != "CACC, ASR and floor over auxiliary texts, as in Figures 4 and 6 to 10" {
		t.Errorf("about %q", about)
	}
}

func TestRefused(t *testing.T) {
	for _, test := range []struct {
		name, kind, axis string
		cells            []made
		want             string
	}{
		{"nothing analysed", "fourier-errors", "", rateSweep, "none of the 3 cells has a Fourier analysis"},
		{"nothing aligned", "alignment", "", methods[:2], "none of the 2 cells aligns gradients"},
		{"no sweep", "sweep", "", methods[:2], "no two cells differ in one setting alone"},
		{"other axis", "sweep", "mu_max", rateSweep, `no two cells differ in "mu_max" alone`},
		{"two axes", "sweep", "", slices.Concat(rateSweep, ratioSweep[:2]), "there are sweeps over learning_rate, ratio"},
		{"an axis that differs among others", "sweep", "align", aligning, `no two cells differ in "align" alone`},
		{"axis of no sweep", "training", "ratio", methods, "--axis is for a sweep, not for training"},
	} {
		t.Run(test.name, func(t *testing.T) {
			k, err := Find(test.kind)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := Draw(k, []string{writeAll(t, test.cells...)}, test.axis); err == nil || err.Error() != test.want {
				t.Errorf("error %v, want %s", err, test.want)
			}
		})
	}
	if _, err := Find("pie"); err == nil || err.Error() != `there is no kind of figure "pie"` {
		t.Errorf("error %v", err)
	}
}
