package main

import (
	"cmp"
	"fmt"
	"strings"

	"mslora/dataset"
	"mslora/defence"
	"mslora/eval"
	"mslora/experiment"
	"mslora/params"
)

// paperTrusted is the number of trusted texts in the paper's experiments.
const paperTrusted = 96

// nothingTrusted says what a search for poisoned texts loses without trusted ones.
const nothingTrusted = "there are no trusted texts (--clean), so only plainer attacks are found, and the estimate of how many texts are poisoned is rougher"

// trustWarnings says what is wrong with the trusted texts, or what is lost if the method has none and would read them.
func trustWarnings(d *dataset.Dataset, method defence.Method) (warnings []string) {
	if len(d.Trusted) == 0 {
		if method.ReadsTrusted() {
			warnings = append(warnings, nothingTrusted)
		}
		return warnings
	}
	if n := len(d.Trusted); n < paperTrusted {
		warnings = append(warnings, fmt.Sprintf("there are %d trusted texts; the paper has %d, and fewer make a worse classifier", n, paperTrusted))
	}
	seen := make([]bool, d.Classes)
	for _, t := range d.Trusted {
		seen[t.Label] = true
	}
	for class, is := range seen {
		if !is {
			warnings = append(warnings, fmt.Sprintf("no trusted text has the label %q, so nothing vouches for it", d.Labels[class]))
		}
	}
	return warnings
}

// scoreWarnings says where accuracy hides that the classifier tells classes badly apart: on a part of the data it never gives a
// label that texts there have, or is no better than one answer for every text.
func scoreWarnings(splits []scoredSplit, labels []string, cell experiment.Cell) (warnings []string) {
	advice := "; try --class-weights balanced, or more --epochs"
	if balanced(cell) {
		advice = "; try more --epochs, or add texts of these labels"
	}
	for _, s := range splits {
		texts, given := make([]int, len(labels)), make([]int, len(labels))
		for i, row := range eval.Confusion(s.classes(), s.labels(), len(labels)) {
			for j, n := range row {
				texts[i] += n
				given[j] += n
			}
		}
		var never []string
		for class, n := range texts {
			if n > 0 && given[class] == 0 {
				never = append(never, fmt.Sprintf("%q (%s)", labels[class], count(n, "text")))
			}
		}
		var faults []string
		if len(never) > 0 {
			faults = append(faults, "never answers "+listed(never))
		}
		largest := 0 // class; of equal ones that which is given most
		for class := range labels {
			if cmp.Or(cmp.Compare(texts[class], texts[largest]), cmp.Compare(given[class], given[largest])) > 0 {
				largest = class
			}
		}
		if always := (eval.Share{Hits: texts[largest], Texts: len(s.texts)}); s.accuracy.Hits <= always.Hits && always.Hits < always.Texts {
			faults = append(faults, fmt.Sprintf("is no better than always answering %q, which is right on %.2f %%", labels[largest], always.Percent()))
		}
		if len(faults) > 0 {
			warnings = append(warnings, fmt.Sprintf("on %s the classifier %s%s", s.name, strings.Join(faults, ", and "), advice))
		}
	}
	return warnings
}

// balanced tells whether the classes have balanced weights in the loss.
func balanced(cell experiment.Cell) bool {
	return cell.Hyperparameters.Word(params.ClassWeights) == params.WeightsBalanced
}

// listed names the first few things.
func listed(things []string) string {
	const most = 5
	if n := len(things) - most; n > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(things[:most], ", "), n)
	}
	return strings.Join(things, ", ")
}
