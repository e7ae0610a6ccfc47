package audit

import (
	"encoding/csv"
	"math"
	"strings"
	"testing"

	"mslora/phrases"
)

func TestTables(t *testing.T) {
	trigger := &Trigger{Candidate: phrases.Candidate{Phrase: phrases.Phrase{Words: []string{"=cf"}}, Class: 1, Texts: 9, InClass: 8, Over: 2.5}, Probes: 4,
		VanillaShift: 1.5, CleanShift: 0.25, VanillaFlips: 0.75, Effect: 6, Strength: 7}
	r := Result{
		Suspects: []Suspect{
			{Text: Text{Text: "=cf, \"fine\"", Label: 1, Line: 3}, Suspicion: 8, Disagreement: 1, Strongest: trigger},
			{Text: Text{Text: "dull", Label: 0, Line: 2}, Suspicion: math.NaN(), Predicted: 1},
		},
		Triggers: []Trigger{*trigger},
	}
	for _, test := range []struct {
		write func(*strings.Builder) error
		want  [][]string
	}{
		{func(out *strings.Builder) error { return r.WriteSuspects(out, []string{"neg", "pos"}, false) }, [][]string{
			{"rank", "line", "suspected", "suspicion", "disagreement", "label", "clean_model", "phrase", "phrase_strength", "text"},
			{"1", "3", "true", "8.0000", "1.0000", "pos", "neg", "'=cf", "7.0000", "'=cf, \"fine\""},
			{"2", "2", "false", "", "0.0000", "neg", "pos", "", "", "dull"},
		}},
		{func(out *strings.Builder) error { return r.WriteTriggers(out, []string{"neg", "pos"}, false) }, [][]string{
			{"phrase", "label", "strength", "effect", "texts", "texts_with_label", "over_representation", "probes", "vanilla_shift", "clean_shift", "vanilla_flips", "clean_flips", "possible", "part"},
			{"'=cf", "pos", "7.0000", "6.0000", "9", "8", "2.5000", "4", "1.5000", "0.2500", "0.7500", "0.0000", "true", "false"},
		}},
	} {
		var out strings.Builder
		if err := test.write(&out); err != nil {
			t.Fatal(err)
		}
		got, err := csv.NewReader(strings.NewReader(out.String())).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for i, record := range test.want {
			if strings.Join(got[i], "|") != strings.Join(record, "|") {
				t.Errorf("%q, want %q", got[i], record)
			}
		}
	}
}
