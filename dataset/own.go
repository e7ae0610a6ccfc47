package dataset

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"mslora/internal/hint"
)

// Own says where a defender's own texts are. Nothing is known of triggers.
type Own struct {
	Data  string // texts to train on, perhaps poisoned
	Dev   string // texts that choose the epoch; "": a tenth of each class of Data
	Test  string // texts to score the model on; "": none
	Clean string // trusted texts that gradients are aligned to
	// CleanFromDev draws that many trusted texts from Dev instead, and removes them from it.
	CleanFromDev int
	// Limit keeps that many rows of Data, a Sample stratified by label, so that a file of any length needs little memory; 0: all.
	Limit   int
	Reading Reading
	Seed    uint64 // of the split and of the draws
}

// mostClasses is the largest number of classes that a label column may have: with more it is no label column.
const mostClasses = 1000

// LoadOwn reads a defender's own files. The classes are the labels of Data: in numerical order if all are whole
// numbers, else in alphabetical order. Dataset.Labels has their names, Dataset.Trusted the trusted texts, if any
// were named; TestPoison is empty, as nobody knows the trigger, and Target is -1.
func LoadOwn(o Own) (*Dataset, error) {
	var classes classNames
	train, file, err := readNamed(o.Data, "train", o.Reading, NewSample[NamedText](o.Limit, o.Seed), classes.add)
	if err != nil {
		return nil, err
	}
	d := &Dataset{Name: strings.TrimSuffix(filepath.Base(o.Data), filepath.Ext(o.Data)), Attack: Unknown, Target: -1, Files: []File{file}}
	if d.Labels, err = classes.sorted(); err != nil {
		return nil, fmt.Errorf("%s: %w", o.Data, err)
	}
	d.Classes = len(d.Labels)
	d.Files[0].Warnings = append(alike(d.Labels), contradictions(train)...)
	if d.Train, err = d.number(o.Data, train, o.Data); err != nil {
		return nil, err
	}
	for _, t := range train {
		d.Lines = append(d.Lines, t.Line)
	}
	if err := d.everyClass(classes.rows); err != nil {
		return nil, fmt.Errorf("%s: %w", o.Data, err)
	}
	training := listed{"training", o.Data, train}
	trusted, dev, test := listed{what: "trusted", path: o.Clean}, listed{what: "dev", path: o.Dev}, listed{what: "test", path: o.Test}
	for _, other := range []struct {
		path, role, flag string
		texts            *[]Text
		rows             *[]NamedText
	}{{o.Clean, "trusted", "--clean", &d.Trusted, &trusted.texts}, {o.Dev, "dev", "--dev", &d.Dev, &dev.texts}, {o.Test, "test-clean", "--test", &d.TestClean, &test.texts}} {
		if other.path == "" {
			continue
		}
		named, file, err := readNamed(other.path, other.role, o.Reading, NewSample[NamedText](0, 0), func(NamedText) error { return nil })
		if err != nil {
			return nil, err
		}
		if err := sameFile(d.Files[0], file, other.flag); err != nil {
			return nil, err
		}
		if *other.texts, err = d.number(other.path, named, o.Data); err != nil {
			return nil, err
		}
		*other.rows = named
		switch other.role {
		case "trusted":
			file.Warnings = trusted.doubts(training)
		case "dev":
			if file.Warnings = dev.alsoIn(trusted, knownBefore); o.CleanFromDev > 0 {
				file.Warnings = append(dev.twice(), dev.alsoIn(training, noSecondOpinion)...)
			}
		default:
			file.Warnings = append(test.alsoIn(training, knownBefore), test.alsoIn(trusted, knownBefore)...)
		}
		d.Files = append(d.Files, file)
	}
	if o.Dev == "" {
		if err := d.splitDev(o, classes.rows); err != nil {
			return nil, fmt.Errorf("%s: %w", o.Data, err)
		}
	}
	if o.CleanFromDev > 0 {
		if d.Trusted, d.Dev, err = DrawAuxiliary(d.Dev, o.CleanFromDev, o.Seed); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// readNamed offers all rows of a file to a sample and gives what it kept; check sees each row first.
func readNamed(path, role string, c Reading, sample *Sample[NamedText], check func(NamedText) error) ([]NamedText, File, error) {
	file, err := EachNamed(path, c, func(t NamedText) error {
		if err := check(t); err != nil {
			return err
		}
		sample.Add(t.Label, t)
		return nil
	})
	file.Role = role
	return sample.Rows(), file, err
}

// classNames collects the labels that occur.
type classNames struct {
	names []string
	rows  map[string]int // of each label
	words bool           // one of them is no whole number
}

func (c *classNames) add(t NamedText) error {
	if c.rows[t.Label] > 0 {
		c.rows[t.Label]++
		return nil
	}
	if len(c.names) == mostClasses {
		return hint.New("name the right column with --label-column: with so many labels it is an id or a score",
			"there are more than %d different labels, the last is %s", mostClasses, hint.Quote(t.Label))
	}
	if c.rows == nil {
		c.rows = map[string]int{}
	}
	c.rows[t.Label]++
	c.names = append(c.names, t.Label)
	_, err := strconv.Atoi(t.Label)
	c.words = c.words || err != nil
	return nil
}

func (c *classNames) sorted() ([]string, error) {
	if len(c.names) < 2 {
		return nil, hint.New("a classifier needs two classes or more", "every text has the label %s", hint.Quote(c.names[0]))
	}
	rows := 0
	for _, n := range c.rows {
		rows += n
	}
	if err := suspicious(c.names, c.rows, rows); err != nil {
		return nil, err
	}
	slices.SortFunc(c.names, func(a, b string) int {
		if c.words {
			return cmp.Compare(a, b)
		}
		x, _ := strconv.Atoi(a)
		y, _ := strconv.Atoi(b)
		return cmp.Or(cmp.Compare(x, y), cmp.Compare(a, b)) // 1 and 01 are two names
	})
	return c.names, nil
}

// everyClass makes sure that a sample of the texts has lost none of the classes. rows are those of each label in the file.
func (d *Dataset) everyClass(rows map[string]int) error {
	drawn := make([]int, d.Classes)
	for _, t := range d.Train {
		drawn[t.Label]++
	}
	if class := slices.Index(drawn, 0); class >= 0 {
		return hint.New(fmt.Sprintf("raise --limit: the file has %d of that label", rows[d.Labels[class]]),
			"none of the %d texts that --limit drew has the label %s", len(d.Train), hint.Quote(d.Labels[class]))
	}
	return nil
}

// number turns class names into numbers. source is the file that the names are from.
func (d *Dataset) number(path string, texts []NamedText, source string) ([]Text, error) {
	numbers := map[string]int{}
	for i, name := range d.Labels {
		numbers[name] = i
	}
	numbered := make([]Text, len(texts))
	for i, t := range texts {
		label, ok := numbers[t.Label]
		if !ok {
			return nil, hint.New("labels must be written as in "+source, "%s: line %d: label %s does not occur in %s", path, t.Line, hint.Quote(t.Label), source)
		}
		numbered[i] = Text{Text: t.Text, Label: label}
	}
	return numbered, nil
}

// splitDev moves a tenth of each class from Train to Dev. Both keep the order of the file.
func (d *Dataset) splitDev(o Own, rows map[string]int) error {
	part, err := DrawTenths(d.Train, d.Classes, 1, o.Seed, func(class int) string { return hint.Quote(d.Labels[class]) })
	if err != nil && o.Limit > 0 && len(d.Train) == o.Limit {
		return d.raiseLimit(rows, err)
	}
	if err != nil {
		return hint.New("add texts, or give a file to choose the epoch by with --dev", "%w", err)
	}
	all, lines := d.Train, d.Lines
	d.Train, d.Lines, d.DevOfTrain = nil, nil, true
	var ofDev []int
	for i, t := range all {
		if part[i] == 0 {
			d.Train, d.Lines = append(d.Train, t), append(d.Lines, lines[i])
		} else {
			d.Dev, ofDev = append(d.Dev, t), append(ofDev, lines[i])
		}
	}
	d.Lines = append(d.Lines, ofDev...)
	return nil
}

// raiseLimit is the error of a draw that has too few texts of a label for dev, though the file may have enough.
func (d *Dataset) raiseLimit(rows map[string]int, err error) error {
	drawn, total := make([]int, d.Classes), 0
	for _, t := range d.Train {
		drawn[t.Label]++
	}
	for _, n := range rows {
		total += n
	}
	rare := slices.Index(drawn, slices.Min(drawn))
	inFile := rows[d.Labels[rare]]
	if inFile < 10 {
		return hint.New("add texts, or give a file to choose the epoch by with --dev", "%w", err)
	}
	return hint.New(fmt.Sprintf("raise --limit, to %d or more, or give a file to choose the epoch by with --dev", min(total, (10*total+inFile-1)/inFile)),
		"label %s has %d of the %d texts that --limit drew, and %d of the file's; drawing a tenth of each label needs 10",
		hint.Quote(d.Labels[rare]), drawn[rare], len(d.Train), inFile)
}
