package audit

import (
	"cmp"
	"slices"

	"mslora/phrases"
)

// merge finds candidates that are parts of a stronger one, or are longer by a chance word: they share a word with it, and in the texts that
// do not hold it they are no more frequent among the texts of their label than chance would have them. Their texts that do not hold the
// stronger one are innocent. holders are the texts of each candidate.
func merge(triggers []Trigger, holders [][]int, texts []Text, shares []float64) {
	order := make([]int, 0, len(triggers))
	for i, t := range triggers {
		if t.Strength >= outlier {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(triggers[b].Strength, triggers[a].Strength) })
	for _, strong := range order {
		if triggers[strong].Part {
			continue
		}
		held := map[int]bool{}
		for _, text := range holders[strong] {
			held[text] = true
		}
		for i := range triggers {
			t := &triggers[i]
			if i == strong || t.Part || t.Class != triggers[strong].Class || t.Strength > triggers[strong].Strength || !t.SharesWord(triggers[strong].Phrase) {
				continue
			}
			var rest, inClass int
			for _, text := range holders[i] {
				if !held[text] {
					rest++
					if texts[text].Label == t.Class {
						inClass++
					}
				}
			}
			t.Part = rest == 0 || phrases.Over(rest, inClass, shares[t.Class]) < phrases.LeastOver
		}
	}
}
