package suspicion

import (
	"math"

	"mslora/internal/logistic"
)

const (
	leastHolders  = 5    // texts that hold a pattern, at least
	leastEvidence = 8    // nats by which a pattern must explain labels better than meaning does
	mostEvidence  = 64   // patterns that are taken as evidence, at most
	prior         = 0.02 // share of poisoned texts among those without such a pattern, in the beginning
)

// shares of a pattern's texts that may be poisoned.
var shares = [...]float64{0.1, 0.25, 0.5, 0.75, 0.9, 0.98}

// evidence tells that of the texts that hold a pattern a share is poisoned.
type evidence struct {
	column  int32
	nats    float64 // log-likelihood of their labels with this share, above that by meaning and by the evidence before
	share   float64 // the likeliest of shares
	holders int     // texts that hold the pattern
}

// weigh gives the patterns with evidence, the strongest first. Of a pattern the evidence is
//
//	max over π of Σ log((π + (1 − π)·h) / h) + Σ log(1 − π) + π·T·f
//
// The first sum is over the texts that hold it and have the label, the second over those that hold it and do not, and over the
// trusted texts that hold it and do. T is the number of trusted texts with the label, f the share of the label's texts that hold the
// pattern: were it honest, T·f trusted texts would hold it too. An honest word has little evidence, however telling it is: meaning
// explains the labels of its texts, some of them have another label, and trusted texts hold it as often.
//
// What a pattern explains is evidence for no other: with each that is taken, h of its texts becomes π + (1 − π)·h.
func (m *mixture) weigh() []evidence {
	t := m.tally()
	var found []evidence
	for len(found) < mostEvidence {
		best := t.best()
		if best.nats < leastEvidence {
			break
		}
		found = append(found, best)
		t.explain(best)
	}
	return found
}

// tally is the evidence of all patterns, kept up to date as texts are explained.
type tally struct {
	patterns  *logistic.Matrix
	nats      [][len(shares)]float64 // of each pattern, for each share
	holders   []int                  // of each pattern
	inside    [][]int32              // texts of each pattern that have the label
	texts     int                    // all
	taken     []bool                 // patterns that are evidence already
	explained []float64              // probability of each text's label, by meaning and by what is taken
}

func (m *mixture) tally() *tally {
	width := m.patterns.Width
	t := &tally{
		patterns: m.patterns, nats: make([][len(shares)]float64, width), holders: make([]int, width), inside: make([][]int32, width),
		texts: len(m.inside), taken: make([]bool, width), explained: append([]float64(nil), m.honest...),
	}
	for i, is := range m.inside {
		columns, _ := m.patterns.Row(i)
		for _, c := range columns {
			t.holders[c]++
			if is {
				t.inside[c] = append(t.inside[c], int32(i))
			}
		}
		for k, share := range shares {
			nats := math.Log1p(-share)
			if is {
				nats = reason(share, m.honest[i])
			}
			for _, c := range columns {
				t.nats[c][k] += nats
			}
		}
	}
	for k, is := range m.trusted {
		if columns, _ := m.patterns.Row(len(m.inside) + k); is {
			for _, c := range columns {
				for k, share := range shares {
					t.nats[c][k] += math.Log1p(-share)
				}
			}
		}
	}
	rate := count(m.trusted) / count(m.inside)
	for c := range t.nats {
		for k, share := range shares {
			t.nats[c][k] += share * rate * float64(len(t.inside[c]))
		}
	}
	return t
}

// reason is what a share adds to the log-likelihood of a label that a text has with probability h.
func reason(share, h float64) float64 { return math.Log((share + (1-share)*h) / h) }

func (t *tally) best() evidence {
	best := evidence{nats: math.Inf(-1)}
	for c, n := range t.holders {
		if t.taken[c] || n < leastHolders || 2*n > t.texts { // what most texts have tells none of them apart
			continue
		}
		for k, share := range shares {
			if t.nats[c][k] > best.nats {
				best = evidence{column: int32(c), nats: t.nats[c][k], share: share, holders: n}
			}
		}
	}
	return best
}

// explain takes a pattern for the reason of its texts' label.
func (t *tally) explain(e evidence) {
	t.taken[e.column] = true
	for _, i := range t.inside[e.column] {
		before := t.explained[i]
		after := e.share + (1-e.share)*before
		t.explained[i] = after
		columns, _ := t.patterns.Row(int(i))
		for k, share := range shares {
			change := reason(share, after) - reason(share, before)
			for _, c := range columns {
				t.nats[c][k] += change
			}
		}
	}
}

// seed gives each text with the label its probability of being poisoned by the patterns that were found in it.
func (m *mixture) seed(found []evidence) []float64 {
	share := make(map[int32]float64, len(found))
	for _, e := range found {
		share[e.column] = e.share
	}
	r := make([]float64, len(m.inside))
	for i, is := range m.inside {
		if !is {
			continue
		}
		honest := 1 - prior
		columns, _ := m.patterns.Row(i)
		for _, c := range columns {
			honest *= 1 - share[c]
		}
		r[i] = (1 - honest) / (1 - honest + honest*m.honest[i])
	}
	return r
}
