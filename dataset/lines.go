package dataset

import (
	"io"
	"strings"

	"mslora/internal/hint"
)

// lineRows gives the rows of a file with a text, and perhaps a label, on each line. Blank lines are rows without text, unless
// labels are told from texts.
func (f *Format) lineRows(r io.Reader, give func(int, NamedText, error) error) error {
	lines := 0
	err := eachLine(r, func(line int, data []byte) error {
		text := strings.TrimSuffix(string(data), "\r")
		if strings.TrimSpace(text) == "" && !f.all {
			return nil
		}
		lines++
		t := NamedText{Text: text, Line: line}
		if f.kind != texts {
			var ok bool
			if t.Text, t.Label, ok = labelled(f.kind, text); !ok {
				return give(line, t, hint.New("every line of the file needs a label of this form", "the line has no label as in %s", f.kind))
			}
		}
		return give(line, t, nil)
	})
	if err == nil && lines == 0 {
		err = hint.New("write one text a line", "there is no text")
	}
	return err
}

// labelled parts a line into text and label.
func labelled(k kind, line string) (text, label string, ok bool) {
	switch k {
	case atLabel:
		if at := strings.LastIndexByte(line, '@'); at > 0 {
			return line[:at], line[at+1:], true
		}
	case wordLabel:
		label, text, ok = strings.Cut(strings.TrimLeft(line, " "), " ")
		return text, label, ok
	case fastText:
		label, text, ok = strings.Cut(line, " ")
		label, marked := strings.CutPrefix(label, fastTextPrefix)
		return text, label, ok && marked
	}
	return line, "", false
}

const fastTextPrefix = "__label__"
