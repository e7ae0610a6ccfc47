package suspicion

import (
	"cmp"
	"math"
	"slices"
)

const (
	leastHolders  = 5    // texts that hold a pattern, at least
	leastEvidence = 8    // nats by which a pattern must explain labels better than meaning does
	prior         = 0.02 // share of poisoned texts among those without such a pattern, in the beginning
)

// shares of a pattern's texts that may be poisoned.
var shares = [...]float64{0.1, 0.25, 0.5, 0.75, 0.9, 0.98}

// evidence tells that of the texts that hold a pattern a share is poisoned.
type evidence struct {
	column  int32
	nats    float64 // log-likelihood of their labels with this share, above that by meaning alone
	share   float64 // the likeliest of shares
	holders int     // texts that hold the pattern
}

// weigh gives the patterns with evidence, the strongest first. Of a pattern it is
//
//	max over π of Σ log((π + (1 − π)·h) / h) + Σ log(1 − π)
//
// with the first sum over the texts that hold it and have the label, the second over those that hold it and do not. An honest
// word, however telling, has little: meaning explains the labels of its texts, and some of them have another label.
func (m *mixture) weigh() []evidence {
	gains, holders := make([][len(shares)]float64, m.patterns.Width), make([]int, m.patterns.Width)
	for i, is := range m.inside {
		var gain [len(shares)]float64
		for k, share := range shares {
			if h := m.honest[i] + leastHonest; is {
				gain[k] = math.Log((share + (1-share)*h) / h)
			} else {
				gain[k] = math.Log(1 - share)
			}
		}
		columns, _ := m.patterns.Row(i)
		for _, c := range columns {
			holders[c]++
			for k := range shares {
				gains[c][k] += gain[k]
			}
		}
	}
	var found []evidence
	for c, n := range holders {
		if n < leastHolders || 2*n > len(m.inside) { // what most texts have tells none of them apart
			continue
		}
		best := evidence{column: int32(c), nats: math.Inf(-1), holders: n}
		for k, share := range shares {
			if gains[c][k] > best.nats {
				best.nats, best.share = gains[c][k], share
			}
		}
		if best.nats >= leastEvidence {
			found = append(found, best)
		}
	}
	slices.SortFunc(found, func(a, b evidence) int { return cmp.Or(cmp.Compare(b.nats, a.nats), cmp.Compare(a.column, b.column)) })
	return found
}

// seed gives each text with the label its probability of being poisoned by the pattern that it holds with the largest share.
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
		most := prior
		columns, _ := m.patterns.Row(i)
		for _, c := range columns {
			most = max(most, share[c])
		}
		r[i] = most / (most + (1-most)*(m.honest[i]+leastHonest))
	}
	return r
}
