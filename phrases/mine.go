package phrases

import (
	"cmp"
	"math"
	"slices"
)

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

// LeastOver is the over-representation that makes a phrase worth a look.
const LeastOver = 2

const (
	// sameTexts is the share of a phrase's texts from which on a longer phrase that holds it stands for it.
	sameTexts = 0.9
)

// leastTexts is how many texts must hold a phrase: one in a thousand, but 5 at least.
func leastTexts(texts int) int { return max(5, (texts+999)/1000) }

// Index holds the phrases of texts and how often they occur. Longer phrases are counted only if both phrases one word shorter are frequent, so memory
// stays near what the frequent ones need.
type Index struct {
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

// New counts the phrases of texts with these labels, 0 to classes − 1.
func New(texts []string, labels []int, classes int) *Index {
	m := &Index{classes: classes, labels: labels, words: newVocabulary(), least: leastTexts(len(texts)), counts: map[gram]*tally{}, classSum: make([]int, classes)}
	for i, text := range texts {
		m.encoded = append(m.encoded, m.words.encode(text))
		m.classSum[labels[i]]++
	}
	for length := 1; length <= longestPhrase+1; length++ {
		m.count(length)
	}
	return m
}

// count adds the frequent runs of one length, start marks included.
func (m *Index) count(length int) {
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

// Found are the candidates of an index.
type Found struct {
	Candidates []Candidate
	index      *Index
	places     map[gram]int
}

// Best gives the most over-represented candidates of each class, at most limit of them.
func (m *Index) Best(limit int) Found {
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
			if z := Over(t.texts, in, m.Share(c)); z > most {
				class, most = c, z
			}
		}
		if most >= LeastOver {
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
	return Found{candidates, m, places}
}

// Share of a class in all texts.
func (m *Index) Share(class int) float64 { return float64(m.classSum[class]) / float64(len(m.labels)) }

// Over is the over-representation of a class among texts of which inClass have it; see Candidate.Over.
func Over(texts, inClass int, share float64) float64 {
	n := float64(texts)
	return (float64(inClass) - n*share) / math.Sqrt(n*share*(1-share))
}

// Holding gives the candidates, by their places, that a text of the index holds, each once.
func (f Found) Holding(text int) (held []int) {
	numbers := f.index.encoded[text]
	for at := range numbers {
		for length := 1; length <= longestPhrase+1 && at+length <= len(numbers); length++ {
			if place, ok := f.places[gramOf(numbers[at:at+length])]; ok && !slices.Contains(held, place) {
				held = append(held, place)
			}
		}
	}
	return held
}

// OverRepresentation gives, for each text, the largest over-representation of a candidate of its label that it holds, 0
// if it holds none.
func OverRepresentation(texts []string, labels []int, classes, candidates int) []float64 {
	found := New(texts, labels, classes).Best(candidates)
	result := make([]float64, len(texts))
	for i, label := range labels {
		for _, place := range found.Holding(i) {
			if c := found.Candidates[place]; c.Class == label {
				result[i] = max(result[i], c.Over)
			}
		}
	}
	return result
}
