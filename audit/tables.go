package audit

import (
	"io"
	"math"
	"strconv"

	"mslora/internal/spreadsheet"
	"mslora/internal/visible"
)

// WriteSuspects writes a line for each text, the most suspicious first, with names for the classes; excel is for
// spreadsheet.New.
func (r Result) WriteSuspects(out io.Writer, classes []string, excel bool) error {
	w := spreadsheet.New(out, excel)
	w.Write("rank", "line", "suspected", "suspicion", "disagreement", "label", "clean_model", "phrase", "phrase_strength", "text")
	for i, s := range r.Suspects {
		phrase, strength := "", ""
		if s.Strongest != nil {
			phrase, strength = s.Strongest.String(), number(s.Strongest.Strength)
		}
		w.Write(strconv.Itoa(i+1), strconv.Itoa(s.Line), strconv.FormatBool(s.Suspected()), number(s.Suspicion), number(s.Disagreement),
			visible.Cell(classes[s.Label]), visible.Cell(classes[s.Predicted]), visible.Cell(phrase), strength, visible.Cell(s.Text.Text))
	}
	return w.Flush()
}

// WriteTriggers writes a line for each candidate, the strongest first; classes and excel are as for WriteSuspects.
func (r Result) WriteTriggers(out io.Writer, classes []string, excel bool) error {
	w := spreadsheet.New(out, excel)
	w.Write("phrase", "label", "strength", "effect", "texts", "texts_with_label", "over_representation", "probes",
		"vanilla_shift", "clean_shift", "vanilla_flips", "clean_flips", "possible", "part")
	for _, t := range r.Triggers {
		record := []string{visible.Cell(t.String()), visible.Cell(classes[t.Class]), number(t.Strength), number(t.Effect), strconv.Itoa(t.Texts), strconv.Itoa(t.InClass),
			number(t.Over), strconv.Itoa(t.Probes)}
		for _, value := range []float64{t.VanillaShift, t.CleanShift, t.VanillaFlips, t.CleanFlips} {
			record = append(record, number(value))
		}
		record = append(record, strconv.FormatBool(t.possible()), strconv.FormatBool(t.Part))
		w.Write(record...)
	}
	return w.Flush()
}

func number(x float64) string {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return ""
	}
	return strconv.FormatFloat(x, 'f', 4, 64)
}
