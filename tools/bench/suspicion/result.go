package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"mslora/audit"
	"mslora/dataset"
	"mslora/internal/pagetable"
	"mslora/suspicion"
)

// measured is what one call measured, as it is kept in a file.
type measured struct {
	Data      string            `json:"data"`              // name of the data set
	Attack    string            `json:"attack"`            // "" for a clean set
	Setting   string            `json:"setting"`           // of the poison
	Model     string            `json:"model"`             // that the vectors are of
	Trusted   int               `json:"trusted"`           // texts
	Noise     float64           `json:"noise"`             // share of honest texts whose label was drawn wrong
	Imbalance float64           `json:"imbalance"`         // share of the honest texts of label 0 that were left out
	Ratio     float64           `json:"ratio"`             // of poison
	Without   string            `json:"without,omitempty"` // a signal that was left out
	First     int               `json:"first_seed"`        // of the draws
	Files     map[string]string `json:"files"`             // SHA-256 of what the sets were drawn from
	Go        string            `json:"go"`                // version
	Threads   int               `json:"threads"`           // of the search
	Draws     []drawn           `json:"draws"`             // one for each set
}

// drawn is what was found in one set.
type drawn struct {
	Texts    int     `json:"texts"`
	Poisoned int     `json:"poisoned"`
	Found    int     `json:"found"`   // poisoned texts that would be dropped
	Dropped  int     `json:"dropped"` // honest ones that would be
	AUROC    float64 `json:"auroc,omitempty"`
	// Baselines are the AUROC of other rankings.
	Baselines map[string]float64 `json:"baselines,omitempty"`
	Seconds   float64            `json:"seconds"` // of the search, vectors not counted
	Labels    []labelResult      `json:"labels"`
}

type labelResult struct {
	Called   bool    `json:"called"`   // attacked
	Poisoned int     `json:"poisoned"` // texts with this label that are
	Estimate float64 `json:"estimate"`
	Low      float64 `json:"low"`
	High     float64 `json:"high"`
	Gain     float64 `json:"gain"`
	Expected float64 `json:"expected"` // sum of the probabilities that its texts are poisoned
	Chance   float64 `json:"chance"`
	// Patterns are the strongest, of a label that is called attacked.
	Patterns []string `json:"patterns,omitempty"`
}

func (d drawn) called() bool {
	for _, l := range d.Labels {
		if l.Called {
			return true
		}
	}
	return false
}

// drawnOf compares what was found with what is known.
func drawnOf(texts []dataset.Text, r suspicion.Result) drawn {
	d := drawn{Texts: len(texts), Labels: make([]labelResult, len(r.Labels))}
	poisoned := make([]bool, len(texts))
	for i, t := range texts {
		poisoned[i] = t.Poisoned
		is := r.Suspected(t.Label, i)
		switch {
		case t.Poisoned && is:
			d.Found++
			fallthrough
		case t.Poisoned:
			d.Poisoned++
			d.Labels[t.Label].Poisoned++
		case is:
			d.Dropped++
		}
	}
	if d.Poisoned > 0 {
		d.AUROC = audit.Detect(r.Odds, poisoned).AUROC
	}
	for class, l := range r.Labels {
		of := &d.Labels[class]
		of.Called, of.Estimate, of.Low, of.High, of.Gain, of.Expected, of.Chance = l.Attacked, l.Poisoned, l.Low, l.High, l.Gain, l.Expected, l.Chance
		if l.Attacked {
			for _, p := range l.Patterns[:min(3, len(l.Patterns))] {
				of.Patterns = append(of.Patterns, p.Name)
			}
		}
	}
	return d
}

