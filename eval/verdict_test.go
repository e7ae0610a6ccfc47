package eval

import (
	"slices"
	"testing"

	"mslora/suspicion"
)

func TestVerdict(t *testing.T) {
	f := suspicion.Finding{Label: 1, Texts: 50, Poisoned: 7, Low: 5, High: 9, Common: []string{"a", "shape: * $", "c\x1b", "d"}}
	for name, c := range map[string]struct {
		purified Purified
		labels   []string
		quotes   bool
		want     []string
	}{
		"not judged":    {Purified{}, nil, true, nil},
		"nothing":       {Purified{Attacked: []suspicion.Finding{}}, nil, true, []string{"No label looks poisoned."}},
		"named, quotes": {Purified{Attacked: []suspicion.Finding{f}}, []string{"ham", "spam"}, true, []string{`Label "spam" looks poisoned: about 7 of its 50 texts (5 to 9), which have in common "a"; no common word at the end, nor a full stop by itself; "c\x1b".`}},
		"a phrase explains all": {Purified{Attacked: []suspicion.Finding{{Label: 0, Texts: 9, Poisoned: 2, High: 4, Common: []string{"3d"},
			Phrases: []suspicion.Phrase{{Words: []string{"this", "3D", "movie"}, Texts: 2}}}}}, nil, true,
			[]string{`Label "0" looks poisoned: about 2 of its 9 texts (0 to 4), which have in common "this 3D movie".`}},
		"a phrase explains half": {Purified{Attacked: []suspicion.Finding{{Label: 0, Texts: 9, Poisoned: 4, High: 4, Common: []string{"cf", "mn"},
			Phrases: []suspicion.Phrase{{Words: []string{"cf"}, Texts: 2, Start: true}}}}}, nil, true,
			[]string{`Label "0" looks poisoned: about 4 of its 9 texts (0 to 4), which have in common "cf …"; "cf"; "mn".`}},
		"much evidence": {Purified{Trusted: 96, Attacked: []suspicion.Finding{{Texts: 9, Poisoned: 2, High: 4, Gain: 900}}}, nil, false,
			[]string{`Label "0" looks poisoned: about 2 of its 9 texts (0 to 4).`}},
		"little evidence": {Purified{Trusted: 96, Attacked: []suspicion.Finding{{Texts: 9, Poisoned: 2, High: 4, Gain: 50}}}, nil, false,
			[]string{`Label "0" looks poisoned: about 2 of its 9 texts (0 to 4). Labels that nobody attacked have had as much evidence: read the texts before you act.`}},
		"little evidence without trusted texts": {Purified{Attacked: []suspicion.Finding{{Texts: 9, Poisoned: 2, High: 4, Gain: 200}}}, nil, false,
			[]string{`Label "0" looks poisoned: about 2 of its 9 texts (0 to 4). Labels that nobody attacked have had as much evidence: read the texts before you act.`}},
		"numbered": {Purified{Attacked: []suspicion.Finding{f}}, nil, false, []string{`Label "1" looks poisoned: about 7 of its 50 texts (5 to 9).`}},
		"no pattern": {Purified{Attacked: []suspicion.Finding{{Texts: 9, Poisoned: 2, High: 4}}}, nil, true,
			[]string{`Label "0" looks poisoned: about 2 of its 9 texts (0 to 4).`}},
	} {
		if got := c.purified.Verdict(c.labels, c.quotes); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q", name, got)
		}
	}
}
