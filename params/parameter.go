package params

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"mslora/internal/hint"
)

// Kind is the type of a hyperparameter.
type Kind int

const (
	Integer Kind = iota // int
	Number              // float64
	Word                // string
	Numbers             // []float64: one value is a whole vector
)

// Parameter is one row of the table.
type Parameter struct {
	Name string // in YAML and JSON: learning_rate
	Flag string // on the command line, without dashes: lr
	Kind Kind
	// Min and Max bound a number, or each number of a vector, both included; with Above, Min itself is out. Not-a-number and
	// infinite values are never in range.
	Min, Max float64
	Above    bool
	Words    []string // what a Word may be; nil: whoever reads it knows
	Default  any      // the value of the paper's code for BERT-base; an int, float64, string or []float64
	Help     string
	// Unwritten is the value that configurations and results do not name: what the program did before the row existed. Cells
	// with it keep the ID and the folder that they had. Set it in each row that is added. nil: every value is written.
	Unwritten any
	// Parts are the parts of methods that have it, one of them is enough: see the constants of this package. A method
	// without any of them does not have the hyperparameter.
	Parts []string
}

// Parts of methods.
const (
	Training   = "training"    // every method
	LoRA       = "LoRA"        // low-rank adaptation of query and value
	MultiScale = "multi-scale" // multiple radial scalings
	Adapters   = "adapters"
	Prefixes   = "prefixes"
	Alignment  = "alignment" // of gradients, by whatever rule
	// Purification drops texts that look poisoned before training.
	Purification = "purification"
	// Purifiers from elsewhere: docs/defences.md.
	ZDef     = "Z-Def"
	Spectral = "spectral signatures"
	SEEP     = "SEEP"
	ABL      = "ABL"
	CUBE     = "CUBE"
	BKI      = "BKI"
	// Product of experts: a fixed one beside the model while it is trained.
	Product = "product of experts"
	// ONION, STRIP and RAP look at texts at prediction.
	ONION = "ONION"
	STRIP = "STRIP"
	RAP   = "RAP"
)

// AlignmentBy is the part that a method has beside Alignment when it aligns by a rule.
func AlignmentBy(rule string) string { return Alignment + " " + rule }

// longestVector is the number of values that a vector may have.
const longestVector = 1024

// Find gives the row of a name.
func Find(name string) (Parameter, bool) {
	if at := slices.IndexFunc(Table, func(p Parameter) bool { return p.Name == name }); at >= 0 {
		return Table[at], true
	}
	return Parameter{}, false
}

// In tells whether a method with these parts has the hyperparameter.
func (p Parameter) In(parts []string) bool {
	return slices.ContainsFunc(p.Parts, func(part string) bool { return slices.Contains(parts, part) })
}

// Parse reads one value as it stands on a command line: a vector has commas between its numbers. The value is in range.
func (p Parameter) Parse(text string) (any, error) {
	text = strings.TrimSpace(text)
	var value any
	var err error
	switch p.Kind {
	case Integer:
		value, err = strconv.Atoi(text)
	case Number:
		value, err = strconv.ParseFloat(text, 64)
	case Word:
		value = text
	case Numbers:
		var vector []float64
		for item := range strings.SplitSeq(text, ",") {
			number, itemErr := strconv.ParseFloat(strings.TrimSpace(item), 64)
			if itemErr != nil {
				err = itemErr
			}
			vector = append(vector, number)
		}
		value = vector
	}
	if err != nil {
		return nil, p.refuse(hint.Quote(text))
	}
	return value, p.Check(value)
}

// ParseAll reads the values of an axis: with commas between them, or, of vectors, semicolons.
func (p Parameter) ParseAll(text string) ([]any, error) {
	separator := ","
	if p.Kind == Numbers {
		separator = ";"
	}
	var values []any
	for piece := range strings.SplitSeq(text, separator) {
		value, err := p.Parse(piece)
		if err != nil {
			return nil, err
		}
		values = append(values, value)
	}
	return values, nil
}

// Check refuses a value of another type or out of range.
func (p Parameter) Check(value any) error {
	ok := false
	switch v := value.(type) {
	case int:
		ok = p.Kind == Integer && p.inRange(float64(v))
	case float64:
		ok = p.Kind == Number && p.inRange(v)
	case string:
		ok = p.Kind == Word && v != "" && (p.Words == nil || slices.Contains(p.Words, v))
	case []float64:
		ok = p.Kind == Numbers && len(v) > 0 && len(v) <= longestVector
		for _, number := range v {
			ok = ok && p.inRange(number)
		}
	}
	if ok {
		return nil
	}
	if word, is := value.(string); is {
		return p.refuse(hint.Quote(word))
	}
	return p.refuse(fmt.Sprint(value))
}

func (p Parameter) inRange(v float64) bool {
	return !math.IsInf(v, 0) && v <= p.Max && (v > p.Min || v == p.Min && !p.Above) // all false for not-a-number
}

func (p Parameter) refuse(value string) error {
	return hint.New("give "+p.Range(), "%s is %s", p.Name, value)
}

// Range says in words which values are allowed, such as "a number above 0, at most 1".
func (p Parameter) Range() string {
	switch {
	case p.Kind == Word && p.Words == nil:
		return "a name"
	case p.Kind == Word:
		return strings.Join(p.Words, " or ")
	}
	kind := map[Kind]string{Integer: "a whole number", Number: "a number", Numbers: "numbers"}[p.Kind]
	if p.Above {
		return fmt.Sprintf("%s above %s, at most %s", kind, bound(p.Min), bound(p.Max))
	}
	return fmt.Sprintf("%s from %s to %s", kind, bound(p.Min), bound(p.Max))
}

// bound writes whole numbers without an exponent as long as people read them so.
func bound(v float64) string {
	if v == math.Trunc(v) && v <= 1e9 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return Format(v)
}

// Format writes a value as Parse reads it.
func Format(value any) string {
	if vector, ok := value.([]float64); ok {
		words := make([]string, len(vector))
		for i, number := range vector {
			words[i] = Format(number)
		}
		return strings.Join(words, ",")
	}
	if number, ok := value.(float64); ok {
		return strconv.FormatFloat(number, 'g', -1, 64)
	}
	return fmt.Sprint(value)
}

// List joins names as a sentence does: a, b or c.
func List(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}