func (d drawn) String() string {
	line := fmt.Sprintf("%d texts, %d poisoned, found %d, honest dropped %d", d.Texts, d.Poisoned, d.Found, d.Dropped)
	if d.Poisoned > 0 {
		line += fmt.Sprintf(", AUROC %.4f", d.AUROC)
	}
	for class, l := range d.Labels {
		line += fmt.Sprintf("; label %d: gain %.0f of %.0f expected, chance %.2g", class, l.Gain, l.Expected, l.Chance)
		if l.Called {
			line += fmt.Sprintf(", ATTACKED, %.0f (%.0f to %.0f) poisoned by %q", l.Estimate, l.Low, l.High, l.Patterns)
		}
	}
	return line + fmt.Sprintf(" %.1fs", d.Seconds)
}

// foundTable has a line for each poisoned set.
func foundTable(folder string) (string, error) {
	all, err := pagetable.Read[measured](folder)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	out.WriteString("| data, attack, setting | ratio | AUROC, all texts | poisoned texts found | honest texts dropped | poisoned by the estimate (bounds) | other labels called |\n|---|--:|--:|--:|--:|--:|--:|\n")
	for _, m := range all {
		for _, d := range m.Draws {
			if d.Poisoned == 0 {
				continue
			}
			estimate, others := "not called", 0
			for _, l := range d.Labels {
				switch {
				case l.Called && l.Poisoned > 0:
					estimate = fmt.Sprintf("%s (%s to %s)", pagetable.Thousands(int(math.Round(l.Estimate))), pagetable.Thousands(int(l.Low)), pagetable.Thousands(int(l.High)))
				case l.Called:
					others++
				}
			}
			if m.Without != "" {
				continue
			}
			fmt.Fprintf(&out, "| %s, %s, %s | %s | %.4f | %s of %s | %s of %s | %s | %d |\n", m.Data, m.Attack, m.Setting,
				strconv.FormatFloat(m.Ratio, 'g', -1, 64), d.AUROC, pagetable.Thousands(d.Found), pagetable.Thousands(d.Poisoned), pagetable.Thousands(d.Dropped), pagetable.Thousands(d.Texts-d.Poisoned), estimate, others)
		}
	}
	return out.String(), nil
}

// baselineTable compares the ranking with others, of poisoned sets.
func baselineTable(folder string) (string, error) {
	all, err := pagetable.Read[measured](folder)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	fmt.Fprintf(&out, "| data, attack, setting | ratio | the search | %s | %s | %s |\n|---|--:|--:|--:|--:|--:|\n", overRepresentation, wordScores, spectralSignatures)
	for _, m := range all {
		for _, d := range m.Draws {
			if len(d.Baselines) > 0 && m.Without == "" {
				fmt.Fprintf(&out, "| %s, %s, %s | %s | %.4f | %.4f | %.4f | %.4f |\n", m.Data, m.Attack, m.Setting, strconv.FormatFloat(m.Ratio, 'g', -1, 64),
					d.AUROC, d.Baselines[overRepresentation], d.Baselines[wordScores], d.Baselines[spectralSignatures])
			}
		}
	}
	return out.String(), nil
}

// teacherTable has a line for each set and the model whose vectors the search read.
func teacherTable(folder string) (string, error) {
	all, err := pagetable.Read[measured](folder)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	out.WriteString("| data, attack | vectors of | AUROC, all texts | poisoned texts found | honest texts dropped |\n|---|---|--:|--:|--:|\n")
	for _, m := range all {
		for _, d := range m.Draws {
			fmt.Fprintf(&out, "| %s, %s | %s | %.4f | %s of %s | %s of %s |\n", m.Data, m.Attack, m.Model, d.AUROC, pagetable.Thousands(d.Found), pagetable.Thousands(d.Poisoned),
				pagetable.Thousands(d.Dropped), pagetable.Thousands(d.Texts-d.Poisoned))
		}
	}
	return out.String(), nil
}

