package suspicion

import (
	"flag"
	"fmt"
	"testing"

	"mslora/internal/pagetable"
)

var update = flag.Bool("update", false, "write the tables of bounds in docs/purify.md again")

// The bounds on the page are those of the program: with trusted texts ("signs"), and of a label without any ("alone").
func TestSignsOfPage(t *testing.T) {
	pagetable.Check(t, "../docs/purify.md", "suspicion", *update, func(words []string) (string, error) {
		switch words[0] {
		case "signs":
			text := "   | gain, at least | density, at least | chance, at most |\n   |--:|--:|--:|\n"
			for _, s := range signs {
				text += fmt.Sprintf("   | %v | %v | %v |\n", s.gain, s.density, s.chance)
			}
			return text + "   ", nil
		case "alone":
			text := "   | gain, at least | density, at least |\n   |--:|--:|\n"
			for _, s := range alone {
				text += fmt.Sprintf("   | %v | %v |\n", s.gain, s.density)
			}
			return text + "   ", nil
		}
		return "", fmt.Errorf("%q is no table", words)
	})
}
