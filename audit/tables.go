package audit

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode"
)

// WriteSuspects writes a line for each text, the most suspicious first, with names for the classes.
func (r Result) WriteSuspects(out io.Writer, classes []string) error {
	w := csv.NewWriter(out)
	w.Write([]string{"rank", "line", "suspicion", "disagreement", "label", "clean_model", "phrase", "phrase_strength", "text"})
	for i, s := range r.Suspects {
		phrase, strength := "", ""
		if s.Strongest != nil {
			phrase, strength = s.Strongest.String(), number(s.Strongest.Strength)
		}
		w.Write([]string{strconv.Itoa(i + 1), strconv.Itoa(s.Line), number(s.Suspicion), number(s.Disagreement),
			cell(classes[s.Label]), cell(classes[s.Predicted]), cell(phrase), strength, cell(s.Text.Text)})
	}
	w.Flush()
	return w.Error()
}

// WriteTriggers writes a line for each candidate, the strongest first.
func (r Result) WriteTriggers(out io.Writer, classes []string) error {
	w := csv.NewWriter(out)
	w.Write([]string{"phrase", "label", "strength", "effect", "texts", "texts_with_label", "over_representation", "probes",
		"vanilla_shift", "clean_shift", "vanilla_flips", "clean_flips"})
	for _, t := range r.Triggers {
		record := []string{cell(t.String()), cell(classes[t.Class]), number(t.Strength), number(t.Effect), strconv.Itoa(t.Texts), strconv.Itoa(t.InClass),
			number(t.Over), strconv.Itoa(t.Probes)}
		for _, value := range []float64{t.VanillaShift, t.CleanShift, t.VanillaFlips, t.CleanFlips} {
			record = append(record, number(value))
		}
		w.Write(record)
	}
	w.Flush()
	return w.Error()
}

func number(x float64) string {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return ""
	}
	return strconv.FormatFloat(x, 'f', 4, 64)
}

// cell makes a text from elsewhere safe to open in a spreadsheet or to print: a spreadsheet would run a cell that begins
// with =, +, -, @, a tab or a carriage return as a formula, so such a cell gets an apostrophe in front, and so does one
// that begins with an apostrophe, which makes the rule reversible. Control and format characters, which steer
// terminals, turn text around or are not seen, become their code points: ⟨U+001B⟩.
func cell(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r'", rune(text[0])) {
		text = "'" + text
	}
	return Visible(text)
}

// Visible shows the control and format characters of a text by their code points.
func Visible(text string) string {
	var shown strings.Builder
	for _, r := range strings.ToValidUTF8(text, "\uFFFD") {
		if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) {
			fmt.Fprintf(&shown, "⟨U+%04X⟩", r)
		} else {
			shown.WriteRune(r)
		}
	}
	return shown.String()
}
