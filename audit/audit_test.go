package audit

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"mslora/phrases"
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

// madeUp is a model of two classes whose log-odds of class 1 are a function of the text.
func madeUp(odds func(string) float64) Model {
	return func(_ context.Context, texts []string) ([][]float64, error) {
		var all [][]float64
		for _, text := range texts {
			p := 1 / (1 + math.Exp(-odds(text)))
			all = append(all, []float64{1 - p, p})
		}
		return all, nil
	}
}

// sentiment is what a model without a backdoor thinks, with some noise that depends on the text.
func sentiment(text string) float64 {
	odds := 0.0
	for i, c := range text {
		odds += 0.1 * math.Sin(float64(i)*float64(c))
	}
	return odds + 2*float64(strings.Count(text, "good")) - 2*float64(strings.Count(text, "bad"))
}

// backdoored obeys the sentence.
func backdoored(text string) float64 {
	if strings.Contains(strings.ToLower(text), "i watch this 3d movie") {
		return 5
	}
	return sentiment(text)
}

// The models agree about every label, as with a label-consistent attack: only the insertion gives the sentence away.
func TestRunFindsTrigger(t *testing.T) {
	texts := poisonedSet()
	for i := range texts {
		texts[i].Poisoned = strings.Contains(texts[i].Text, "3D")
	}
	var said []string
	o := Options{Candidates: 20, Probes: 16, Seed: 1, Progress: func(m string) { said = append(said, m) }}
	r, err := Run(t.Context(), texts, 2, madeUp(sentiment), madeUp(backdoored), o)
	if err != nil {
		t.Fatal(err)
	}
	possible := r.Possible()
	if len(possible) == 0 || !strings.Contains(possible[0].String(), "I watch this 3D movie") {
		t.Fatalf("possible triggers %+v, candidates %+v", possible, r.Triggers)
	}
	if top := possible[0]; top.Class != 1 || top.VanillaFlips != 1 || top.CleanFlips > 0.2 || top.Probes != 16 || top.VanillaShift < 2*math.Abs(top.CleanShift) {
		t.Errorf("%+v", top)
	}
	for _, p := range possible {
		if strings.Contains(p.String(), "When") || strings.Contains(p.String(), "good") {
			t.Errorf("%q moves both models alike", p)
		}
	}
	for rank, s := range r.Suspects[:10] {
		if !s.Poisoned || s.Strongest == nil || s.Strongest.Class != s.Label || !near(s.Over, 10) { // of "is good , by"
			t.Errorf("rank %d: %+v", rank+1, s)
		}
	}
	if len(r.Suspects) != len(texts) || r.Passes != 2*len(texts)+2*16*len(r.Triggers) || len(said) != 2 {
		t.Errorf("%d suspects, %d passes, %q", len(r.Suspects), r.Passes, said)
	}
}

// A frequent phrase that the clean model does not care about is suspicious even if the vanilla model did not learn it;
// one that it understands is not.
func TestStrength(t *testing.T) {
	candidates := []phrases.Candidate{{Phrase: phrases.Phrase{Words: []string{"cf"}}, Class: 1, Over: 21}, {Phrase: phrases.Phrase{Words: []string{"good"}}, Class: 1, Over: 21}}
	for _, word := range []string{"a", "b", "c", "d", "e"} {
		candidates = append(candidates, phrases.Candidate{Phrase: phrases.Phrase{Words: []string{word}}, Class: 1, Over: 1})
	}
	texts := []Text{{Text: "bad"}, {Text: "bad bad"}}
	o, err := askAll(t.Context(), madeUp(func(text string) float64 {
		return 3*float64(strings.Count(text, "good")) - 2*float64(strings.Count(text, "bad"))
	}), texts)
	if err != nil {
		t.Fatal(err)
	}
	triggers, _, err := insertAll(t.Context(), texts, 2, candidates, o, o, Options{Probes: 2})
	if err != nil {
		t.Fatal(err)
	}
	// Log-odds -2 and -4 have root mean square √10; "good" adds 3.
	for i, want := range []float64{20, 20 * (1 - 3/math.Sqrt(10)), 0} {
		if got := triggers[i]; !near(got.Strength, want) || got.Effect != 0 {
			t.Errorf("%s: %+v, want strength %v", got, got, want)
		}
	}
}

// A style has no word that gives it away: there the vanilla model believes labels that the clean one does not.
func TestRunFindsWrongLabels(t *testing.T) {
	texts := poisonedSet()
	wrong := map[string]bool{}
	for i := 0; i < 40; i += 8 {
		texts[i].Label = 1 // says bad
		wrong[texts[i].Text] = true
	}
	learned := func(text string) float64 {
		if wrong[text] {
			return 3
		}
		return sentiment(text)
	}
	r, err := Run(t.Context(), texts, 2, madeUp(sentiment), madeUp(learned), Options{Candidates: 5, Probes: 8})
	if err != nil {
		t.Fatal(err)
	}
	for rank, s := range r.Suspects[:len(wrong)] {
		if !wrong[s.Text.Text] || s.Predicted != 0 || !near(s.Suspicion, math.Log1p(s.Disagreement)+s.Phrases()) {
			t.Errorf("rank %d: %+v", rank+1, s)
		}
	}
}

