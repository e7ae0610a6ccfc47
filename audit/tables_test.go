package audit

import (
	"encoding/csv"
	"math"
	"strings"
	"testing"
)

func TestCell(t *testing.T) {
	for text, want := range map[string]string{
		"a fine film, really":    "a fine film, really",
		`=HYPERLINK("http://x")`: `'=HYPERLINK("http://x")`,
		"+1":                     "'+1",
		"- but":                  "'- but",
		"@SUM(A1)":               "'@SUM(A1)",
		"\t=1":                   "'⟨U+0009⟩=1",
		"\r=1":                   "'⟨U+000D⟩=1",
		"'tis":                   "''tis",
		"a = b":                  "a = b",
		"\x1b[2J":                "⟨U+001B⟩[2J",
		"two\nlines":             "two⟨U+000A⟩lines",
		"a\u202eb\u200bc\ufeff":  "a⟨U+202E⟩b⟨U+200B⟩c⟨U+FEFF⟩",
		"naïve 電影":               "naïve 電影",
		"\xff":                   "\uFFFD",
		"":                       "",
	} {
		if got := cell(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func FuzzCell(f *testing.F) {
	f.Add("=1")
	f.Add("\u202e\x00")
	f.Fuzz(func(t *testing.T, text string) {
		got := cell(text)
		if got != "" && strings.ContainsRune("=+-@\t\r\n", rune(got[0])) {
			t.Fatalf("%q becomes %q", text, got)
		}
		if strings.ContainsAny(got, "\x00\x1b\n\r\u202e") {
			t.Fatalf("%q becomes %q", text, got)
		}
	})
}

func TestTables(t *testing.T) {
	trigger := &Trigger{Candidate: Candidate{Phrase: Phrase{Words: []string{"=cf"}}, Class: 1, Texts: 9, InClass: 8, Over: 2.5}, Probes: 4,
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
		{func(out *strings.Builder) error { return r.WriteSuspects(out, []string{"neg", "pos"}) }, [][]string{
			{"rank", "line", "suspicion", "disagreement", "label", "clean_model", "phrase", "phrase_strength", "text"},
			{"1", "3", "8.0000", "1.0000", "pos", "neg", "'=cf", "7.0000", "'=cf, \"fine\""},
			{"2", "2", "", "0.0000", "neg", "pos", "", "", "dull"},
		}},
		{func(out *strings.Builder) error { return r.WriteTriggers(out, []string{"neg", "pos"}) }, [][]string{
			{"phrase", "label", "strength", "effect", "texts", "texts_with_label", "over_representation", "probes", "vanilla_shift", "clean_shift", "vanilla_flips", "clean_flips"},
			{"'=cf", "pos", "7.0000", "6.0000", "9", "8", "2.5000", "4", "1.5000", "0.2500", "0.7500", "0.0000"},
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
