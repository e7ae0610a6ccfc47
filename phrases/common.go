package phrases

import "slices"

// Common is a phrase that suspected texts have in common.
type Common struct {
	Phrase
	Texts int     // suspected ones that hold it
	Over  float64 // over-representation of suspected texts among all that hold it
}

const (
	// mostMined bounds the phrases that are looked at.
	mostMined = 200
	// outstanding is the over-representation that a phrase must have more than.
	outstanding = 5
	// leastCommon is the share of the suspected texts that a phrase must explain.
	leastCommon = 0.05
)

// InCommon gives the phrases, most of them at most, that suspected texts hold and others do not, the strongest first. Each explains texts
// that hold none of those before it: the words around a trigger, and parts of it, are not named beside it. Over is the over-representation
// of suspected texts among those that hold it.
func InCommon(texts []string, suspected []bool, most int) (common []Common) {
	labels, left := make([]int, len(texts)), 0
	for i, is := range suspected {
		if is {
			labels[i] = 1
			left++
		}
	}
	if left == 0 || left == len(texts) {
		return nil
	}
	enough := max(leastTexts(0), int(leastCommon*float64(left)))
	index := New(texts, labels, 2)
	of := index.Best(mostMined)
	found := of.Candidates
	others := make([]int, len(found)) // texts that hold a phrase and are not suspected
	held := map[int][]int{}           // phrases that each suspected text holds, until one of them is taken
	for i := range texts {
		for _, place := range of.Holding(i) {
			switch {
			case found[place].Class != 1:
			case suspected[i]:
				held[i] = append(held[i], place)
			default:
				others[place]++
			}
		}
	}
	share := index.Share(1)
	for len(common) < most {
		counts := make([]int, len(found))
		for _, phrases := range held {
			for _, place := range phrases {
				counts[place]++
			}
		}
		best := Common{Over: outstanding}
		at := -1
		for place, n := range counts {
			if n < enough {
				continue
			}
			if z := Over(n+others[place], n, share); z > best.Over {
				at, best = place, Common{Phrase: found[place].Phrase, Texts: found[place].InClass, Over: z}
			}
		}
		if at < 0 {
			break
		}
		common = append(common, best)
		for i, phrases := range held {
			if slices.Contains(phrases, at) {
				delete(held, i)
			}
		}
	}
	return common
}
