package suspicion

import (
	"cmp"
	"math"
	"slices"
)

// Finding is a label that an attack seems to aim at.
type Finding struct {
	Label    int      `json:"label"`
	Texts    int      `json:"texts"`    // with the label
	Poisoned int      `json:"poisoned"` // of them, estimated
	Low      int      `json:"low"`      // about two standard errors below
	High     int      `json:"high"`     // and above
	Common   []string `json:"common"`   // what poisoned texts have in common, the strongest first; see [Pattern]
	Typical  []int    `json:"typical"`  // the texts that are most likely poisoned, by their places from 0, the likeliest first
}

// mostTypical is how many texts stand for the others.
const mostTypical = 5

// Findings are the attacked labels of texts.
func (r Result) Findings(texts []Text) []Finding {
	counts := make([]int, len(r.Labels))
	for _, t := range texts {
		counts[t.Label]++
	}
	found := []Finding{}
	for class, l := range r.Labels {
		if !l.Attacked {
			continue
		}
		f := Finding{Label: class, Texts: counts[class], Poisoned: int(math.Round(l.Poisoned)), Low: int(l.Low), High: int(math.Ceil(l.High))}
		for i, t := range texts {
			if t.Label == class && r.Suspected(class, i) {
				f.Typical = append(f.Typical, i)
			}
		}
		slices.SortStableFunc(f.Typical, func(a, b int) int { return cmp.Compare(r.Odds[b], r.Odds[a]) })
		f.Typical = f.Typical[:min(len(f.Typical), mostTypical)]
		for _, p := range l.Patterns {
			f.Common = append(f.Common, p.Name)
		}
		found = append(found, f)
	}
	return found
}
