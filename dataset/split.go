package dataset

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"

	"mslora/internal/hint"
	"mslora/internal/regular"
)

// extensions that data files may have, in the order in which they are looked for.
var extensions = []string{".csv", ".tsv", ".jsonl"}

// Split is one data file in memory.
type Split struct {
	File
	Texts     []Text
	Lines     []int // where each text starts in the file, from 1
	Unflagged int   // rows of a poisoned file that have no flag
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

// ReadSplit reads the rows of path, in file order. A row that cannot be used, or that allowed forbids, is an error that
// names the file and the line; a missing file is fs.ErrNotExist, a
// pipe or device regular.ErrKind.
func ReadSplit(path, role string, allowed Flags) (*Split, error) {
	file, err := regular.Open(path)
	if err != nil {
		return nil, missingFile(path, err)
	}
	defer file.Close()
	s := &Split{File: File{Role: role, Path: path}}
	hash := sha256.New()
	if err := s.read(io.TeeReader(file, hash), allowed); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(s.Texts) == 0 {
		return nil, hint.New("the file needs at least one text below its header", "%s: no rows", path)
	}
	s.SHA256, s.Rows = hex.EncodeToString(hash.Sum(nil)), len(s.Texts)
	return s, nil
}

func (s *Split) read(r io.Reader, allowed Flags) error {
	labelled := allowed != Paraphrased
	add := func(line int, t Text) error { return s.add(line, t, allowed) }
	switch strings.ToLower(filepath.Ext(s.Path)) {
	case ".csv":
		return readTable(r, ',', labelled, add)
	case ".tsv":
		return readTable(r, '\t', labelled, add)
	case ".jsonl":
		return readJSONLines(bufio.NewReader(r), labelled, add)
	}
	return hint.New("data files are .csv, .tsv or .jsonl", "unknown kind of file")
}

// add appends a row. A blank text is an error, unless the row is poisoned: the authors' paraphrasers answered
// some texts with nothing, and their code means to leave those out, so they are skipped and counted.
func (s *Split) add(line int, t Text, allowed Flags) error {
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
		s.Skipped++
		return nil
	case strings.TrimSpace(t.Text) == "":
		return hint.New("remove the row or write its text", "the text is empty")
	}
	if poisoned && !t.Poisoned {
		s.Unflagged++
	}
	t.Poisoned = poisoned
	s.Texts = append(s.Texts, t)
	s.Lines = append(s.Lines, line)
	return nil
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

// missingFile puts the error of an absent file in the words of this package.
func missingFile(path string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: %w", path, fs.ErrNotExist)
	}
	return err
}

// ReadTexts reads all rows of one data file, whatever their flags.
func ReadTexts(path string) ([]Text, error) {
	s, err := ReadSplit(path, "texts", AnyFlags)
	if err != nil {
		return nil, err
	}
	return s.Texts, nil
}
