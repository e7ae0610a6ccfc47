package audit

import "fmt"

// Credit tells how far a model can be believed.
type Credit struct {
	Accuracy float64 // share of texts to which it gives their label
	Largest  float64 // share of the most frequent label: what one answer for every text would be right on
	Labels   int     // different labels that it gives
}

// Good tells whether the model knows more than which label is most frequent.
func (c Credit) Good() bool { return c.Labels > 1 && c.Accuracy > c.Largest }

func (o opinion) credit(texts []Text, classes int) Credit {
	given, have := make([]int, classes), make([]int, classes)
	var c Credit
	for i, t := range texts {
		says := o.says(i)
		given[says]++
		have[t.Label]++
		if says == t.Label {
			c.Accuracy += 1 / float64(len(texts))
		}
	}
	for class, n := range have {
		c.Largest = max(c.Largest, float64(n)/float64(len(texts)))
		if given[class] > 0 {
			c.Labels++
		}
	}
	return c
}

// fewProbes is the number of probes below which their flips tell little.
const fewProbes = 8

// Doubts says in sentences what the ranking cannot rest on; nil if there is nothing. classes are names for the labels.
func (r Result) Doubts(classes []string) (doubts []string) {
	for _, m := range []struct {
		name   string
		credit Credit
	}{{"clean", r.Clean}, {"vanilla", r.Vanilla}} {
		switch {
		case m.credit.Labels == 1:
			doubts = append(doubts, fmt.Sprintf("the %s classifier gives every text the same label", m.name))
		case !m.credit.Good():
			doubts = append(doubts, fmt.Sprintf("the %s classifier is right on %.0f %% of the texts, where one answer for all is right on %.0f %%",
				m.name, 100*m.credit.Accuracy, 100*m.credit.Largest))
		}
	}
	if len(doubts) > 0 {
		return append(doubts, "so no classifier is asked: texts are ranked by how over-represented their phrases are")
	}
	for class, n := range r.Probes {
		if n < r.fewest {
			doubts = append(doubts, fmt.Sprintf("only %d texts could be probed for triggers of label %q: its phrases are ranked by how over-represented they are", n, classes[class]))
		}
	}
	return doubts
}
