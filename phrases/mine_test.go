package phrases

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"
)

// poisonedSet has 200 texts of two labels with telling words; every tenth text of label 1 holds a sentence and another
// tenth begins with "when you".
func poisonedSet() (texts []string, labels []int) {
	for i := range 200 {
		text := fmt.Sprintf("film%d is %s , by %d", i, []string{"bad", "good"}[i%2], i%7)
		switch i % 20 {
		case 1:
			text = "one I watch this 3D movie " + text
		case 3:
			text = "When you see " + text
		}
		texts, labels = append(texts, text), append(labels, i%2)
	}
	return texts, labels
}

func near(a, b float64) bool { return math.Abs(a-b) < 1e-9 }

func TestMine(t *testing.T) {
	texts, labels := poisonedSet()
	best := New(texts, labels, 2).Best(20)
	found := map[string]Candidate{}
	for _, c := range best.Candidates {
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
	held := best.Holding(1)
	names := map[string]bool{}
	for _, place := range held {
		names[best.Candidates[place].String()] = true
	}
	if !names["I watch this 3D movie"] || names["When you see …"] || names["is bad , by"] {
		t.Errorf("text 1 holds %v", names)
	}
}

// Best keeps the most over-represented ones of each class.
func TestMineMost(t *testing.T) {
	texts, labels := poisonedSet()
	best := New(texts, labels, 2).Best(1)
	if len(best.Candidates) != 2 || len(best.places) != 2 {
		t.Fatalf("%+v", best.Candidates)
	}
	for class, c := range best.Candidates {
		if c.Class != class || !near(c.Over, 10) {
			t.Errorf("%+v", c)
		}
	}
}

func TestMineRare(t *testing.T) {
	if leastTexts(100) != 5 || leastTexts(5000) != 5 || leastTexts(6920) != 7 {
		t.Error("one in a thousand, but 5 at least")
	}
	if best := New([]string{"a b", "c d"}, []int{0, 1}, 2).Best(10); len(best.Candidates) != 0 {
		t.Errorf("%+v", best.Candidates)
	}
}

// With one candidate a class, texts of label 1 hold "good" and those of label 0 "bad"; a text that holds the word of the
// other label alone holds nothing.
func TestOverRepresentation(t *testing.T) {
	texts, labels := poisonedSet()
	texts[0] = "is good , by"
	scores := OverRepresentation(texts, labels, 2, 1)
	share := 0.5
	bad := (99 - 99*share) / math.Sqrt(99*share*share)
	good := (100 - 101*share) / math.Sqrt(101*share*share)
	if scores[0] != 0 || !near(scores[1], good) || !near(scores[2], bad) {
		t.Errorf("%v, want 0, %v, %v", scores[:3], good, bad)
	}
}
