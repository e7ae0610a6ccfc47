package suspicion

import (
	"strings"
	"testing"
)

func TestInWords(t *testing.T) {
	for pattern, want := range map[string]string{
		"cf":                 `"cf"`,
		"i watch this":       `"i watch this"`,
		"a\x1bb":             `"a\x1bb"`,
		"shape: ^ when *":    `"when", then a rarer word at the beginning`,
		"shape: ^ when":      `"when" at the beginning`,
		"shape: * , it":      `a rarer word, then a comma, then "it"`,
		"shape: * $":         "no common word at the end, nor a full stop by itself",
		"shape: ^ *":         "no common word at the beginning",
		"shape: * . $":       "a rarer word, then a full stop at the end",
		"shape: ^ * $":       "a rarer word and nothing else",
		"shape: *":           "a rarer word",
		"shape: $":           "words",
		"shape: this 3d":     `"this", then "3d"`,
		"first: when":        `"when" as the first word`,
		"last: .":            "a full stop as the last word",
		"words: 0":           "fewer than 4 words",
		"words: 3":           "12 to 15 words",
		"words: 9":           "36 words or more",
		"commas: 0":          "no comma",
		"commas: 1":          "one comma",
		"commas: 4":          "4 commas",
		"commas: and others": `"commas: and others"`,
	} {
		if got := InWords(pattern); got != want {
			t.Errorf("%q: %s, want %s", pattern, got, want)
		}
	}
}

// Every kind of pattern is said in words: none as it is written here.
func TestInWordsOfEveryPattern(t *testing.T) {
	p := &patterns{common: map[string]bool{"the": true, ",": true, "is": true}}
	p.each("The film , is the best , and odd", func(pattern string) {
		for _, sign := range []string{shapePrefix, firstPrefix, lastPrefix, wordsPrefix, commasPrefix, masked, opening, closing} {
			if said := InWords(pattern); said == "" || strings.Contains(said, sign) {
				t.Errorf("%q is said as %q", pattern, said)
			}
		}
	})
}