// ablationTable has a line for each signal that was left out, and a column for each poisoned set.
func ablationTable(folder string) (string, error) {
	all, err := pagetable.Read[measured](folder)
	if err != nil {
		return "", err
	}
	var columns []string
	cells := map[string]map[string]string{} // by signal, then by column
	for _, m := range all {
		column := fmt.Sprintf("%s, %s", m.Attack, strconv.FormatFloat(m.Ratio, 'g', -1, 64))
		if !slices.Contains(columns, column) {
			columns = append(columns, column)
		}
		if cells[m.Without] == nil {
			cells[m.Without] = map[string]string{}
		}
		d := m.Draws[0]
		cells[m.Without][column] = fmt.Sprintf("%.4f, %d", d.AUROC, d.Found)
		if !d.called() {
			cells[m.Without][column] = fmt.Sprintf("%.4f, –", d.AUROC)
		}
	}
	var out strings.Builder
	fmt.Fprintf(&out, "| without | %s |\n|---|%s\n", strings.Join(columns, " | "), strings.Repeat("--:|", len(columns)))
	for _, signal := range append([]suspicion.Signal{""}, suspicion.Signals...) {
		row := "nothing"
		if signal != "" {
			row = string(signal)
		}
		for _, column := range columns {
			row += " | " + cells[string(signal)][column]
		}
		fmt.Fprintf(&out, "| %s |\n", row)
	}
	return out.String(), nil
}

// alarmTable has a line for each data set, of clean sets alone.
func alarmTable(folder string) (string, error) {
	all, err := pagetable.Read[measured](folder)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	out.WriteString("| data | texts of a set | labels drawn wrong | left out of label 0 | clean sets | called poisoned |\n|---|--:|--:|--:|--:|--:|\n")
	sets, alarms := 0, 0
	for _, m := range all {
		called, n, texts := 0, 0, 0
		for _, d := range m.Draws {
			if d.Poisoned > 0 {
				continue
			}
			n++
			texts += d.Texts
			if d.called() {
				called++
			}
		}
		if n == 0 {
			continue
		}
		sets, alarms = sets+n, alarms+called
		fmt.Fprintf(&out, "| %s | %s | %.0f %% | %.0f %% | %d | %d |\n", m.Data, pagetable.Thousands(texts/n), 100*m.Noise, 100*m.Imbalance, n, called)
	}
	fmt.Fprintf(&out, "| all | | | | %d | %d |\n", sets, alarms)
	return out.String(), nil
}

// ratesOf counts errors in the sets of folders.
func ratesOf(folders ...string) (r suspicion.Rates, err error) {
	for i, folder := range folders {
		all, err := pagetable.Read[measured](folder)
		if err != nil {
			return r, err
		}
		for j, m := range all {
			if i == 0 && j == 0 {
				r.Trusted = m.Trusted
			}
			if m.Trusted != r.Trusted || m.Without != "" {
				return r, fmt.Errorf("%s: %s, %s was searched in another way", folder, m.Data, m.Attack)
			}
			for _, d := range m.Draws {
				d.count(&r)
			}
		}
	}
	return r, nil
}

func (d drawn) count(r *suspicion.Rates) {
	right := false // an attacked label was called
	for _, l := range d.Labels {
		switch truth := float64(l.Poisoned); {
		case !l.Called:
		case l.Poisoned == 0:
			r.LargestGainOfWrongCalls = max(r.LargestGainOfWrongCalls, int(math.Ceil(l.Gain)))
		default:
			right = true
			r.CoveredOf++
			if l.Low <= truth && truth <= l.High {
				r.Covered++
			}
		}
	}
	switch {
	case d.Poisoned == 0:
		r.Clean++
		if d.called() {
			r.Called++
		}
	default:
		r.Poisoned++
		if !right {
			r.Missed++
		}
	}
}

// ratesTable sums up how often the search errs in the sets of folders, all of which were searched with as many trusted texts.
func ratesTable(folders ...string) (string, error) {
	r, err := ratesOf(folders...)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("| searched %s | sets or labels | of them |\n|---|--:|--:|\n| clean sets, called poisoned | %d | %d |\n| poisoned sets, not called poisoned | %d | %d |\n"+
		"| attacked labels that were called, the bounds hold the true number of poisoned texts | %d | %d |\n", r.With(), r.Clean, r.Called, r.Poisoned, r.Missed, r.CoveredOf, r.Covered), nil
}
