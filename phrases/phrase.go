package phrases

import (
	"slices"
	"strings"
	"unicode"
)

// longestPhrase is the largest number of words in a phrase.
const longestPhrase = 5

// Phrase is a run of words. Words stand between white space and are compared without regard to case and to the
// punctuation around them; a mark that stands alone is a word.
type Phrase struct {
	Words []string // as they are written where they occur first
	Start bool     // only at the start of a text
}

// String shows the phrase; an ellipsis stands for the rest of a text that it must start.
func (p Phrase) String() string {
	text := strings.Join(p.Words, " ")
	if p.Start {
		return text + " …"
	}
	return text
}

// SharesWord tells whether a word of the phrase is in the other one, too, in the same letters.
func (p Phrase) SharesWord(other Phrase) bool {
	return slices.ContainsFunc(p.Words, func(word string) bool { return slices.Contains(other.Words, word) })
}

// Insert puts the phrase between two words of text: place, from 0 to 1, says where, from before the first word to after
// the last. A phrase that starts texts goes before the first word.
func (p Phrase) Insert(text string, place float64) string {
	words := strings.Fields(text)
	at := min(len(words), int(place*float64(len(words)+1)))
	if p.Start {
		at = 0
	}
	all := append(append(append([]string{}, words[:at]...), p.Words...), words[at:]...)
	return strings.Join(all, " ")
}

// bare removes the punctuation around a word, unless nothing else is there. An apostrophe in front stays: where texts
// were split into tokens, 's is a word.
func bare(word string) string {
	mark := func(r rune) bool { return unicode.IsPunct(r) || unicode.IsSymbol(r) }
	trimmed := strings.TrimLeftFunc(strings.TrimRightFunc(word, mark), func(r rune) bool { return r != '\'' && mark(r) })
	if trimmed == "" {
		return word
	}
	return trimmed
}

// startMark is the number of the start of a text, which counts as a word before the first; 0 is no word.
const startMark = 1

// vocabulary numbers words.
type vocabulary struct {
	numbers map[string]int32 // by word, in lower case
	written []string         // by number
}

func newVocabulary() *vocabulary {
	return &vocabulary{numbers: map[string]int32{}, written: []string{"", ""}}
}

// encode gives startMark and the numbers of a text's words.
func (v *vocabulary) encode(text string) []int32 {
	numbers := []int32{startMark}
	for _, word := range strings.Fields(text) {
		word = bare(word)
		key := strings.ToLower(word)
		number, ok := v.numbers[key]
		if !ok {
			number = int32(len(v.written))
			v.numbers[strings.Clone(key)] = number
			v.written = append(v.written, strings.Clone(word))
		}
		numbers = append(numbers, number)
	}
	return numbers
}

// gram is a run of word numbers, perhaps with startMark first; unused places are 0.
type gram [longestPhrase + 1]int32

func gramOf(numbers []int32) (g gram) {
	copy(g[:], numbers)
	return g
}

func (g gram) length() int {
	n := 0
	for n < len(g) && g[n] != 0 {
		n++
	}
	return n
}

func (v *vocabulary) phrase(g gram) (p Phrase) {
	for _, number := range g[:g.length()] {
		if number == startMark {
			p.Start = true
		} else {
			p.Words = append(p.Words, v.written[number])
		}
	}
	return p
}
