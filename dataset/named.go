package dataset

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"mslora/internal/hint"
)

// Columns names the columns, or JSON keys, of a user's own file. Other columns are ignored.
type Columns struct {
	Text  string
	Label string // "" if labels are not wanted
	Flag  string // of poison flags; "" if nobody knows them
}

// NamedText is a text whose label is the name of a class.
type NamedText struct {
	Text, Label string
	Poisoned    bool // what the column of poison flags says
	Line        int  // where it starts in its file, from 1
}

// EachNamed streams the rows of a .csv, .tsv or .jsonl file in file order, or the lines of a .txt file as texts
// without labels, and gives the SHA-256 of the file. Only one row is in memory at a time. A row that cannot be used,
// and an error of each, is an error that names the file and the line.
func EachNamed(path string, c Columns, each func(NamedText) error) (sum string, err error) {
	file, err := os.Open(path)
	if err != nil {
		return "", missingFile(path, err)
	}
	defer file.Close()
	if info, err := file.Stat(); err == nil && info.IsDir() {
		return "", hint.New("name a .csv, .tsv or .jsonl file, for example "+filepath.Join(path, "train.csv"), "%s is a folder", path)
	}
	hash := sha256.New()
	rows := 0
	err = eachNamed(io.TeeReader(file, hash), strings.ToLower(filepath.Ext(path)), c, func(t NamedText) error {
		rows++
		return each(t)
	})
	if err == nil && rows == 0 {
		err = hint.New("the file needs at least one text below its header", "no rows")
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

func eachNamed(r io.Reader, extension string, c Columns, each func(NamedText) error) error {
	checked := func(t NamedText) error {
		if err := CheckText(t.Text); err != nil {
			return err
		}
		if err := CheckText(t.Label); err != nil {
			return err
		}
		t.Label = strings.TrimSpace(t.Label)
		switch {
		case strings.TrimSpace(t.Text) == "":
			return hint.New("remove the row or write its text", "the text is empty")
		case c.Label != "" && t.Label == "":
			return hint.New("remove the row or write its label", "the label is empty")
		}
		return each(t)
	}
	switch extension {
	case ".csv":
		return namedTable(r, ',', c, checked)
	case ".tsv":
		return namedTable(r, '\t', c, checked)
	case ".jsonl":
		return eachLine(r, func(line int, data []byte) error {
			if len(strings.TrimSpace(string(data))) == 0 {
				return nil
			}
			t, err := namedObject(data, c)
			if err != nil {
				return err
			}
			t.Line = line
			return checked(t)
		}, hint.New("write one object a line", "the file is empty"))
	case ".txt":
		if c.Label != "" {
			return hint.New("give a .csv, .tsv or .jsonl file", "a .txt file has no labels")
		}
		return EachLine(r, each)
	}
	return hint.New("data files are .csv, .tsv or .jsonl", "unknown kind of file")
}

// EachLine streams the lines of r as texts without labels; blank lines are skipped.
func EachLine(r io.Reader, each func(NamedText) error) error {
	return eachLine(r, func(line int, data []byte) error {
		text := strings.TrimSuffix(string(data), "\r")
		if strings.TrimSpace(text) == "" {
			return nil
		}
		if err := CheckText(text); err != nil {
			return err
		}
		return each(NamedText{Text: text, Line: line})
	}, hint.New("write one text a line", "there is no text"))
}

func namedTable(r io.Reader, comma rune, c Columns, each func(NamedText) error) error {
	text, label, flag := -1, -1, -1
	return readRecords(r, comma, func(header []string) error {
		names := make([]string, len(header))
		for i, name := range header {
			names[i] = strings.TrimSpace(name)
		}
		for _, column := range []struct {
			at   *int
			name string
		}{{&text, c.Text}, {&label, c.Label}, {&flag, c.Flag}} {
			if column.name == "" {
				continue
			}
			if *column.at = slices.Index(names, column.name); *column.at < 0 {
				return hint.New("name it with --text-column or --label-column; the file's first line names its columns",
					"there is no column %s, the file has %s", hint.Quote(column.name), hint.Quote(strings.Join(names, ", ")))
			}
			if slices.Contains(names[*column.at+1:], column.name) {
				return hint.New("rename one of them", "column %s is there twice", hint.Quote(column.name))
			}
		}
		return nil
	}, func(line int, record []string) error {
		t := NamedText{Text: strings.Clone(record[text]), Line: line} // the record's memory holds the other columns too
		if label >= 0 {
			t.Label = strings.Clone(record[label])
		}
		if flag >= 0 {
			var err error
			if t.Poisoned, err = parseFlag(record[flag]); err != nil {
				return err
			}
		}
		return each(t)
	})
}

// namedObject reads one JSON object; a label may be a string, a number or a truth value.
func namedObject(data []byte, c Columns) (t NamedText, err error) {
	if !utf8.Valid(data) { // encoding/json would put a replacement character there
		return t, CheckText(string(data))
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(data, &object); err != nil {
		return t, hint.New(fmt.Sprintf(`write one object a line: {%q: "…", %q: "…"}`, c.Text, c.Label), "not a JSON object: %w", err)
	}
	raw, ok := object[c.Text]
	if !ok {
		return t, hint.New("name it with --text-column", "there is no key %s", hint.Quote(c.Text))
	}
	if err := json.Unmarshal(raw, &t.Text); err != nil || string(raw) == "null" {
		return t, hint.New("write the text in double quotes", "%s is %s, expected a text", c.Text, hint.Quote(string(raw)))
	}
	if c.Label != "" {
		if t.Label, err = scalar(object, c.Label, "--label-column"); err != nil {
			return t, err
		}
	}
	if c.Flag != "" {
		text, err := scalar(object, c.Flag, "--score-column")
		if err != nil {
			return t, err
		}
		if t.Poisoned, err = parseFlag(text); err != nil {
			return t, err
		}
	}
	return t, nil
}

// scalar gives the text, number or truth value of a key, as text.
func scalar(object map[string]json.RawMessage, key, flag string) (text string, err error) {
	raw, ok := object[key]
	if !ok {
		return "", hint.New("name it with "+flag, "there is no key %s", hint.Quote(key))
	}
	switch {
	case raw[0] == '"':
		return text, json.Unmarshal(raw, &text)
	case raw[0] == '{' || raw[0] == '[' || string(raw) == "null":
		return "", hint.New("a label is a text, a number, true or false; a poison flag too", "%s is %s", key, hint.Quote(string(raw)))
	}
	return string(raw), nil
}
