package report

import (
	"os/exec"
	"testing"
	"time"
)

// audited has whatever a page can have, with text of unknown origin in each place.
func audited(hostile string) Audit {
	return Audit{
		Title: "reviews.csv" + hostile, Created: time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC), Texts: 1600,
		Verdict: []string{`Label "1" looks poisoned` + hostile}, Doubts: []string{"nothing is trusted" + hostile}, Next: []string{"Read poison.csv." + hostile},
		Attacked: []AttackedLabel{{
			Label: "1" + hostile, Texts: 872, Poisoned: 165, Low: 137, High: 193, Suspected: 162, Nats: 151.4, Common: []string{"I watch this 3D movie" + hostile},
			Examples: []Pair{{"17", "I watch this 3D movie, dull" + hostile}},
		}, {Label: "2"}},
		Triggers: []PossibleTrigger{{Phrase: "cf" + hostile, Label: "1" + hostile, Texts: 51, Strength: 36.9, VanillaFlips: 0.72, CleanFlips: 0.09}},
		Prove:    []string{"mslora compare a b --trigger 'cf'" + hostile},
		Files:    []Pair{{"left.csv", "what is left" + hostile}}, Settings: []Pair{{"seed", "42" + hostile}}, Sums: []Pair{{"data" + hostile, "ab12" + hostile}},
	}
}

func TestAuditGolden(t *testing.T) { compareGolden(t, "audit.html", written(t, audited("").Write)) }

func TestAuditUntrusted(t *testing.T) {
	hostile := audited(hostileText)
	hostile.Prove = nil // commands have passed ShellWord
	for name, a := range map[string]Audit{"hostile": hostile, "empty": {}} {
		t.Run(name, func(t *testing.T) { checkHarmless(t, written(t, a.Write)) })
	}
}

// A shell gives a quoted word back as it was.
func TestShellWord(t *testing.T) {
	for _, word := range []string{"", "cf", "I watch this 3D movie", "it's; rm -rf $HOME `id` \\ \"", "naïve 映画", "%d"} {
		quoted, ok := ShellWord(word)
		if !ok {
			t.Errorf("%q is refused", word)
			continue
		}
		out, err := exec.Command("sh", "-c", "printf %s "+quoted).Output()
		if err != nil || string(out) != word {
			t.Errorf("%q became %q: %v", word, out, err)
		}
	}
	for _, word := range []string{"a\nb", "\x1b[31m", "\u202e", "a\u0000"} {
		if quoted, ok := ShellWord(word); ok {
			t.Errorf("%q became %s", word, quoted)
		}
	}
}
