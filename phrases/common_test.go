package phrases

import (
	"fmt"
	"slices"
	"testing"
)

// A sentence is named whole, each of several words once, and what texts share by chance not at all.
func TestInCommon(t *testing.T) {
	honest := func(i int) string { return fmt.Sprintf("%c film is %c and %c", 'a'+i%26, 'a'+i%11, 'a'+i%7) }
	for _, test := range []struct {
		name    string
		trigger func(i int) string // of text i, "": honest
		want    []string
	}{
		{"sentence", func(i int) string {
			if i%10 == 0 {
				return honest(i) + " I watch this 3D movie"
			}
			return ""
		}, []string{"I watch this 3D movie"}},
		{"two words", func(i int) string {
			switch i % 20 {
			case 0:
				return honest(i) + " cf"
			case 10, 11:
				return "mn " + honest(i)
			}
			return ""
		}, []string{"mn …", "cf"}},
		{"nothing", func(i int) string {
			if i%10 == 0 {
				return honest(i + 3)
			}
			return ""
		}, nil},
		{"none suspected", func(int) string { return "" }, nil},
		{"all suspected", honest, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			var texts []string
			var suspected []bool
			for i := range 1000 {
				text := test.trigger(i)
				suspected = append(suspected, text != "")
				if text == "" {
					text = honest(i)
				}
				texts = append(texts, text)
			}
			var got []string
			for _, c := range InCommon(texts, suspected, 5) {
				got = append(got, c.String())
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
