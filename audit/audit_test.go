package audit

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
)

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
	candidates := []Candidate{{Phrase: Phrase{Words: []string{"cf"}}, Class: 1, Over: 21}, {Phrase: Phrase{Words: []string{"good"}}, Class: 1, Over: 21}}
	for _, word := range []string{"a", "b", "c", "d", "e"} {
		candidates = append(candidates, Candidate{Phrase: Phrase{Words: []string{word}}, Class: 1, Over: 1})
	}
	texts := []Text{{Text: "bad"}, {Text: "bad bad"}}
	o, err := askAll(t.Context(), madeUp(func(text string) float64 {
		return 3*float64(strings.Count(text, "good")) - 2*float64(strings.Count(text, "bad"))
	}), texts)
	if err != nil {
		t.Fatal(err)
	}
	triggers, err := insertAll(t.Context(), texts, 2, candidates, o, o, Options{Probes: 2})
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
	// Where no text of another label fits, there is nothing to insert into, and no number may become NaN.
	always := madeUp(func(string) float64 { return 1 })
	r, err := Run(t.Context(), poisonedSet(), 2, always, always, Options{Candidates: 5, Probes: 4})
	if err != nil {
		t.Fatal(err)
	}
	for _, trigger := range r.Triggers {
		if math.IsNaN(trigger.Strength) || math.IsNaN(trigger.VanillaShift) || trigger.Class == 1 && (trigger.Probes != 0 || trigger.Strength != 0) {
			t.Errorf("%+v", trigger)
		}
	}
}
