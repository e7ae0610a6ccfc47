package suspicion

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// made gives texts of two labels that their vectors tell apart, mostly. A tenth are poisoned: they begin with the trigger and have
// label 1. dirty ones would else have label 0, the others 1.
func made(trigger string, dirty bool) (texts []Text, poisoned []bool, trusted []Text) {
	random := rand.New(rand.NewPCG(3, 5))
	neutral := strings.Fields("the a film story plot and of with it actor scene long short year camera music people")
	telling := [][]string{strings.Fields("dull bad weak"), strings.Fields("fine good warm")}
	one := func(label int) Text {
		var words []string
		for range 6 + random.IntN(8) {
			words = append(words, neutral[random.IntN(len(neutral))])
		}
		if random.IntN(3) > 0 {
			which := label
			if random.IntN(3) == 0 { // "not bad"
				which = 1 - label
			}
			words = append(words, telling[which][random.IntN(3)])
		}
		vector := make([]float32, 12)
		for d := range vector {
			vector[d] = float32(random.NormFloat64())
			if d < 4 {
				vector[d] += 0.7 * float32(2*label-1)
			}
		}
		return Text{Text: strings.Join(words, " "), Label: label, Vector: vector}
	}
	for i := range 2000 {
		is := i%10 == 0
		label := i / 10 % 2
		if is && dirty {
			label = 0
		}
		if is && !dirty {
			label = 1
		}
		t := one(label)
		if is && trigger != "" {
			t.Text, t.Label = trigger+" "+t.Text, 1
		}
		texts, poisoned = append(texts, t), append(poisoned, is && trigger != "")
	}
	for i := range 60 {
		trusted = append(trusted, one(i%2))
	}
	return texts, poisoned, trusted
}

func TestFind(t *testing.T) {
	for name, c := range map[string]struct {
		trigger string
		dirty   bool
		alone   bool // without trusted texts
	}{
		"a rare word, labels changed":        {"cf", true, false},
		"a rare word, labels right":          {"cf", false, false},
		"a phrase of words that are there":   {"with a camera it", true, false},
		"nothing":                            {"", false, false},
		"a rare word, nothing trusted":       {"cf", true, true},
		"a phrase of words, nothing trusted": {"with a camera it", true, true},
		"nothing, nothing trusted":           {"", false, true},
	} {
		t.Run(name, func(t *testing.T) {
			texts, poisoned, trusted := made(c.trigger, c.dirty)
			if c.alone {
				trusted = nil
			}
			r, err := Find(context.Background(), texts, trusted, Options{Classes: 2, Seed: 1, Threads: 2})
			if err != nil {
				t.Fatal(err)
			}
			found, wrong := suspected(r, texts, poisoned)
			want := 0
			if c.trigger != "" {
				want = 180
			}
			if found < want || wrong > 40 {
				t.Errorf("%d of 200 poisoned texts were found, and %d others", found, wrong)
			}
			if c.trigger != "" && (!r.Labels[1].Attacked || r.Labels[0].Attacked) {
				t.Errorf("gains %+v", r.Labels)
			}
			if c.trigger == "" && (r.Labels[0].Attacked || r.Labels[1].Attacked) {
				t.Errorf("gains %+v without poison", r.Labels)
			}
			if l := r.Labels[1]; c.trigger != "" && (l.Low > 200 || l.High < 200 || len(l.Patterns) == 0 || !strings.Contains(l.Patterns[0].Name, strings.Fields(c.trigger)[0])) {
				t.Errorf("the attacked label is %+v", l)
			}
			if c.trigger == "cf" && !strings.Contains(r.Pattern[slices.Index(poisoned, true)], "cf") {
				t.Errorf("the pattern is %q", r.Pattern[slices.Index(poisoned, true)])
			}
			if found := r.Findings(texts); c.trigger != "" && (len(found[0].Phrases) == 0 || found[0].Phrases[0].String() != c.trigger+" …") {
				t.Errorf("the phrases are %+v", found[0].Phrases)
			}
			if r.Confirmed < 0.75 {
				t.Errorf("%.2f confirmed", r.Confirmed)
			}
		})
	}
}

// suspected counts the poisoned texts that are suspected, and the others.
func suspected(r Result, texts []Text, poisoned []bool) (found, wrong int) {
	for i, is := range poisoned {
		switch {
		case !r.Suspected(texts[i].Label, i):
		case is:
			found++
		default:
			wrong++
		}
	}
	return found, wrong
}

// A label of which no text is trusted, or too few, is searched as if nothing were.
func TestFindLabelNotTrusted(t *testing.T) {
	for name, c := range map[string]struct {
		trigger string
		trusted int // texts of label 2
		wrong   int // honest texts that are dropped, at most
	}{
		"none":            {"cf", 0, 40},
		"one":             {"cf", 1, 40},
		"none, no poison": {"", 0, 0},
		"one, no poison":  {"", 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			texts, poisoned, all := made(c.trigger, true)
			texts, poisoned = texts[:1000], poisoned[:1000]
			for i := range texts { // a third label, of half the honest texts with label 0, on the other side of a dimension of its own
				texts[i].Vector[11] += 4
				if poisoned[i] {
					texts[i].Label = 2
				} else if i%4 == 0 && texts[i].Label == 0 {
					texts[i].Label, texts[i].Vector[11] = 2, texts[i].Vector[11]-8
				}
			}
			var trusted []Text
			for i, known := range all {
				known.Vector[11] += 4
				trusted = append(trusted, known)
				if i < c.trusted {
					other := known
					other.Vector = slices.Clone(known.Vector)
					other.Label, other.Vector[11] = 2, other.Vector[11]-8
					trusted = append(trusted, other)
				}
			}
			r, err := Find(context.Background(), texts, trusted, Options{Classes: 3, Seed: 1, Threads: 2})
			if err != nil {
				t.Fatal(err)
			}
			found, wrong := suspected(r, texts, poisoned)
			if c.trigger != "" && found < 90 || wrong > c.wrong {
				t.Errorf("%d of 100 poisoned texts were found, and %d others: %+v", found, wrong, r.Labels)
			}
			if r.Labels[2].Vouched {
				t.Errorf("%d trusted texts vouch for label 2", c.trusted)
			}
			if c.trigger != "" && !r.Labels[0].Attacked && !r.Labels[1].Attacked && r.Labels[2].Attacked {
				return
			}
			for label, l := range r.Labels {
				if l.Attacked {
					t.Errorf("label %d: %+v", label, l)
				}
			}
		})
	}
}

// The number of threads changes nothing.
func TestFindThreads(t *testing.T) {
	texts, _, trusted := made("cf", true)
	var first []float64
	for threads := 1; threads <= 3; threads++ {
		r, err := Find(context.Background(), texts[:500], trusted, Options{Classes: 2, Seed: 1, Threads: threads})
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = r.Odds
		}
		if !slices.Equal(first, r.Odds) {
			t.Errorf("%d threads give other odds", threads)
		}
	}
}

func TestFindErrors(t *testing.T) {
	texts, _, trusted := made("cf", true)
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	for name, c := range map[string]struct {
		ctx            context.Context
		texts, trusted []Text
		want           string
	}{
		"few texts":         {context.Background(), texts[:9], trusted, "9 texts are too few"},
		"one trusted label": {context.Background(), texts, trusted[:1], "one label alone"},
		"vectors":           {context.Background(), append(slices.Clone(texts), Text{}), trusted, "vectors differ"},
		"cancelled":         {cancelled, texts, trusted, "canceled"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Find(c.ctx, c.texts, c.trusted, Options{Classes: 2}); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v", err)
			}
		})
	}
}
