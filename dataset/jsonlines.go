package dataset

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"mslora/internal/hint"
)

// jsonRows reads one object a line; blank lines are skipped.
func (f *Format) jsonRows(r io.Reader, give func(int, NamedText, error) error) error {
	lines := 0
	err := eachLine(r, func(line int, data []byte) error {
		lines++
		if len(bytes.TrimSpace(data)) == 0 {
			return nil
		}
		t, err := f.object(data)
		if err != nil {
			t.Text = string(data)
		}
		t.Line = line
		return give(line, t, err)
	})
	if err == nil && lines == 0 {
		err = hint.New(`write one object a line: {"text": "…", "label": 0}`, "the file is empty")
	}
	return err
}

// object reads one JSON object; a label may be a string, a number or a truth value.
func (f *Format) object(data []byte) (t NamedText, err error) {
	if !utf8.Valid(data) { // encoding/json would put a replacement character there
		return t, CheckText(string(data))
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(data, &object); err != nil {
		shape := fmt.Sprintf(`write one object a line: {%s: "…", "label": 0}`, f.name(f.text[0]))
		var kind *json.UnmarshalTypeError
		if errors.As(err, &kind) {
			return t, hint.New(shape, "not a JSON object: found a %s", kind.Value)
		}
		return t, hint.New(shape, "not a JSON object: %w", err)
	}
	var parts []string
	for _, at := range f.text {
		part, err := textOf(object, f.names[at])
		if err != nil {
			return t, err
		}
		if len(f.text) == 1 || strings.TrimSpace(part) != "" {
			parts = append(parts, part)
		}
	}
	t.Text = strings.Join(parts, " ")
	if f.label >= 0 && !(f.labelOptional && lacks(object, f.names[f.label])) {
		if t.Label, err = scalar(object, f.names[f.label], "--label-column"); err != nil {
			return t, err
		}
	}
	if f.flag >= 0 && !(f.flagOptional && lacks(object, f.names[f.flag])) {
		text, err := scalar(object, f.names[f.flag], "--score-column")
		if err != nil {
			return t, err
		}
		t.Poisoned, err = parseFlag(text)
		return t, err
	}
	return t, nil
}

func lacks(object map[string]json.RawMessage, key string) bool {
	raw, ok := object[key]
	return !ok || string(raw) == "null"
}

func textOf(object map[string]json.RawMessage, key string) (text string, err error) {
	raw, ok := object[key]
	if !ok {
		return "", hint.New("name it with --text-column", "there is no key %s", hint.Quote(key))
	}
	if err := json.Unmarshal(raw, &text); err != nil || string(raw) == "null" {
		return "", hint.New("write the text in double quotes", "%s is %s, expected a text", key, hint.Quote(string(raw)))
	}
	return text, nil
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

// jsonKeys gives the keys of the objects in lines, in the order in which they occur first, and their values as texts.
func jsonKeys(lines []string) (names []string, rows [][]string) {
	place := map[string]int{}
	for _, line := range lines {
		if !json.Valid([]byte(line)) {
			continue
		}
		decoder := json.NewDecoder(strings.NewReader(line))
		decoder.UseNumber()
		if open, err := decoder.Token(); err != nil || open != json.Delim('{') {
			continue
		}
		row := make([]string, len(names))
		for decoder.More() {
			key, err := decoder.Token()
			if err != nil {
				break
			}
			name, _ := key.(string)
			var value any
			if decoder.Decode(&value) != nil {
				break
			}
			if _, ok := place[name]; !ok {
				place[name] = len(names)
				names, row = append(names, name), append(row, "")
			}
			if value != nil {
				row[place[name]] = fmt.Sprint(value)
			}
		}
		rows = append(rows, row)
	}
	for i := range rows { // earlier rows may lack later keys
		rows[i] = append(rows[i], make([]string, len(names)-len(rows[i]))...)
	}
	return names, rows
}
