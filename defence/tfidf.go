package defence

import (
	"cmp"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
)

// word is what counts as one: two letters, digits or underscores at least, as scikit-learn's TfidfVectorizer has it.
var word = regexp.MustCompile(`[\p{L}\p{N}_]{2,}`)

// ranked are the words of texts.
type ranked struct {
	rows       [][]string // of each text, those with the highest tf-idf first, equal ones in the order of the alphabet
	vocabulary []string   // of all texts, in the order of the alphabet
}

// rankWords sorts the words of each text by
//
//	tf(w, x) (1 + ln((1 + n) / (1 + df(w)))),
//
// how often x has w, times a measure of how few of the n texts have it (scikit-learn's smooth idf). Words are in lower case.
func rankWords(texts []string) ranked {
	counts, having := make([]map[string]int, len(texts)), map[string]int{}
	for i, text := range texts {
		counts[i] = map[string]int{}
		for _, w := range word.FindAllString(strings.ToLower(text), -1) {
			if counts[i][w]++; counts[i][w] == 1 {
				having[w]++
			}
		}
	}
	r := ranked{rows: make([][]string, len(texts)), vocabulary: slices.Sorted(maps.Keys(having))}
	for i, count := range counts {
		weight := func(w string) float64 {
			return float64(count[w]) * (1 + math.Log(float64(1+len(texts))/float64(1+having[w])))
		}
		r.rows[i] = slices.Collect(maps.Keys(count))
		slices.SortFunc(r.rows[i], func(a, b string) int { return cmp.Or(cmp.Compare(weight(b), weight(a)), strings.Compare(a, b)) })
	}
	return r
}

// at gives the i-th word of a row, and behind its end the words of the vocabulary that it lacks.
func (r ranked) at(row []string, i int) string {
	if i < len(row) {
		return row[i]
	}
	i -= len(row)
	for _, w := range r.vocabulary {
		if slices.Contains(row, w) {
			continue
		}
		if i == 0 {
			return w
		}
		i--
	}
	return row[i%len(row)]
}
