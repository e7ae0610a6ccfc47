package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"mslora/internal/visible"
)

// Lengths, in characters, at which data is cut, so that one long text does not bury the rest.
const (
	textLimit = 600
	nameLimit = 60
)

// shown makes text of unknown origin visible, in one line.
func shown(text string) string { return strings.TrimSpace(visible.Line(text)) }

// split divides text after limit characters and shows the first part. Only what is shown is looked
// at closely: a text may be very long.
func split(text string, limit int) (head string, rest int) {
	count := 0
	for i := range text {
		if count == limit {
			return shown(text[:i]), utf8.RuneCountInString(text[i:])
		}
		count++
	}
	return shown(text), 0
}

// prose shows a text or a value.
func prose(text string) string {
	head, rest := split(text, textLimit)
	if rest == 0 {
		return head
	}
	return fmt.Sprintf("%s… (%s)", head, plural(rest, "more character", "more characters"))
}

// name shows a class, file or setting.
func name(text string) string {
	head, rest := split(text, nameLimit)
	switch {
	case rest > 0:
		return head + "…"
	case head == "":
		return "(no name)"
	}
	return head
}

// title names the classifier.
func title(text string) string {
	if shown(text) == "" {
		return "Classifier without a name"
	}
	return name(text)
}

// grouped writes 1821 as 1,821.
func grouped(n int) string {
	digits := strconv.Itoa(n)
	start := 0
	if n < 0 {
		start = 1
	}
	for i := len(digits) - 3; i > start; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// decimals writes a number with two decimals, – if it is none.
func decimals(x float64) string {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return "–"
	}
	return strconv.FormatFloat(x, 'f', 2, 64)
}

// probability writes a share as percent, – if it is none.
func probability(p float64) string {
	if !(p >= 0 && p <= 1) {
		return "–"
	}
	return decimals(100 * p)
}

// loss writes a loss with four decimals; NaN and infinities keep their names, for they tell what went wrong.
func loss(x float64) string {
	switch {
	case math.IsNaN(x):
		return "NaN"
	case math.Abs(x) >= 1e6:
		return strconv.FormatFloat(x, 'g', 5, 64)
	}
	return strconv.FormatFloat(x, 'f', 4, 64)
}

// plural counts things.
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return grouped(n) + " " + many
}
