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
const nothingTrusted = "there are no trusted texts (--clean), so what honest texts of a label share, such as the name of a source, may be taken for an attack, and the estimate of how many texts are poisoned is rougher"

// trusting says what trusted texts are for.
type trusting struct {
	searched bool // poisoned texts are looked for with them
	aligned  bool // gradients are aligned to theirs
}

// trustingOf a method. One that needs no trusted texts and finds nothing with them does not read them.
func trustingOf(method defence.Method) trusting {
	_, searched := method.Purifier.(defence.Purification)
	return trusting{searched: searched, aligned: method.Aligned}
}

// fewer says what is lost with fewer trusted texts than the paper has.
func (t trusting) fewer() string {
	return t.consequences("find fewer poisoned ones", "make a worse classifier")
}

// without says what is lost if a label has none.
func (t trusting) without() string {
	return t.consequences("the search errs more often there", "no gradient is aligned to its texts")
}

func (t trusting) consequences(search, alignment string) string {
	switch {
	case t.searched && t.aligned:
		return search + " and " + alignment
	case t.searched:
		return search
	}
	return alignment
}

// warnings say what is wrong with the trusted texts, by how many there are of each label, or what is lost if there are none and they would be read.
func (t trusting) warnings(labels []string, texts []int) (warnings []string) {
	n := 0
	for _, of := range texts {
		n += of
	}
	switch {
	case !t.searched && !t.aligned:
		return nil
	case n == 0:
		return []string{nothingTrusted}
	case n < paperTrusted:
		warnings = append(warnings, fmt.Sprintf("there are %s; the paper has %d, and fewer %s", count(n, "trusted text"), paperTrusted, t.fewer()))
	}
	for class, of := range texts {
		if of == 0 {
			warnings = append(warnings, fmt.Sprintf("no trusted text has the label %q, so %s", labels[class], t.without()))
		}
	}
	return warnings
}

// trustedLabels are those of a data set's trusted texts.
func trustedLabels(d *dataset.Dataset) []int {
	labels := make([]int, len(d.Trusted))
	for i, t := range d.Trusted {
		labels[i] = t.Label
	}
	return labels
}

// perLabel counts.
func perLabel(labels []int, classes int) []int {
	counts := make([]int, classes)
	for _, label := range labels {
		counts[label]++
	}
	return counts
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
