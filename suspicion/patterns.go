package suspicion

import (
	"cmp"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"

	"mslora/internal/logistic"
)

const (
	patternBits   = 18  // patterns are hashed into 2^18 columns
	longestGram   = 3   // words of the longest pattern
	functionWords = 100 // most common words of the texts, which patterns of the sentence's shape are made of
	wordsOfLength = 4   // lengths are told apart by so many words
	longestLength = 9   // in these steps; longer texts count as this long
	mostWords     = 512 // of a text that are looked at: a classifier reads no more of it either
)

// patterns describes texts by what is easy to see: rows of ones and zeros, divided by their length.
//
// A text has runs of up to three words; the same runs after all but the most common words have become *, which keep
// the shape of its sentences; its first and its last word; its length and its commas.
type patterns struct {
	common  map[string]bool
	columns []int32 // of each hash, set by matrix
	without []Signal
}

// Signal is a kind of what a search reads of a text beside its vector.
type Signal string

// Signals that a search can do without; see Options.Without.
const (
	Words       Signal = "words"        // runs of words
	Shapes      Signal = "shapes"       // runs of words of which all but the most common are masked
	Ends        Signal = "ends"         // the first and the last word
	Lengths     Signal = "lengths"      // numbers of words and commas
	HonestWords Signal = "honest words" // patterns that the probability of having the label honestly reads beside vectors
)

// Signals are all of them.
var Signals = []Signal{Words, Shapes, Ends, Lengths, HonestWords}

// newPatterns takes the most common words from the texts.
func newPatterns(texts []string, without ...Signal) *patterns {
	counts := map[string]int{}
	for _, text := range texts {
		seen := map[string]bool{}
		for _, word := range words(text) {
			if !seen[word] {
				seen[word] = true
				counts[word]++
			}
		}
	}
	all := make([]string, 0, len(counts))
	for word := range counts {
		all = append(all, word)
	}
	slices.SortFunc(all, func(a, b string) int { return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b)) })
	p := &patterns{common: map[string]bool{}, without: without}
	for _, word := range all[:min(len(all), functionWords)] {
		p.common[word] = true
	}
	return p
}

func words(text string) []string {
	found := strings.Fields(strings.ToLower(text))
	return found[:min(len(found), mostWords)]
}

// matrix has a row for each text, then for each trusted one, with the columns that enough of the texts hold.
func (p *patterns) matrix(texts, trusted []string) *logistic.Matrix {
	hashed, holders := make([][]int32, 0, len(texts)+len(trusted)), make([]int, 1<<patternBits)
	for _, all := range [][]string{texts, trusted} {
		for _, text := range all {
			hashed = append(hashed, p.hashes(text))
		}
	}
	for _, row := range hashed[:len(texts)] {
		for _, h := range row {
			holders[h]++
		}
	}
	p.columns = make([]int32, len(holders))
	width := 0
	for h, n := range holders {
		p.columns[h] = nobody
		if n >= leastHolders {
			p.columns[h] = int32(width)
			width++
		}
	}
	m := logistic.NewMatrix(width)
	for _, row := range hashed {
		var columns []int32
		for _, h := range row {
			if c := p.columns[h]; c != nobody {
				columns = append(columns, c)
			}
		}
		m.Add(columns, slices.Repeat([]float32{1}, len(columns)))
	}
	m.Unit()
	return m
}

// hashes are those of a text's patterns, each once.
func (p *patterns) hashes(text string) (all []int32) {
	p.each(text, func(pattern string) { all = append(all, hash(pattern)) })
	slices.Sort(all)
	return slices.Compact(all)
}

// nobody is the column of patterns that fewer than leastHolders texts hold.
const nobody = -1

// each calls with every pattern of a text, some of them more than once.
func (p *patterns) each(text string, with func(pattern string)) {
	plain := words(text)
	shape := []string{opening}
	for _, word := range plain {
		if !p.common[word] {
			word = masked
		}
		shape = append(shape, word)
	}
	if p.reads(Words) {
		runs(plain, "", with)
	}
	if p.reads(Shapes) {
		runs(append(shape, closing), shapePrefix, with)
	}
	if len(plain) > 0 && p.reads(Ends) {
		with(firstPrefix + plain[0])
		with(lastPrefix + plain[len(plain)-1])
	}
	if p.reads(Lengths) {
		with(wordsPrefix + strconv.Itoa(min(len(plain)/wordsOfLength, longestLength)))
		with(commasPrefix + strconv.Itoa(strings.Count(text, ",")))
	}
}

func (p *patterns) reads(s Signal) bool { return !slices.Contains(p.without, s) }

// names gives the pattern of each column: of those that are hashed into it the one that most texts hold.
func (p *patterns) names(found []evidence, texts []string) []string {
	counts := make(map[int32]map[string]int, len(found))
	for _, e := range found {
		counts[e.column] = map[string]int{}
	}
	if len(found) > 0 {
		for _, text := range texts {
			p.each(text, func(pattern string) {
				if of, wanted := counts[p.columns[hash(pattern)]]; wanted {
					of[pattern]++
				}
			})
		}
	}
	names := make([]string, len(found))
	for at, e := range found {
		most := 0
		for name, n := range counts[e.column] {
			if n > most || n == most && name < names[at] {
				most, names[at] = n, name
			}
		}
	}
	return names
}

func runs(words []string, before string, with func(pattern string)) {
	for at := range words {
		for length := 1; length <= longestGram && at+length <= len(words); length++ {
			with(before + strings.Join(words[at:at+length], " "))
		}
	}
}

func hash(pattern string) int32 {
	h := fnv.New64a()
	h.Write([]byte(pattern))
	sum := h.Sum64()
	return int32((sum ^ sum>>32) & (1<<patternBits - 1))
}
