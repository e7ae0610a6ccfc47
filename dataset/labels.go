package dataset

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"mslora/internal/hint"
	"mslora/internal/regular"
)

// nothings are words that programs write where there is nothing.
var nothings = []string{"nan", "null", "none", "na", "n/a", "#n/a", "<na>"}

// isNothing tells whether a value is a word that programs write where there is nothing. It may be a word all the same.
func isNothing(text string) bool {
	return len(text) <= 4 && slices.Contains(nothings, strings.ToLower(strings.TrimSpace(text)))
}

var floatClass = regexp.MustCompile(`^-?[0-9]+\.0+$`)

// checkLabel settles what a row's label is: spaces around it go, 1.0 is 1, names are put for numbers on request.
func (f *Format) checkLabel(label string, w wanted) (string, error) {
	label = strings.TrimSpace(label)
	if floatClass.MatchString(label) {
		label = label[:strings.IndexByte(label, '.')]
	}
	switch {
	case label == "" && w.label && !w.optional:
		return "", hint.New("remove the row or write its label", "the label is empty")
	case f.numbers && isNothing(label):
		return "", hint.New("remove the row or write its label; --skip-bad leaves out such rows", "the label is missing: it is %s among numbers", label)
	case f.labelNames == nil || label == "":
		return label, nil
	}
	name, ok := f.labelNames[label]
	if !ok {
		return "", hint.New("add it to the file of --label-names", "label %s has no name", hint.Quote(label))
	}
	return name, nil
}

// numericLabels tells whether the labels of the sample are numbers, but for words that stand for nothing.
func numericLabels(values column) bool {
	numbers := 0
	for _, value := range values {
		switch {
		case isNumber(value):
			numbers++
		case !isNothing(value) && strings.TrimSpace(value) != "":
			return false
		}
	}
	return numbers > 0
}

// largestNames is how many bytes a file of label names may have.
const largestNames = 1 << 20

// ReadLabelNames reads a file of names for labels, for Reading.LabelNames: lines with a label and its name, a comma or a tab between
// them; names alone, which are numbered from 0; or a JSON object or array of the same.
func ReadLabelNames(path string) (string, error) {
	data, err := regular.Read(path, largestNames)
	if err != nil {
		return "", missingFile(path, err)
	}
	names, err := parseLabelNames(data)
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	return names, nil
}

func parseLabelNames(data []byte) (string, error) {
	const shape = "a label and its name on each line, 0,negative, or names alone, numbered from 0"
	var pairs [][2]string
	var array []string
	var object map[string]string
	decoder := json.NewDecoder(bytes.NewReader(data))
	switch text := strings.TrimSpace(string(data)); {
	case CheckText(text) != nil:
		return "", CheckText(text)
	case text == "":
		return "", hint.New(shape, "the file is empty")
	case text[0] == '[':
		if err := decoder.Decode(&array); err != nil {
			return "", hint.New(shape+`, or ["negative", "positive"]`, "not an array of names: %w", err)
		}
	case text[0] == '{':
		if err := decoder.Decode(&object); err != nil {
			return "", hint.New(shape+`, or {"0": "negative"}`, "not an object of names: %w", err)
		}
	default:
		array = nonBlank(text)
	}
	for label, name := range object {
		pairs = append(pairs, [2]string{label, name})
	}
	paired := !slices.ContainsFunc(array, func(line string) bool { return !strings.ContainsAny(line, ",\t") })
	for number, line := range array {
		label, name := strconv.Itoa(number), line
		if paired && object == nil {
			at := strings.IndexAny(line, ",\t")
			label, name = line[:at], line[at+1:]
		}
		pairs = append(pairs, [2]string{label, name})
	}
	seen := map[string]bool{}
	var lines []string
	for _, pair := range pairs {
		label, name := strings.TrimSpace(pair[0]), strings.Trim(strings.TrimSpace(pair[1]), `"`)
		if label == "" || name == "" || seen[label] || strings.ContainsAny(label+name, "\t\n") {
			return "", hint.New(shape, "label %s with the name %s: one is empty or there twice", hint.Quote(label), hint.Quote(name))
		}
		seen[label] = true
		lines = append(lines, label+"\t"+name)
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n"), nil
}

// namesOf reads Reading.LabelNames; nil if there are none.
func namesOf(labelNames string) map[string]string {
	if labelNames == "" {
		return nil
	}
	names := map[string]string{}
	for _, line := range strings.Split(labelNames, "\n") {
		label, name, _ := strings.Cut(line, "\t")
		names[label] = name
	}
	return names
}

// suspicious tells of labels that are no classes: ids, scores, several labels in one. counts are the rows of each label.
func suspicious(names []string, counts map[string]int, rows int) error {
	if err := severalLabels(names, counts); err != nil {
		return err
	}
	if len(names) < 20 {
		return nil
	}
	fractions := 0
	for _, name := range names {
		if _, err := strconv.ParseFloat(name, 64); err == nil && strings.Contains(name, ".") {
			fractions++
		}
	}
	switch {
	case fractions*2 > len(names):
		return hint.New("name the column of classes with --label-column, or make classes of the scores, for example negative below 0.5",
			"the labels are numbers such as %s, %d different ones in %d rows: scores, not classes", names[0], len(names), rows)
	case len(names)*2 > rows:
		return hint.New("is it the label column? name the right one with --label-column",
			"there are %d different labels in %d rows, such as %s and %s: an id, not a class", len(names), rows, hint.Quote(names[0]), hint.Quote(names[1]))
	}
	return nil
}

// severalLabels tells of labels that are made of other labels: "0,1" where 0 and 1 are labels.
func severalLabels(names []string, counts map[string]int) error {
	made, rows, example := 0, 0, ""
	for _, name := range names {
		for _, separator := range []string{",", ";", "|"} {
			pieces := strings.Split(name, separator)
			if len(pieces) > 1 && !slices.ContainsFunc(pieces, func(piece string) bool { return counts[strings.TrimSpace(piece)] == 0 }) {
				made, rows = made+1, rows+counts[name]
				if example == "" {
					example = name
				}
			}
		}
	}
	if made == 0 {
		return nil
	}
	return hint.New("a classifier gives a text one label: keep one a row, or train a classifier for each label with yes and no",
		"%d rows have several labels, such as %s: this is a multi-label file", rows, hint.Quote(example))
}

// alike warns of labels that differ only in capitals or spaces.
func alike(names []string) (warnings []string) {
	first := map[string]string{}
	for _, name := range names {
		key := strings.ToLower(strings.Join(strings.Fields(name), " "))
		if other, ok := first[key]; ok {
			warnings = append(warnings, fmt.Sprintf("labels %s and %s differ only in capitals or spaces, and are two classes", hint.Quote(other), hint.Quote(name)))
			continue
		}
		first[key] = name
	}
	return warnings
}

// contradictions warns of texts that are there with different labels.
func contradictions(texts []NamedText) []string {
	first := make(map[string]int32, len(texts)) // places, which need less memory than rows
	count, example := 0, ""
	for i, t := range texts {
		key := collapsed(t.Text)
		place, ok := first[key]
		switch {
		case !ok:
			first[key] = int32(i)
		case texts[place].Label != t.Label:
			if count++; count == 1 {
				other := texts[place]
				example = fmt.Sprintf("lines %d (%s) and %d (%s)", other.Line, hint.Quote(other.Label), t.Line, hint.Quote(t.Label))
			}
		}
	}
	if count == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%d rows repeat a text with another label, for example %s", count, example)}
}
