package suspicion

import (
	"slices"
	"testing"
)

func TestSigns(t *testing.T) {
	shown := []Pattern{{Name: "cf", Nats: 9}}
	for name, c := range map[string]struct {
		label Label
		want  bool
	}{
		"dense":                              {Label{Gain: 60, Expected: 100, Chance: 0.5, Patterns: shown, Vouched: true}, true},
		"nothing to show":                    {Label{Gain: 60, Expected: 100, Chance: 0.5, Vouched: true}, false},
		"trusted texts have it as often":     {Label{Gain: 60, Expected: 100, Chance: 0.6, Patterns: shown, Vouched: true}, false},
		"honest words":                       {Label{Gain: 60, Expected: 200, Chance: 0.3, Patterns: shown, Vouched: true}, false},
		"trusted texts lack it":              {Label{Gain: 6, Expected: 200, Chance: 0.0009, Patterns: shown, Vouched: true}, true},
		"nothing trusted":                    {Label{Gain: 60, Expected: 100, Chance: 1, Patterns: shown}, true},
		"nothing trusted, honest words":      {Label{Gain: 60, Expected: 140, Chance: 1, Patterns: shown}, false},
		"nothing trusted, many honest words": {Label{Gain: 110, Expected: 280, Chance: 1, Patterns: shown}, true},
	} {
		if got := c.label.attacked(); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestDoubted(t *testing.T) {
	for name, c := range map[string]struct {
		labels []Label
		want   []bool
	}{
		"none is attacked, one gains most": {[]Label{{Gain: 0.4}, {Gain: 7}, {Gain: -1}}, []bool{true, false, true}},
		"none gains":                       {[]Label{{Gain: -2}, {Gain: -1}}, []bool{true, false}},
		"an attacked one that gains less":  {[]Label{{Gain: 300}, {Gain: 60, Attacked: true}}, []bool{true, false}},
		"two attacked ones":                {[]Label{{Gain: 60, Attacked: true}, {Gain: 5, Attacked: true}, {}}, []bool{false, false, true}},
	} {
		if got := doubted(c.labels); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v", name, got)
		}
	}
}
