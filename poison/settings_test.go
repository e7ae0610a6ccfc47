package poison

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"mslora/dataset"
	"mslora/internal/testset"
)

// The paper's settings and ratios (figures 4 and 6) on sets of two and four classes: what is written, loaded and checked is
// what the definitions say.
func TestSettingsAndRatios(t *testing.T) {
	for _, set := range []struct {
		name            string
		classes, target int
	}{{"hsol", 2, 1}, {"agnews", 4, 1}} {
		const rows = 41 // at ratio 0.5 one text of another label is left
		ofTarget := rows / set.classes
		files := map[string]string{}
		for _, name := range []string{"train", "dev", "test"} {
			var content strings.Builder
			content.WriteString("text,label\n")
			for i := range rows {
				fmt.Fprintf(&content, "%s text %d,%d\n", name, i, i%set.classes)
			}
			files[set.name+"/"+name+".csv"] = content.String()
		}
		source := testset.Write(t, files) + "/" + set.name
		for _, attack := range []string{dataset.BadNets, dataset.AddSent} {
			for _, setting := range dataset.Settings {
				out := t.TempDir()
				var smaller []string
				for _, ratio := range []string{"0.1", "0.2", "0.3", "0.4", "0.5"} {
					share, err := dataset.ParseRatio(ratio)
					if err != nil {
						t.Fatal(err)
					}
					name := strings.Join([]string{set.name, attack, setting, ratio}, " ")
					o := MakeOptions{Attack: attack, Target: set.target, Setting: setting, Ratio: share, Seed: 42}
					read, err := ReadSource(source, SourceOptions{Attack: attack, Target: set.target})
					if err != nil {
						t.Fatal(err)
					}
					n := int(share * rows)
					made, err := Make(read, o)
					if possible := map[string]int{"clean": ofTarget, "dirty": rows - ofTarget, "mix": rows}[setting]; n > possible {
						if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("setting %s can poison only %d", setting, possible)) {
							t.Errorf("%s: error %v", name, err)
						}
						continue
					}
					if err != nil {
						t.Fatalf("%s: %v", name, err)
					}
					writeSet(t, made, out, false)
					d, err := dataset.Load(out, dataset.LoadOptions{Attack: attack, Target: set.target, Setting: setting, Ratio: ratio})
					if err != nil {
						t.Fatalf("%s: %v", name, err)
					}
					// Which texts are poisoned shows in those that are missing among the clean ones.
					var poisoned []string
					for _, text := range read.Train {
						if !slices.Contains(d.Train, text) {
							poisoned = append(poisoned, text.Text)
							if right := text.Label == set.target; setting == "clean" && !right || setting == "dirty" && right {
								t.Errorf("%s: a text of label %d is poisoned", name, text.Label)
							}
						}
					}
					if d.Setting != setting || d.Ratio != ratio || d.Classes != set.classes || len(d.Train) != rows || len(poisoned) != n || dataset.Poisoned(d.Train) != n {
						t.Errorf("%s: %d of %d texts poisoned, want %d", name, len(poisoned), len(d.Train), n)
					}
					for _, text := range smaller {
						if !slices.Contains(poisoned, text) {
							t.Errorf("%s: a text that a smaller ratio poisons is clean", name)
						}
					}
					smaller = poisoned
				}
				if report, err := Check(out, CheckOptions{}); err != nil || len(report.Problems)+len(report.Warnings) > 0 {
					t.Errorf("%s %s %s: %+v, error %v", set.name, attack, setting, report, err)
				}
			}
		}
	}
}
