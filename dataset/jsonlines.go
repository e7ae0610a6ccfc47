package dataset

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"mslora/internal/hint"
)

// jsonRow is one line of a JSONL file. Pointers tell a missing value from a zero one; other keys are ignored.
type jsonRow struct {
	Text     *string   `json:"text"`
	Label    *float64  `json:"label"`
	Poisoned *jsonFlag `json:"poisoned"`
}

// jsonFlag is true, false, 1 or 0.
type jsonFlag bool

func (f *jsonFlag) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		return hint.New("write true or false, or 1 or 0, without quotes", "poison flag %s is a text", data)
	}
	value, err := parseFlag(string(data))
	*f = jsonFlag(value)
	return err
}

// readJSONLines reads one object a line, {"text": …, "label": …, "poisoned": …}; blank lines are skipped. labelled is
// as for readTable.
func readJSONLines(r io.Reader, labelled bool, add addRow) error {
	return eachLine(r, func(line int, data []byte) error {
		if len(bytes.TrimSpace(data)) == 0 {
			return nil
		}
		t, err := parseJSONLine(data, labelled)
		if err != nil {
			return err
		}
		return add(line, t)
	}, hint.New(`write one object a line: {"text": "…", "label": 0}`, "the file is empty"))
}

// eachLine reads a file line by line; empty is the error of a file without a line.
func eachLine(r io.Reader, each func(line int, data []byte) error, empty error) error {
	scanner := bufio.NewScanner(skipBOM(r))
	scanner.Buffer(nil, LongestRow)
	line := 0
	for scanner.Scan() {
		line++
		if err := each(line, scanner.Bytes()); err != nil {
			return fmt.Errorf("line %d: %w", line, err)
		}
	}
	switch {
	case errors.Is(scanner.Err(), bufio.ErrTooLong):
		return hint.New("put each row on a line of its own", "line %d is longer than %d bytes", line+1, LongestRow)
	case line == 0 && scanner.Err() == nil:
		return empty
	}
	return scanner.Err()
}

func parseJSONLine(data []byte, labelled bool) (t Text, err error) {
	const shape = `write one object a line: {"text": "…", "label": 0}`
	if !utf8.Valid(data) { // encoding/json would put a replacement character there
		return t, hint.New("save the file as UTF-8, for example with iconv -f latin1 -t utf-8", "the text is not valid UTF-8")
	}
	var row jsonRow
	if err := json.Unmarshal(data, &row); err != nil {
		var hinted *hint.Error
		var kind *json.UnmarshalTypeError
		switch {
		case errors.As(err, &hinted):
			return t, err
		case errors.As(err, &kind) && kind.Field != "":
			return t, hint.New(shape, "%s is a %s, expected a %s", kind.Field, kind.Value, map[bool]string{true: "text", false: "number"}[kind.Field == "text"])
		case errors.As(err, &kind):
			return t, hint.New(shape, "expected an object, found a %s", kind.Value)
		}
		return t, hint.New(shape, "not JSON: %w", err)
	}
	switch {
	case row.Text == nil:
		return t, hint.New(shape, "text is missing")
	case row.Label == nil && labelled:
		return t, hint.New(shape, "label is missing")
	}
	if err = CheckText(*row.Text); err != nil {
		return t, err
	}
	t.Text = *row.Text
	t.Poisoned = row.Poisoned != nil && bool(*row.Poisoned)
	if t.Label = NoLabel; row.Label != nil {
		t.Label, err = wholeLabel(*row.Label)
	}
	return t, err
}
