package dataset

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"mslora/internal/hint"
)

// NamedText is a text whose label is the name of a class.
type NamedText struct {
	Text, Label string
	Poisoned    bool // what the column of poison flags says
	Line        int  // where it starts in its file, from 1; the number of its row in files without lines
	// Bad says why the row cannot be used; such rows are given only with Reading.All.
	Bad error
}

// EachNamed streams the rows of a data file in file order: what [Reading] says of it is taken, the rest found out. Only one row is
// in memory at a time. Rows that cannot be used are counted, and are one error that names the file and the first three; with
// SkipBad they are left out. An error of each stops the reading, unless it is a [BadRow].
func EachNamed(path string, c Reading, each func(NamedText) error) (File, error) {
	s, remove, err := openAny(path)
	if err != nil {
		return File{Path: path}, err
	}
	defer remove()
	if !c.All {
		each = refuseBlank(each)
	}
	return eachRow(s, c, wanted{label: !c.Unlabelled}, each)
}

func refuseBlank(each func(NamedText) error) func(NamedText) error {
	return func(t NamedText) error {
		if strings.TrimSpace(t.Text) == "" {
			return BadRow(hint.New("remove the row or write its text; --skip-empty leaves out such rows", "the text is empty"))
		}
		return each(t)
	}
}

// eachRow reads a file in the format that is found.
func eachRow(s source, c Reading, w wanted, each func(NamedText) error) (File, error) {
	file := File{Path: s.path}
	opened, err := s.open()
	if err != nil {
		return file, err
	}
	opened.Close()
	f, err := sniff(s, c, w)
	if err != nil {
		return file, fmt.Errorf("%s: %w", s.path, err)
	}
	if f.guessed {
		file.Understood = f.String()
	}
	var bad faults
	var stopped error // each does not want to go on
	give := func(line int, t NamedText, wrong error) error {
		if wrong == nil {
			wrong = f.check(&t, w)
		}
		if isNothing(t.Text) {
			file.Nothing++
		}
		if t.Bad = wrong; c.All {
			wrong = nil
		}
		switch {
		case wrong != nil:
		case c.SkipEmpty && !c.All && strings.TrimSpace(t.Text) == "":
			file.Empty++
			c.Rejected.add(s.path, line, "the text is empty", t)
			return nil
		default:
			wrong = each(t)
			var row rowError
			if wrong != nil && !errors.As(wrong, &row) {
				stopped = f.at(line, wrong)
				return stopped
			}
		}
		switch {
		case wrong == nil:
			file.Rows++
		case c.SkipBad:
			if file.Bad++; file.Bad <= mostShown {
				file.LeftOut = append(file.LeftOut, f.at(line, wrong).Error())
			}
			c.Rejected.add(s.path, line, wrong.Error(), t)
		default:
			bad.add(f.at(line, wrong))
		}
		return nil
	}
	hash := sha256.New()
	if f.kind == parquetFile {
		err = f.parquetRows(s, hash, give)
	} else {
		err = s.read(hash, func(r io.Reader) error {
			decoded, err := decoding(r, f.encoding)
			if err != nil {
				return err
			}
			return f.rows(decoded, give)
		})
	}
	switch {
	case stopped != nil:
		return file, fmt.Errorf("%s: %w", s.path, stopped)
	case err != nil:
		bad.add(err)
	case file.Rows+bad.count == 0 && file.Empty+file.Bad > 0:
		bad.add(hint.New("without --skip-empty and --skip-bad the first are shown", "none of the %d rows can be used", file.Empty+file.Bad))
	case file.Rows+bad.count == 0:
		bad.add(hint.New("the file needs at least one text below its header", "no rows"))
	}
	if err := bad.err(); err != nil {
		return file, fmt.Errorf("%s: %w", s.path, f.explain(err))
	}
	file.SHA256 = hex.EncodeToString(hash.Sum(nil))
	return file, nil
}

// check refuses what cannot be used of a row, whatever the command.
func (f *Format) check(t *NamedText, w wanted) (err error) {
	if err = CheckText(t.Text); err == nil {
		err = CheckText(t.Label)
	}
	if err == nil {
		t.Label, err = f.checkLabel(t.Label, w)
	}
	return err
}

// explain adds to the hint of an error how the file was understood, where that was guessed.
func (f *Format) explain(err error) error {
	var hinted *hint.Error
	if !f.guessed || !errors.As(err, &hinted) {
		return err
	}
	return &hint.Error{Err: err, Hint: hinted.Hint + "; read as " + f.String()}
}

// EachLine streams all lines of r as texts without labels, blank ones too. What is wrong with a line is in its Bad.
func EachLine(r io.Reader, each func(NamedText) error) error {
	f := &Format{kind: texts, all: true}
	return f.rows(skipBOM(r), func(line int, t NamedText, wrong error) error {
		if t.Bad = wrong; wrong == nil {
			t.Bad = CheckText(t.Text)
		}
		if err := each(t); err != nil {
			return atLine(line, err)
		}
		return nil
	})
}
