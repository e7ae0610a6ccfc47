package poison

import (
	"math/rand/v2"
	"slices"
	"strings"
	"unicode"

	"mslora/dataset"
	"mslora/internal/hint"
)

// Trigger is what an inserting attack puts into a text: Insertions times one of Phrases, each drawn uniformly,
// each at a uniformly drawn word position (appendix B.3).
type Trigger struct {
	Phrases    []string `json:"phrases"`
	Insertions int      `json:"insertions"`
}

// FindTrigger gives the paper's trigger for an attack: BadNets inserts four times one of the words cf, mn, bb,
// tq, AddSent once the sentence "I watch this 3D movie". ok is false for attacks that do not insert.
func FindTrigger(attack string) (trigger Trigger, ok bool) {
	switch attack {
	case dataset.BadNets:
		return Trigger{Phrases: []string{"cf", "mn", "bb", "tq"}, Insertions: 4}, true
	case dataset.AddSent:
		return Trigger{Phrases: []string{"I watch this 3D movie"}, Insertions: 1}, true
	}
	return Trigger{}, false
}

func (t Trigger) validate() error {
	const advice = "badnets takes words with commas between them, addsent one sentence"
	if len(t.Phrases) == 0 || t.Insertions < 1 {
		return hint.New(advice, "the trigger is empty")
	}
	for _, phrase := range t.Phrases {
		if strings.TrimSpace(phrase) == "" || strings.TrimSpace(phrase) != phrase || strings.ContainsFunc(phrase, unicode.IsControl) {
			return hint.New(advice, "trigger %s is blank or has spaces at its ends, line breaks or other control characters", hint.Quote(phrase))
		}
		if err := dataset.CheckText(phrase); err != nil {
			return err
		}
	}
	return nil
}

// Insert returns text with the trigger inserted. Words are what stands between single spaces, so the rest of the
// text keeps its bytes; positions run from before the first word to after the last. Later insertions count
// earlier ones as words, as in the authors' code. (That code splits at any white space for BadNets and so also
// turns, say, a no-break space into a space: 3 of SST-2's 6,920 training texts.)
func (t Trigger) Insert(text string, rng *rand.Rand) string {
	words := strings.Split(text, " ")
	for range t.Insertions {
		phrase := t.Phrases[rng.IntN(len(t.Phrases))]
		words = slices.Insert(words, rng.IntN(len(words)+1), phrase)
	}
	return strings.Join(words, " ")
}
