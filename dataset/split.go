package dataset

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"mslora/internal/hint"
	"mslora/internal/regular"
)

// extensions that data files may have, in the order in which they are looked for.
var extensions = []string{".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".txt", ".parquet"}

// Split is one data file in memory.
type Split struct {
	File
	Texts     []Text
	Lines     []int // where each text starts in the file, from 1
	Unflagged int   // rows of a poisoned file that have no flag
	// Labels names the classes; nil where the file numbers them.
	Labels []string

	// While a file is read, labels are places in written, the labels as they occur first, at the lines of first.
	written []string
	first   []int
	places  map[string]int
}

// Flags says which poison flags a file may have, and whether its rows may be blank.
type Flags int

const (
	AnyFlags      Flags = iota // blank poisoned rows are skipped, and counted in File.Skipped
	AllClean                   // a flagged row is an error
	AllPoisoned                // a file's name says that its rows are poisoned, whatever their flags
	TrustedFlags               // AllClean, of the file that the defender trusts
	KeepBlank                  // AllPoisoned, with blank rows, so that rows stay in step with another file
	Paraphrased                // KeepBlank, of which labels may be missing: those rows have NoLabel
	NotYetFlagged              // AllClean, of texts to poison
)

// ReadSplit reads the rows of path, in file order. Its labels are numbers, or names of labels if these are given. A row that cannot be
// used, or that allowed forbids, is an error that names the file and the line; a missing file is fs.ErrNotExist, a pipe or device
// regular.ErrKind.
func ReadSplit(path, role string, allowed Flags, c Reading, labels []string) (*Split, error) {
	s, err := readSplit(regularSource(path), role, allowed, c)
	if err != nil {
		return nil, err
	}
	if labels == nil {
		err = s.numbered()
	} else {
		err = s.name(labels)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// ReadTraining is ReadSplit of the file that says what classes there are. If its labels are no numbers from 0 they are names, also the
// numbers from 1: Split.Labels has them, in the order of LoadOwn's.
func ReadTraining(path, role string, allowed Flags, c Reading) (*Split, error) {
	s, err := readSplit(regularSource(path), role, allowed, c)
	if err != nil {
		return nil, err
	}
	if !s.fromOne() {
		err := s.severalLabels()
		if err == nil {
			err = s.numbered()
		}
		if err == nil {
			return s, nil
		}
		if !s.names() {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	found := classNames{}
	for i, t := range s.Texts {
		if err := found.add(NamedText{Label: s.written[t.Label]}); err != nil {
			return nil, fmt.Errorf("%s: %w", path, atLine(s.Lines[i], err))
		}
	}
	labels, err := found.sorted()
	if err == nil {
		err = s.name(labels)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	s.Classes, s.Warnings = labels, alike(labels)
	return s, nil
}

// readSplit reads a source; the label of a text is a place in s.written.
func readSplit(src source, role string, allowed Flags, c Reading) (*Split, error) {
	keepsStep := allowed == KeepBlank || allowed == Paraphrased // with another file
	c.SkipEmpty, c.SkipBad = c.SkipEmpty && !keepsStep, c.SkipBad && !keepsStep
	s := &Split{places: map[string]int{}}
	blank := 0
	var err error
	s.File, err = eachRow(src, c, wanted{label: true, optional: allowed == Paraphrased, flag: true}, func(t NamedText) error {
		err := s.add(t, allowed, &blank)
		if err != nil {
			err = BadRow(err)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(s.Texts) == 0 {
		return nil, hint.New("the file needs at least one text below its header", "%s: no rows", src.path)
	}
	s.Role, s.Rows, s.Skipped = role, len(s.Texts), blank
	return s, nil
}

// numbered turns labels into the numbers that they are.
func (s *Split) numbered() error {
	numbers := make([]int, len(s.written))
	for place, text := range s.written {
		var err error
		if numbers[place], err = parseLabel(text); err != nil {
			return atLine(s.first[place], err)
		}
	}
	s.renumber(numbers)
	return nil
}

// fromOne tells whether labels are the numbers from 1 on, each of them.
func (s *Split) fromOne() bool {
	for number := range s.written {
		if !slices.Contains(s.written, strconv.Itoa(number+1)) {
			return false
		}
	}
	return true
}

// severalLabels is the error of a file that has several labels in a row.
func (s *Split) severalLabels() error {
	counts := map[string]int{}
	for _, t := range s.Texts {
		counts[s.written[t.Label]]++
	}
	return severalLabels(s.written, counts)
}

// names tells whether labels are names: none of them is a number, or all are whole numbers, of which some are negative. One that is
// no number among others that are is a slip.
func (s *Split) names() bool {
	numbers, whole := 0, 0
	for _, text := range s.written {
		if _, err := parseLabel(text); err == nil {
			numbers++
		}
		if _, err := strconv.Atoi(text); err == nil {
			whole++
		}
	}
	return numbers == 0 || whole == len(s.written)
}

// name turns labels into their places in labels.
func (s *Split) name(labels []string) error {
	numbers := make([]int, len(s.written))
	for place, text := range s.written {
		if numbers[place] = slices.Index(labels, text); numbers[place] < 0 {
			return atLine(s.first[place], hint.New("labels are "+strings.Join(labels, ", ")+", as in the training texts",
				"label %s does not occur in the training texts", hint.Quote(text)))
		}
	}
	s.renumber(numbers)
	s.Labels = labels
	return nil
}

func (s *Split) renumber(numbers []int) {
	for i, t := range s.Texts {
		if t.Label != NoLabel {
			s.Texts[i].Label = numbers[t.Label]
		}
	}
	s.written, s.first, s.places = nil, nil, nil
}

// add appends a row. A blank text is an error, unless the row is poisoned: the authors' paraphrasers answered
// some texts with nothing, and their code means to leave those out, so they are skipped and counted in blank.
func (s *Split) add(t NamedText, allowed Flags, blank *int) error {
	blankKept := allowed == KeepBlank || allowed == Paraphrased
	poisoned := t.Poisoned || allowed == AllPoisoned || blankKept
	switch {
	case t.Poisoned && allowed == AllClean:
		return hint.New("move the row to the poisoned file or remove the flag", "a row of a clean file is flagged as poisoned")
	case t.Poisoned && allowed == TrustedFlags:
		return hint.New("dev texts are the ones to trust: remove the row", "a dev row is flagged as poisoned")
	case t.Poisoned && allowed == NotYetFlagged:
		return hint.New("give clean texts", "a row to be poisoned is flagged as poisoned already")
	case strings.TrimSpace(t.Text) == "" && blankKept:
	case strings.TrimSpace(t.Text) == "" && poisoned:
		*blank++
		return nil
	case strings.TrimSpace(t.Text) == "":
		return hint.New("remove the row or write its text; --skip-empty leaves out such rows", "the text is empty")
	}
	if poisoned && !t.Poisoned {
		s.Unflagged++
	}
	s.Texts = append(s.Texts, Text{Text: t.Text, Label: s.place(t), Poisoned: poisoned})
	s.Lines = append(s.Lines, t.Line)
	return nil
}

// place gives the place of a row's label among those that occur.
func (s *Split) place(t NamedText) int {
	if t.Label == "" {
		return NoLabel
	}
	place, ok := s.places[t.Label]
	if !ok {
		place = len(s.written)
		s.places[t.Label] = place
		s.written, s.first = append(s.written, t.Label), append(s.first, t.Line)
	}
	return place
}

// CheckClasses refuses labels outside 0..classes-1.
func (s *Split) CheckClasses(classes int) error {
	for i, t := range s.Texts {
		if t.Label >= classes {
			return hint.New("labels are numbered from 0; the number of classes is that of the training texts unless it is given",
				"%s: line %d: label %d is out of range, expected 0 to %d", s.Path, s.Lines[i], t.Label, classes-1)
		}
	}
	return nil
}

// CountClasses gives the largest label + 1 and insists that each class below it occurs: a gap means that the
// labels are numbered from 1, or that one of them is not a label.
func (s *Split) CountClasses() (int, error) {
	largest, seen := 0, map[int]bool{}
	for i, t := range s.Texts {
		seen[t.Label] = true
		if t.Label > s.Texts[largest].Label {
			largest = i
		}
	}
	classes := s.Texts[largest].Label + 1
	for label := range classes {
		if !seen[label] {
			return 0, hint.New(numberClasses, "%s: line %d has label %d, but no text has label %d", s.Path, s.Lines[largest], classes-1, label)
		}
	}
	if classes < 2 {
		return 0, hint.New("a classifier needs two classes or more", "%s: every text has label 0", s.Path)
	}
	return classes, nil
}

// regularSource is a file that somebody else named: no pipe or device.
func regularSource(path string) source {
	return newSource(path, func() (io.ReadCloser, error) {
		file, err := regular.Open(path)
		if err != nil {
			return nil, missingFile(path, err)
		}
		return file, nil
	})
}

// missingFile puts the error of an absent file in the words of this package.
func missingFile(path string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: %w", path, fs.ErrNotExist)
	}
	return err
}

// ReadTexts reads all rows of one data file, whatever their flags.
func ReadTexts(path string) ([]Text, error) {
	s, err := ReadSplit(path, "texts", AnyFlags, Reading{}, nil)
	if err != nil {
		return nil, err
	}
	return s.Texts, nil
}
