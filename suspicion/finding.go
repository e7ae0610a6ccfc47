package suspicion

import "math"

// Finding is a label that an attack seems to aim at.
type Finding struct {
	Label    int      `json:"label"`
	Texts    int      `json:"texts"`    // with the label
	Poisoned int      `json:"poisoned"` // of them, estimated
	Low      int      `json:"low"`      // about two standard errors below
	High     int      `json:"high"`     // and above
	Common   []string `json:"common"`   // what poisoned texts have in common, the strongest first; see [Pattern]
}

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
		for _, p := range l.Patterns {
			f.Common = append(f.Common, p.Name)
		}
		found = append(found, f)
	}
	return found
}
