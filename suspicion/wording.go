package suspicion

import (
	"fmt"
	"strconv"
	"strings"
)

// What patterns begin with, but for runs of words.
const (
	shapePrefix  = "shape: "
	firstPrefix  = "first: "
	lastPrefix   = "last: "
	wordsPrefix  = "words: "
	commasPrefix = "commas: "

	masked  = "*" // a word that is none of the most common ones
	opening = "^" // stands before the first word
	closing = "$" // stands after the last word
)

// InWords says a pattern's name for people: as what texts have in common. Words of texts are quoted. No pattern has no words.
func InWords(pattern string) string {
	if pattern == "" {
		return ""
	}
	if shape, is := strings.CutPrefix(pattern, shapePrefix); is {
		return shapeInWords(strings.Fields(shape))
	}
	if word, is := strings.CutPrefix(pattern, firstPrefix); is {
		return named(word) + " as the first word"
	}
	if word, is := strings.CutPrefix(pattern, lastPrefix); is {
		return named(word) + " as the last word"
	}
	if number, is := numberAfter(pattern, wordsPrefix); is {
		switch from := number * wordsOfLength; number {
		case 0:
			return fmt.Sprintf("fewer than %d words", wordsOfLength)
		case longestLength:
			return fmt.Sprintf("%d words or more", from)
		default:
			return fmt.Sprintf("%d to %d words", from, from+wordsOfLength-1)
		}
	}
	if number, is := numberAfter(pattern, commasPrefix); is {
		switch number {
		case 0:
			return "no comma"
		case 1:
			return "one comma"
		}
		return fmt.Sprintf("%d commas", number)
	}
	return strconv.Quote(pattern)
}

func numberAfter(pattern, prefix string) (number int, is bool) {
	text, is := strings.CutPrefix(pattern, prefix)
	if !is {
		return 0, false
	}
	number, err := strconv.Atoi(text)
	return number, err == nil
}

func shapeInWords(shape []string) string {
	begins, ends := len(shape) > 0 && shape[0] == opening, len(shape) > 0 && shape[len(shape)-1] == closing
	if begins {
		shape = shape[1:]
	}
	if ends {
		shape = shape[:len(shape)-1]
	}
	rare := len(shape) == 1 && shape[0] == masked
	switch {
	case len(shape) == 0: // every text has some
		return "words"
	case rare && begins && !ends:
		return "no common word at the beginning"
	case rare && ends && !begins:
		return "no common word at the end, nor a full stop by itself"
	}
	said := make([]string, len(shape))
	for i, word := range shape {
		if said[i] = named(word); word == masked {
			said[i] = "a rarer word"
		}
	}
	text := strings.Join(said, ", then ")
	switch {
	case begins && ends:
		return text + " and nothing else"
	case begins:
		return text + " at the beginning"
	case ends:
		return text + " at the end"
	}
	return text
}

// named quotes a word; marks that stand by themselves have names.
func named(word string) string {
	switch word {
	case ",":
		return "a comma"
	case ".":
		return "a full stop"
	}
	return strconv.Quote(word)
}
