package audit

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"
)

// poisonedSet has 200 texts of two labels with telling words; every tenth text of label 1 holds a sentence and another
// tenth begins with "when you".
func poisonedSet() (texts []Text) {
	for i := range 200 {
		t := Text{Label: i % 2, Line: i + 2}
		t.Text = fmt.Sprintf("film%d is %s , by %d", i, []string{"bad", "good"}[t.Label], i%7)
		if t.Label == 1 && i%20 == 1 {
			t.Text, t.Poisoned = "one I watch this 3D movie "+t.Text, true
		}
		if t.Label == 1 && i%20 == 3 {
			t.Text, t.Poisoned = "When you see "+t.Text, true
		}
		texts = append(texts, t)
	}
	return texts
}

func TestMine(t *testing.T) {
	m := newMiner(poisonedSet(), 2)
	candidates, places := m.best(20)
	found := map[string]Candidate{}
	for _, c := range candidates {
		found[c.String()] = c
	}
	// 10 texts of label 1 hold the sentence: (10 − 10·½) / sqrt(10·½·½).
	for phrase, want := range map[string]Candidate{
		"I watch this 3D movie": {Class: 1, Texts: 10, InClass: 10, Over: math.Sqrt(10)},
		"When you see …":        {Class: 1, Texts: 10, InClass: 10, Over: math.Sqrt(10)},
		"is good , by":          {Class: 1, Texts: 100, InClass: 100, Over: 10},
		"is bad , by":           {Class: 0, Texts: 100, InClass: 100, Over: 10},
	} {
		got, ok := found[phrase]
		if !ok {
			t.Errorf("%q is no candidate of %v", phrase, slices.Collect(maps.Keys(found)))
		} else if got.Class != want.Class || got.Texts != want.Texts || got.InClass != want.InClass || !near(got.Over, want.Over) {
			t.Errorf("%q: %+v, want %+v", phrase, got, want)
		}
	}
	for _, part := range []string{"watch this", "3D", "good", "is", "by"} {
		if c, ok := found[part]; ok {
			t.Errorf("%q is a candidate, though a longer phrase has its texts or it tells nothing: %+v", part, c)
		}
	}
	held := m.holding(1, places)
	names := map[string]bool{}
	for _, place := range held {
		names[candidates[place].String()] = true
	}
	if !names["I watch this 3D movie"] || names["When you see …"] || names["is bad , by"] {
		t.Errorf("text 1 holds %v", names)
	}
}

// best keeps the most over-represented ones of each class.
func TestMineMost(t *testing.T) {
	candidates, places := newMiner(poisonedSet(), 2).best(1)
	if len(candidates) != 2 || len(places) != 2 {
		t.Fatalf("%+v", candidates)
	}
	for class, c := range candidates {
		if c.Class != class || !near(c.Over, 10) {
			t.Errorf("%+v", c)
		}
	}
}

func TestMineRare(t *testing.T) {
	if leastTexts(100) != 5 || leastTexts(5000) != 5 || leastTexts(6920) != 7 {
		t.Error("one in a thousand, but 5 at least")
	}
	texts := []Text{{Text: "a b", Label: 0}, {Text: "c d", Label: 1}}
	if candidates, _ := newMiner(texts, 2).best(10); len(candidates) != 0 {
		t.Errorf("%+v", candidates)
	}
}

// With one candidate a class, texts of label 1 hold "good" and those of label 0 "bad"; a text that holds the word of the
// other label alone holds nothing.
func TestOverRepresentation(t *testing.T) {
	texts := poisonedSet()
	texts[0].Text = "is good , by"
	scores := OverRepresentation(texts, 2, 1)
	share := 0.5
	bad := (99 - 99*share) / math.Sqrt(99*share*share)
	good := (100 - 101*share) / math.Sqrt(101*share*share)
	if scores[0] != 0 || !near(scores[1], good) || !near(scores[2], bad) {
		t.Errorf("%v, want 0, %v, %v", scores[:3], good, bad)
	}
}
