package suspicion

import (
	"math"

	"gonum.org/v1/gonum/mathext"

	"mslora/internal/logistic"
)

// Label is what was found among the texts with one label.
type Label struct {
	Attacked bool
	// Poisoned is the estimated number of poisoned texts, Low and High are about two standard errors around it. What is
	// suspected of trusted texts, wrongly, is taken off. Without trusted texts nothing is, and the bounds allow for it.
	Poisoned, Low, High float64
	Gain                float64   // nats by which poison explains who has the label better than meaning and honest words do, out of fold
	Expected            float64   // the sum of the probabilities that its texts are poisoned, of which Poisoned is made
	Share, TrustedShare float64   // mean of the probabilities of being poisoned by patterns alone, of its texts and of the trusted ones
	Chance              float64   // probability of so small a TrustedShare if patterns were as frequent among trusted texts
	Vouched             bool      // its trusted texts are enough to show an attack by what they lack
	Patterns            []Pattern // what speaks for it, the strongest first
}

// Pattern is something easy to see that texts of a label have in common.
type Pattern struct {
	Name  string  // words, or "shape: " and words with * for all but the most common ones, or "first: " or "last: " and a word; see [InWords]
	Nats  float64 // by which it explains labels better than meaning and the patterns before it do
	Share float64 // of its texts that may be poisoned
	Texts int     // that hold it, of any label
}

// sign of an attack: bounds of gain and chance, in nats and as a probability, and of the gain for each expected text.
type sign struct{ gain, density, chance float64 }

// signs of an attack, one of which suffices. A gain is dense if poison explains its suspects by many nats each; telling honest words explain
// many texts by a little. Or trusted texts lack what the label's texts have in common, beyond chance. Where they have it as often as the others it is
// no poison, however dense: one agency's news with the label "world", whatever they are about.
var signs = [...]sign{
	{gain: 45, density: 0.6, chance: mostChance},
	{gain: 45, density: 0.38, chance: 0.2},
	{gain: 25, density: 0.2, chance: 0.02},
	{gain: 5, density: 0, chance: 0.001},
}

// mostChance is the largest of their bounds. Trusted texts so few that chance would be above it even if none of them showed the patterns tell nothing.
const mostChance = 0.5

// alone is the sign of an attack on a label of which no text is trusted, or too few: what honest words explain is seen nowhere else then.
var alone = [...]sign{{gain: 100, density: 0.38, chance: 1}, {gain: 45, density: 0.5, chance: 1}}

// attacked tells whether a label shows one of the signs. Without a pattern there is nothing to show for it.
func (l Label) attacked() bool {
	if len(l.Patterns) == 0 {
		return false
	}
	of := signs[:]
	if !l.Vouched {
		of = alone[:]
	}
	for _, s := range of {
		if l.Gain >= s.gain && l.Gain >= s.density*l.Expected && l.Chance <= s.chance {
			return true
		}
	}
	return false
}

// wrongAlone is the standard error of the share that is suspected wrongly, where no trusted text tells it: what drawn sets had.
const wrongAlone = 0.1

// label sums up a mixture, but for its patterns and what follows from them.
func (m *mixture) label() Label {
	n, t := count(m.inside), count(m.trusted)
	l, variance := Label{Gain: m.gain}, 0.
	for i, r := range m.posteriors() {
		if m.inside[i] {
			l.Expected += r
			l.Share += logistic.Probability(m.poisoned[i]) / n
			variance += r * (1 - r)
		}
	}
	for k, is := range m.trusted {
		if is {
			l.TrustedShare += logistic.Probability(m.at.poisoned(m.patternOdds[len(m.inside)+k])) / t
		}
	}
	l.Chance = 1
	if t > 0 && l.Share > 0 && l.Share < 1 && l.TrustedShare < 1 {
		x := l.TrustedShare * t
		l.Chance = mathext.RegIncBeta(t-x, x+1, 1-l.Share) // P(X ≤ x) of a binomial X, between its steps too
		l.Vouched = math.Pow(1-l.Share, t) <= mostChance
	}
	if t > 0 {
		smooth := (l.TrustedShare*t + 0.5) / (t + 1)
		variance += n * n * smooth * (1 - smooth) / (t + 1)
	} else {
		variance += math.Pow(wrongAlone*l.Expected, 2)
	}
	l.Poisoned = max(0, (l.Expected-l.TrustedShare*n)/max(0.1, 1-l.TrustedShare))
	within := 2 * math.Sqrt(variance)
	l.Low, l.High = max(0, l.Poisoned-within), min(n, l.Poisoned+within)
	return l
}
