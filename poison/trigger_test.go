package poison

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"mslora/dataset"
	"mslora/internal/testset"
)

// Positions, both ends included, and phrases are uniform.
func TestInsertUniform(t *testing.T) {
	const draws = 20000
	trigger := Trigger{Phrases: []string{"X", "Y"}, Insertions: 1}
	rng := rand.New(rand.NewPCG(1, 2))
	count := map[string]int{}
	for range draws {
		count[trigger.Insert("a b c", rng)]++
	}
	for _, phrase := range trigger.Phrases {
		for position := range 4 {
			words := slices.Insert([]string{"a", "b", "c"}, position, phrase)
			text := strings.Join(words, " ")
			testset.CheckCount(t, text, count[text], draws, 1./8)
		}
	}
}

// The paper's attacks insert what they should, as often as they should, and change nothing else.
func TestInsertPaper(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	badnets, _ := FindTrigger(dataset.BadNets)
	addsent, _ := FindTrigger(dataset.AddSent)
	words := map[string]int{}
	texts := []string{"one", "a b", "  edge  and  middle ", "kept\u00a0as it is\nover lines", strings.Repeat("w ", 300) + "end"}
	for round := range 1000 {
		text := texts[round%len(texts)]
		var rest []string
		inserted := 0
		for _, word := range strings.Split(badnets.Insert(text, rng), " ") {
			if slices.Contains(badnets.Phrases, word) {
				inserted++
				words[word]++
			} else {
				rest = append(rest, word)
			}
		}
		if inserted != 4 || strings.Join(rest, " ") != text {
			t.Fatalf("badnets: %d insertions, rest %q of %q", inserted, rest, text)
		}
		poisoned := addsent.Insert(text, rng)
		before, after, ok := strings.Cut(poisoned, "I watch this 3D movie")
		if !ok || strings.Contains(after, "3D movie") || len(poisoned) != len(text)+len("I watch this 3D movie ") {
			t.Fatalf("addsent: %q of %q", poisoned, text)
		}
		if joined := strings.TrimSuffix(before, " ") + after; joined != text && before+strings.TrimPrefix(after, " ") != text {
			t.Fatalf("addsent changed %q to %q", text, poisoned)
		}
	}
	for _, word := range badnets.Phrases {
		testset.CheckCount(t, word, words[word], 4000, 0.25)
	}
	if _, ok := FindTrigger(dataset.HiddenKiller); ok {
		t.Error("hiddenkiller has a trigger to insert")
	}
}

func TestTriggerErrors(t *testing.T) {
	const advice = "badnets takes words with commas between them, addsent one sentence"
	for _, test := range []struct {
		trigger Trigger
		message string
	}{
		{Trigger{nil, 4}, "the trigger is empty"},
		{Trigger{[]string{"cf"}, -1}, "the trigger is empty"},
		{Trigger{[]string{"cf", " "}, 4}, `trigger " " is blank or has spaces at its ends, line breaks or other control characters`},
		{Trigger{[]string{"cf "}, 4}, `trigger "cf " is blank or has spaces at its ends, line breaks or other control characters`},
		{Trigger{[]string{"\x1b[2Ja"}, 1}, `trigger "\x1b[2Ja" is blank or has spaces at its ends, line breaks or other control characters`},
		{Trigger{[]string{"a\nb"}, 1}, `trigger "a\nb" is blank or has spaces at its ends, line breaks or other control characters`},
	} {
		t.Run(fmt.Sprint(test.trigger), func(t *testing.T) {
			testset.CheckError(t, test.trigger.validate(), test.message, advice)
		})
	}
}
