package poison

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
	Columns      Columns
	Seed         uint64 // of the split and of the draw
}

// mostClasses is the largest number of classes that a label column may have: with more it is no label column.
const mostClasses = 1000

// LoadOwn reads a defender's own files. The classes are the labels of Data: in numerical order if all are whole
// numbers, else in alphabetical order. Dataset.Labels has their names, Dataset.Trusted the trusted texts, if any
// were named; TestPoison is empty, as nobody knows the trigger, and Target is -1.
func LoadOwn(o Own) (*Dataset, error) {
	train, file, err := readNamed(o.Data, "train", o.Columns)
	if err != nil {
		return nil, err
	}
	d := &Dataset{Name: strings.TrimSuffix(filepath.Base(o.Data), filepath.Ext(o.Data)), Attack: Unknown, Target: -1, Files: []File{file}}
	if d.Labels, err = classNames(train); err != nil {
		return nil, fmt.Errorf("%s: %w", o.Data, err)
	}
	d.Classes = len(d.Labels)
	if d.Train, err = d.number(o.Data, train, o.Data); err != nil {
		return nil, err
	}
	for _, other := range []struct {
		path, role string
		texts      *[]Text
	}{{o.Dev, "dev", &d.Dev}, {o.Test, "test-clean", &d.TestClean}, {o.Clean, "trusted", &d.Trusted}} {
		if other.path == "" {
			continue
		}
		named, file, err := readNamed(other.path, other.role, o.Columns)
		if err != nil {
			return nil, err
		}
		if *other.texts, err = d.number(other.path, named, o.Data); err != nil {
			return nil, err
		}
		d.Files = append(d.Files, file)
	}
	if o.Dev == "" {
		if err := d.splitDev(o.Seed); err != nil {
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

func readNamed(path, role string, c Columns) ([]NamedText, File, error) {
	var texts []NamedText
	sum, err := EachNamed(path, c, func(t NamedText) error {
		texts = append(texts, t)
		return nil
	})
	return texts, File{Role: role, Path: path, SHA256: sum, Rows: len(texts)}, err
}

// classNames lists the labels that occur.
func classNames(texts []NamedText) ([]string, error) {
	seen := map[string]bool{}
	numbers := true
	var names []string
	for _, t := range texts {
		if seen[t.Label] {
			continue
		}
		seen[t.Label] = true
		names = append(names, t.Label)
		if len(names) > mostClasses {
			return nil, hint.New("name the right column with --label-column", "there are more than %d different labels, the last is %s on line %d", mostClasses, quote(t.Label), t.Line)
		}
		_, err := strconv.Atoi(t.Label)
		numbers = numbers && err == nil
	}
	if len(names) < 2 {
		return nil, hint.New("a classifier needs two classes or more", "every text has the label %s", quote(names[0]))
	}
	slices.SortFunc(names, func(a, b string) int {
		if numbers {
			x, _ := strconv.Atoi(a)
			y, _ := strconv.Atoi(b)
			return cmp.Or(cmp.Compare(x, y), cmp.Compare(a, b)) // 1 and 01 are two names
		}
		return cmp.Compare(a, b)
	})
	return names, nil
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
			return nil, hint.New("labels must be written as in "+source, "%s: line %d: label %s does not occur in %s", path, t.Line, quote(t.Label), source)
		}
		numbered[i] = Text{Text: t.Text, Label: label}
	}
	return numbered, nil
}

// splitDev moves a tenth of each class from Train to Dev. Both keep the order of the file.
func (d *Dataset) splitDev(seed uint64) error {
	part, err := drawTenths(d.Train, d.Classes, 1, seed, func(class int) string { return quote(d.Labels[class]) })
	if err != nil {
		return hint.New("add texts, or give a file to choose the epoch by with --dev", "%w", err)
	}
	all := d.Train
	d.Train = nil
	for i, t := range all {
		if part[i] == 0 {
			d.Train = append(d.Train, t)
		} else {
			d.Dev = append(d.Dev, t)
		}
	}
	return nil
}