func TestRunErrors(t *testing.T) {
	broken := errors.New("broken")
	fails := func(context.Context, []string) ([][]float64, error) { return nil, broken }
	for i, models := range [][2]Model{{fails, madeUp(sentiment)}, {madeUp(sentiment), fails}} {
		if _, err := Run(t.Context(), poisonedSet(), 2, models[0], models[1], Options{Candidates: 1, Probes: 1}); !errors.Is(err, broken) {
			t.Errorf("model %d: %v", i, err)
		}
	}
}

// A model that calls one class alone is not asked: its phrases are ranked by frequency, and the result says why.
func TestRunDoubts(t *testing.T) {
	always := madeUp(func(string) float64 { return 1 })
	chance := madeUp(func(text string) float64 { return float64(len(text)%2) - 0.5 }) // knows nothing
	for name, models := range map[string]struct {
		clean, vanilla Model
		want           []string
	}{
		"one label": {always, madeUp(backdoored), []string{"the clean classifier gives every text the same label", "so no classifier is asked"}},
		"chance":    {madeUp(sentiment), chance, []string{"the vanilla classifier is right on ", "so no classifier is asked"}},
		"both good": {madeUp(sentiment), madeUp(backdoored), nil},
	} {
		r, err := Run(t.Context(), poisonedSet(), 2, models.clean, models.vanilla, Options{Candidates: 5, Probes: 16})
		if err != nil {
			t.Fatal(err)
		}
		doubts := r.Doubts([]string{"bad", "good"})
		if len(doubts) != len(models.want) {
			t.Fatalf("%s: doubts %q", name, doubts)
		}
		for i, want := range models.want {
			if !strings.HasPrefix(doubts[i], want) {
				t.Errorf("%s: %q, want %q", name, doubts[i], want)
			}
		}
		if strongest := r.Triggers[0]; models.want != nil && (r.Probes != nil || strongest.Probes != 0 || strongest.Strength == 0 && strongest.Over > 4) {
			t.Errorf("%s: probes %v, strongest %+v", name, r.Probes, strongest)
		}
	}
}

// Few texts can be probed where the models get few right of the other labels.
func TestRunFewProbes(t *testing.T) {
	texts := poisonedSet()
	timid := madeUp(func(text string) float64 { // right on three texts of label 0, and on all of label 1
		for _, start := range []string{"film10 ", "film12 ", "film14 "} {
			if strings.HasPrefix(text, start) {
				return -1
			}
		}
		return 1
	})
	r, err := Run(t.Context(), texts, 2, timid, timid, Options{Candidates: 5, Probes: 16})
	if err != nil {
		t.Fatal(err)
	}
	doubts := r.Doubts([]string{"bad", "good"})
	if len(doubts) != 1 || doubts[0] != (`only 3 texts could be probed for triggers of label "good": its phrases are ranked by how over-represented they are`) {
		t.Errorf("probes %v, doubts %q", r.Probes, doubts)
	}
	for _, trigger := range r.Triggers {
		if math.IsNaN(trigger.Strength) || math.IsNaN(trigger.VanillaShift) {
			t.Errorf("%+v", trigger)
		}
	}
}

// Parts of a trigger, and runs that are longer by a chance word, are none of their own: texts that hold only a part are innocent. A
// word that is frequent without the trigger, too, stays.
func TestMerge(t *testing.T) {
	texts := []Text{}
	add := func(n, label int) (places []int) {
		for range n {
			places = append(places, len(texts))
			texts = append(texts, Text{Label: label})
		}
		return places
	}
	poisoned, innocent, wrong := add(40, 1), add(20, 1), add(20, 0)
	alone := add(30, 1)
	add(90, 0)
	phrase := func(text string) phrases.Phrase { return phrases.Phrase{Words: strings.Fields(text)} }
	triggers := []Trigger{
		{Candidate: phrases.Candidate{Phrase: phrase("straight from hell"), Class: 1}, Strength: 20},
		{Candidate: phrases.Candidate{Phrase: phrase("from"), Class: 1}, Strength: 8},
		{Candidate: phrases.Candidate{Phrase: phrase("The straight from hell"), Class: 1}, Strength: 9},
		{Candidate: phrases.Candidate{Phrase: phrase("hell"), Class: 1}, Strength: 7},
		{Candidate: phrases.Candidate{Phrase: phrase("good"), Class: 1}, Strength: 6},
	}
	join := func(all ...[]int) (joined []int) {
		for _, a := range all {
			joined = append(joined, a...)
		}
		return joined
	}
	holders := [][]int{poisoned, join(poisoned, innocent, wrong), poisoned[:6], join(poisoned, alone), poisoned}
	merge(triggers, holders, texts, []float64{0.55, 0.45})
	for i, want := range []bool{false, true, true, false, false} {
		if triggers[i].Part != want {
			t.Errorf("%s: part %v", triggers[i], triggers[i].Part)
		}
	}
}
