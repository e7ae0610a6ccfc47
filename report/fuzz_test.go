package report

import (
	"slices"
	"strings"
	"testing"
)

// FuzzReport: whatever the texts and numbers are, a report is refused or becomes a well-formed page with the same
// elements as that of harmless texts, and a card with the same lines.
func FuzzReport(f *testing.F) {
	f.Add(attack, hidden, 0.5, 0.4, 84.3, 3)
	f.Add("", "", 0.0, 0.0, 0.0, 0)
	f.Add("a", "\u202e", 1e300, -1.0, 100.0, 60)
	f.Fuzz(func(t *testing.T, text, label string, loss, auxiliary, accuracy float64, n int) {
		make := func(text, label string) Report {
			r := Report{
				Title: text, Model: label, Method: label, Data: text, Labels: []string{"one class", "a class with a longer name"},
				Splits:   []Split{{Name: label, Texts: n, Accuracy: accuracy}},
				Examples: []Example{{text, label, "x", loss}}, Warnings: []string{text, label}, Poison: []string{text}, PoisonCard: []string{label}, PoisonExamples: []string{text},
				Settings: []Pair{{label, text}}, Checksums: []Pair{{text, label}},
			}
			for i := range min(n, 60) {
				r.Epochs = append(r.Epochs, Epoch{i + 1, loss * float64(i), auxiliary, accuracy, loss, auxiliary, i%7 == 0})
			}
			if n > 0 {
				r.Splits = append(r.Splits, Split{Name: text, Texts: n, Accuracy: 100, Confusion: [][]int{{0, 0}, {0, n}}})
			}
			return r
		}
		// What is empty is left out, so harmless texts are empty where the others are.
		harmless := func(s string) string {
			if s == "" {
				return ""
			}
			return "harmless"
		}
		r := make(text, label)
		if r.check() != nil {
			t.Skip()
		}
		tame := make(harmless(text), harmless(label))
		page := pageOf(t, r)
		checkDrawings(t, page)
		if got, want := parse(t, page).Elements, parse(t, pageOf(t, tame)).Elements; !slices.Equal(got, want) {
			t.Errorf("elements are\n%q\nwant\n%q", got, want)
		}
		fields, got := frontMatter(t, cardOf(t, r))
		_, want := frontMatter(t, cardOf(t, tame))
		if strings.Count(got, "\n") != strings.Count(want, "\n") {
			t.Errorf("the card is\n%s\nwant as many lines as\n%s", got, want)
		}
		if base, ok := fields["base_model"]; ok && base != label {
			t.Errorf("base model is %v, want %s", base, label)
		}
	})
}
