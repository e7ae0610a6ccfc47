package audit

// Common is a phrase that suspected texts have in common.
type Common struct {
	Phrase
	Texts int // suspected ones that hold it
	Over  float64
}

const (
	// mostMined bounds the phrases that are looked at.
	mostMined = 200
	// leastCommon is the share of the suspected texts that a phrase must explain.
	leastCommon = 0.05
)

// InCommon gives the phrases, most of them at most, that suspected texts hold and others do not, the strongest first. Each explains texts
// that hold none of those before it: the words around a trigger, and parts of it, are not named beside it. Over is the over-representation
// of suspected texts among them, of which all are outliers.
func InCommon(texts []string, suspected []bool, most int) (common []Common) {
	all, left := make([]Text, len(texts)), 0
	for i, text := range texts {
		all[i].Text = text
		if suspected[i] {
			all[i].Label = 1
			left++
		}
	}
	if left == 0 || left == len(texts) {
		return nil
	}
	enough := max(leastTexts(0), int(leastCommon*float64(left)))
	m := newMiner(all, 2)
	found, places := m.best(mostMined)
	others := make([]int, len(found)) // texts that hold a phrase and are not suspected
	held := map[int][]int{}           // phrases that each suspected text holds, until one of them is taken
	for i := range all {
		for _, place := range m.holding(i, places) {
			switch {
			case found[place].Class != 1:
			case suspected[i]:
				held[i] = append(held[i], place)
			default:
				others[place]++
			}
		}
	}
	share := m.share(1)
	for len(common) < most {
		counts := make([]int, len(found))
		for _, phrases := range held {
			for _, place := range phrases {
				counts[place]++
			}
		}
		best := Common{Over: outlier}
		at := -1
		for place, n := range counts {
			if n < enough {
				continue
			}
			if z := over(n+others[place], n, share); z > best.Over {
				at, best = place, Common{Phrase: found[place].Phrase, Texts: found[place].InClass, Over: z}
			}
		}
		if at < 0 {
			break
		}
		common = append(common, best)
		for i, phrases := range held {
			for _, place := range phrases {
				if place == at {
					delete(held, i)
					break
				}
			}
		}
	}
	return common
}
