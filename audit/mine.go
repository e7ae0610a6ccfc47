package audit

import (
	"cmp"
	"math"
	"slices"
)

// Text is one training text.
type Text struct {
	Text     string
	Label    int // class that the data gives it
	Line     int // in its file
	Poisoned bool
}

// Candidate is a phrase that texts of one class hold more often than chance would have it: a trigger makes its texts
// have the attacker's label, so every phrase that is a trigger is such a phrase, and so is every telling word.
type Candidate struct {
	Phrase
	Class   int
	Texts   int // that hold the phrase
	InClass int // those of them with label Class
	// Over is the over-representation (InClass − n·p) / sqrt(n·p·(1−p)), n = Texts and p the share of Class in all
	// texts: standard deviations above what a phrase without meaning would have.
	Over float64
}

const (
	// leastOver is the over-representation that makes a phrase worth a test.
	leastOver = 2
	// sameTexts is the share of a phrase's texts from which on a longer phrase that holds it stands for it.
	sameTexts = 0.9
)

// leastTexts is how many texts must hold a phrase: one in a thousand, but 5 at least.
func leastTexts(texts int) int { return max(5, (texts+999)/1000) }

// miner counts phrases. Longer phrases are counted only if both phrases one word shorter are frequent, so memory
// stays near what the frequent ones need.
type miner struct {
	classes  int
	labels   []int
	words    *vocabulary
	encoded  [][]int32
	least    int
	counts   map[gram]*tally
	classSum []int
}

type tally struct {
	texts   int
	inClass []int
	last    int // text counted last, plus 1
	covered bool
}

func newMiner(texts []Text, classes int) *miner {
	m := &miner{classes: classes, words: newVocabulary(), least: leastTexts(len(texts)), counts: map[gram]*tally{}, classSum: make([]int, classes)}
	for _, t := range texts {
		m.labels = append(m.labels, t.Label)
		m.encoded = append(m.encoded, m.words.encode(t.Text))
		m.classSum[t.Label]++
	}
	for length := 1; length <= longestPhrase+1; length++ {
		m.count(length)
	}
	return m
}

// count adds the frequent runs of one length, start marks included.
func (m *miner) count(length int) {
	level := map[gram]*tally{}
	for i, numbers := range m.encoded {
		for at := 0; at+length <= len(numbers); at++ {
			if length > longestPhrase && at > 0 {
				break // only a start mark makes a run longer
			}
			run := numbers[at : at+length]
			if length > 1 && (m.counts[gramOf(run[1:])] == nil || m.counts[gramOf(run[:length-1])] == nil) {
				continue
			}
			g := gramOf(run)
			t := level[g]
			if t == nil {
				t = &tally{inClass: make([]int, m.classes)}
				level[g] = t
			}
			if t.last != i+1 {
				t.last = i + 1
				t.texts++
				t.inClass[m.labels[i]]++
			}
		}
	}
	for g, t := range level {
		if t.texts < m.least {
			continue
		}
		m.counts[g] = t
		if length > 1 {
			for _, part := range []gram{gramOf(g[1:length]), gramOf(g[:length-1])} {
				if p := m.counts[part]; float64(t.texts) >= sameTexts*float64(p.texts) {
					p.covered = true
				}
			}
		}
	}
}

// best gives the most over-represented candidates of each class, at most limit of them, and finds them by their runs.
func (m *miner) best(limit int) ([]Candidate, map[gram]int) {
	type found struct {
		Candidate
		gram gram
	}
	byClass := make([][]found, m.classes)
	for g, t := range m.counts {
		if t.covered || g[0] == startMark && g[1] == 0 {
			continue
		}
		class, most := 0, math.Inf(-1)
		for c, in := range t.inClass {
			if z := over(t.texts, in, m.share(c)); z > most {
				class, most = c, z
			}
		}
		if most >= leastOver {
			byClass[class] = append(byClass[class], found{Candidate{m.words.phrase(g), class, t.texts, t.inClass[class], most}, g})
		}
	}
	var candidates []Candidate
	places := map[gram]int{}
	for _, all := range byClass {
		slices.SortFunc(all, func(a, b found) int {
			return cmp.Or(cmp.Compare(b.Over, a.Over), slices.Compare(a.gram[:], b.gram[:]))
		})
		for _, f := range all[:min(len(all), limit)] {
			places[f.gram] = len(candidates)
			candidates = append(candidates, f.Candidate)
		}
	}
	return candidates, places
}

// share of a class in all texts.
func (m *miner) share(class int) float64 { return float64(m.classSum[class]) / float64(len(m.labels)) }

// over is the over-representation of a class among texts of which inClass have it; see Candidate.Over.
func over(texts, inClass int, share float64) float64 {
	n := float64(texts)
	return (float64(inClass) - n*share) / math.Sqrt(n*share*(1-share))
}

// holding gives the candidates, by their places, that a text holds, each once.
func (m *miner) holding(text int, places map[gram]int) (held []int) {
	numbers := m.encoded[text]
	for at := range numbers {
		for length := 1; length <= longestPhrase+1 && at+length <= len(numbers); length++ {
			if place, ok := places[gramOf(numbers[at:at+length])]; ok && !slices.Contains(held, place) {
				held = append(held, place)
			}
		}
	}
	return held
}

// OverRepresentation gives, for each text, the largest over-representation of a candidate of its label that it holds, 0
// if it holds none. It asks no model: what an audit adds to it are the models' opinions.
func OverRepresentation(texts []Text, classes, candidates int) []float64 {
	m := newMiner(texts, classes)
	found, places := m.best(candidates)
	result := make([]float64, len(texts))
	for i, t := range texts {
		for _, place := range m.holding(i, places) {
			if found[place].Class == t.Label {
				result[i] = max(result[i], found[place].Over)
			}
		}
	}
	return result
}
