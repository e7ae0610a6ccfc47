package suspicion

import (
	"cmp"
	"math"
	"slices"
	"strconv"

	"mslora/phrases"
)

// Finding is a label that an attack seems to aim at.
type Finding struct {
	Label    int     `json:"label"`
	Texts    int     `json:"texts"`          // with the label
	Poisoned int     `json:"poisoned"`       // of them, estimated
	Low      int     `json:"low"`            // about two standard errors below
	High     int     `json:"high"`           // and above
	Gain     float64 `json:"gain,omitempty"` // evidence in nats; see [Label]
	// Phrases are runs of words that suspected texts hold and others lack, whole, the strongest first; see [phrases.InCommon].
	Phrases []Phrase `json:"phrases,omitempty"`
	Common  []string `json:"common"`  // what poisoned texts have in common, the strongest first; see [Pattern]
	Typical []int    `json:"typical"` // the texts that are most likely poisoned, by their places from 0, the likeliest first
}

// Says gives what poisoned texts have in common, for people: phrases, and patterns where phrases do not explain most of them. Words of texts are
// quoted.
func (f Finding) Says(most int) (all []string) {
	explained := 0
	for _, p := range f.Phrases {
		all = append(all, strconv.Quote(p.String()))
		explained += p.Texts
	}
	if 10*explained < 9*f.Poisoned {
		for _, pattern := range f.Common {
			if said := InWords(pattern); !slices.Contains(all, said) {
				all = append(all, said)
			}
		}
	}
	return all[:min(len(all), most)]
}

// Phrase is a run of words.
type Phrase struct {
	Words []string `json:"words"`
	Start bool     `json:"start,omitempty"` // it begins texts
	Texts int      `json:"texts"`           // suspected ones that hold it
}

// In gives the phrase as package phrases has it.
func (p Phrase) In() phrases.Phrase { return phrases.Phrase{Words: p.Words, Start: p.Start} }

// String shows the phrase; an ellipsis stands for the rest of a text that it must start.
func (p Phrase) String() string { return p.In().String() }

const (
	mostTypical = 5 // texts that stand for the others
	mostPhrases = 5
)

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
		f := Finding{Label: class, Texts: counts[class], Poisoned: int(math.Round(l.Poisoned)), Low: int(l.Low), High: int(math.Ceil(l.High)), Gain: math.Round(10*l.Gain) / 10}
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
		f.Phrases = r.phrases(texts, class)
		found = append(found, f)
	}
	return found
}

// phrases are those of a label's suspected texts.
func (r Result) phrases(texts []Text, class int) (found []Phrase) {
	plain, suspected := make([]string, len(texts)), make([]bool, len(texts))
	for i, t := range texts {
		plain[i], suspected[i] = t.Text, t.Label == class && r.Suspected(class, i)
	}
	for _, c := range phrases.InCommon(plain, suspected, mostPhrases) {
		found = append(found, Phrase{Words: c.Words, Start: c.Start, Texts: c.Texts})
	}
	return found
}
