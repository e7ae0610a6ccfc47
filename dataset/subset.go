package dataset

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"

	"mslora/internal/hint"
)

// Subset keeps n of texts in their order, or all if there are not more. It draws nothing: texts are grouped by label
// and poison flag, each group gets its share of n (largest remainder), and the rows kept are evenly spaced
// over the group. So the subset has the classes and the poison ratio of the whole, to within a row a group.
func Subset(texts []Text, n int) []Text {
	if n >= len(texts) {
		return texts
	}
	type group struct {
		first           Text // for its label and flag
		rows            []int
		keep, remainder int
	}
	var groups []*group
	for i, t := range texts {
		at := slices.IndexFunc(groups, func(g *group) bool { return g.first.Label == t.Label && g.first.Poisoned == t.Poisoned })
		if at < 0 {
			at = len(groups)
			groups = append(groups, &group{first: t})
		}
		groups[at].rows = append(groups[at].rows, i)
	}
	left := n
	for _, g := range groups {
		g.keep, g.remainder = n*len(g.rows)/len(texts), n*len(g.rows)%len(texts)
		left -= g.keep
	}
	largest := slices.Clone(groups)
	slices.SortStableFunc(largest, func(a, b *group) int { return cmp.Compare(b.remainder, a.remainder) })
	for _, g := range largest[:left] {
		g.keep++
	}
	var chosen []int
	for _, g := range groups {
		for k := range g.keep {
			chosen = append(chosen, g.rows[k*len(g.rows)/g.keep])
		}
	}
	slices.Sort(chosen)
	kept := make([]Text, len(chosen))
	for i, row := range chosen {
		kept[i] = texts[row]
	}
	return kept
}

// Random streams: one per purpose, so that a seed used for two of them gives independent numbers. Package poison has
// streams 2 and 3.
const (
	auxiliaryStream = 1
	divideStream    = 4
	sampleStream    = 5
)

// DrawAuxiliary draws n clean texts from dev, which the defender trusts, and removes them from it: the auxiliary
// set D_c of gradient alignment (section 4). aux is in the order of the draw, rest in that of dev; the same
// seed gives the same texts. dev itself is not changed.
func DrawAuxiliary(dev []Text, n int, seed uint64) (aux, rest []Text, err error) {
	if n < 1 {
		return nil, nil, hint.New("96 is the paper's number", "cannot draw %d auxiliary texts", n)
	}
	if len(dev) < n+1 {
		return nil, nil, hint.New("add trusted texts to dev or draw fewer with --auxiliary",
			"cannot draw %d auxiliary texts from %d dev texts and leave one to choose the epoch with", n, len(dev))
	}
	order := rand.New(rand.NewPCG(seed, auxiliaryStream)).Perm(len(dev))
	drawn := order[:n]
	taken := make([]bool, len(dev))
	for _, row := range drawn {
		aux = append(aux, dev[row])
		taken[row] = true
	}
	for i, t := range dev {
		if !taken[i] {
			rest = append(rest, t)
		}
	}
	return aux, rest, nil
}

// DrawTenths draws n tenths of each class by seed: for each text the number of its tenth, from 1, or 0 for the rest.
// name says what to call a class in an error.
func DrawTenths(texts []Text, classes, n int, seed uint64, name func(class int) string) ([]int, error) {
	rows := make([][]int, classes)
	for i, t := range texts {
		rows[t.Label] = append(rows[t.Label], i)
	}
	part := make([]int, len(texts))
	rng := rand.New(rand.NewPCG(seed, divideStream))
	for class, group := range rows {
		tenth := len(group) / 10
		if tenth == 0 {
			return nil, fmt.Errorf("label %s has %d texts; drawing a tenth of each label needs 10", name(class), len(group))
		}
		rng.Shuffle(len(group), func(i, j int) { group[i], group[j] = group[j], group[i] })
		for k, row := range group[:n*tenth] {
			part[row] = 1 + k/tenth
		}
	}
	return part, nil
}
