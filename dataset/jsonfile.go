package dataset

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"mslora/internal/hint"
)

// jsonShapes is the hint for a JSON file that has no rows.
const jsonShapes = `an array of objects, [{"text": "…", "label": 0}, …], or what pandas and Hugging Face write: {"text": […], "label": […]}`

// jsonFileRows reads a file that is one JSON value.
func (f *Format) jsonFileRows(r io.Reader, give func(int, NamedText, error) error) error {
	row := 0
	return jsonObjects(r, func(data json.RawMessage) error {
		row++
		t, err := f.object(data)
		if len(data) > LongestRow {
			t, err = NamedText{}, hint.New("shorten the text", "the row is longer than %d bytes", LongestRow)
		} else if err != nil {
			t.Text = string(data)
		}
		t.Line = row
		return give(row, t, err)
	})
}

// jsonObjects gives the rows of a JSON value as objects. An array is streamed; of an object all is in memory: pandas' orientations
// records, columns, index, split and table, Hugging Face's columns as arrays, and an object around any of them.
func jsonObjects(r io.Reader, each func(json.RawMessage) error) error {
	reader := bufio.NewReader(r)
	decoder := json.NewDecoder(reader)
	first, err := firstByte(reader)
	if err == io.EOF {
		return hint.New(jsonShapes, "the file is empty")
	}
	if err != nil {
		return err
	}
	if first != '[' {
		var data json.RawMessage
		if err := decoder.Decode(&data); err != nil {
			return notJSON(err)
		}
		if !utf8.Valid(data) {
			return CheckText(string(data))
		}
		return objectRows(data, each)
	}
	if _, err := decoder.Token(); err != nil {
		return notJSON(err)
	}
	for decoder.More() {
		var data json.RawMessage
		if err := decoder.Decode(&data); err != nil {
			return notJSON(err)
		}
		if err := each(data); err != nil {
			return err
		}
	}
	_, err = decoder.Token()
	return notJSON(err)
}

func notJSON(err error) error {
	if err == nil {
		return nil
	}
	return hint.New(jsonShapes, "not JSON: %w", err)
}

// firstByte gives the first byte that is not white space and leaves it to be read.
func firstByte(r *bufio.Reader) (byte, error) {
	for {
		b, err := r.ReadByte()
		if err != nil {
			return 0, err
		}
		if !strings.ContainsRune(" \t\r\n", rune(b)) {
			return b, r.UnreadByte()
		}
	}
}

// field is a key of a JSON object with its value.
type field struct {
	key   string
	value json.RawMessage
}

// fields gives the keys of an object in their order.
func fields(data json.RawMessage) (all []field, err error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	if open, err := decoder.Token(); err != nil || open != json.Delim('{') {
		return nil, hint.New(jsonShapes, "expected an object")
	}
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return nil, notJSON(err)
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, notJSON(err)
		}
		name, _ := key.(string)
		all = append(all, field{name, value})
	}
	return all, nil
}

// objectRows gives the rows of an object.
func objectRows(data json.RawMessage, each func(json.RawMessage) error) error {
	all, err := fields(data)
	if err != nil {
		return err
	}
	if names, rows := find(all, "columns"), find(all, "data"); names != nil && rows != nil {
		return splitRows(names, rows, each)
	}
	if len(all) == 0 {
		return hint.New(jsonShapes, "the object has no rows")
	}
	for _, name := range []string{"data", "rows", "train"} {
		if rows := find(all, name); rows != nil && arrayOfObjects(rows) {
			return jsonObjects(bytes.NewReader(rows), func(row json.RawMessage) error {
				if inner, err := fields(row); err == nil && find(inner, "row") != nil { // Hugging Face's server wraps each row
					row = find(inner, "row")
				}
				return each(row)
			})
		}
	}
	kinds := map[byte]int{}
	for _, f := range all {
		kinds[f.value[0]]++
	}
	switch {
	case kinds['['] == len(all):
		return columnRows(all, each)
	case kinds['{'] == len(all) && isNumber(all[0].key):
		for _, f := range all {
			if err := each(f.value); err != nil {
				return err
			}
		}
		return nil
	case kinds['{'] == len(all) && len(all) > 1:
		return keyedColumns(all, each)
	}
	return hint.New(jsonShapes, "the object has no rows: its keys are %s", hint.Quote(strings.Join(keys(all), ", ")))
}

func find(all []field, key string) json.RawMessage {
	if at := slices.IndexFunc(all, func(f field) bool { return f.key == key }); at >= 0 {
		return all[at].value
	}
	return nil
}

func keys(all []field) (names []string) {
	for _, f := range all {
		names = append(names, f.key)
	}
	return names
}

// arrayOfObjects tells by the first element.
func arrayOfObjects(data json.RawMessage) bool {
	rest, array := bytes.CutPrefix(data, []byte{'['})
	return array && bytes.HasPrefix(bytes.TrimSpace(rest), []byte{'{'})
}

// splitRows reads pandas' orientation split: names of columns, and rows as arrays.
func splitRows(names, rows json.RawMessage, each func(json.RawMessage) error) error {
	var columns []string
	if err := json.Unmarshal(names, &columns); err != nil {
		return notJSON(err)
	}
	return jsonObjects(bytes.NewReader(rows), func(row json.RawMessage) error {
		var values []json.RawMessage
		if err := json.Unmarshal(row, &values); err != nil || len(values) != len(columns) {
			return each(json.RawMessage(`[]`)) // a row that cannot be used
		}
		return each(object(columns, values))
	})
}

// columnRows reads an object of arrays, all of one length.
func columnRows(all []field, each func(json.RawMessage) error) error {
	columns := make([][]json.RawMessage, len(all))
	for i, f := range all {
		if err := json.Unmarshal(f.value, &columns[i]); err != nil {
			return notJSON(err)
		}
		if len(columns[i]) != len(columns[0]) {
			return hint.New(jsonShapes, "%s has %d values, %s has %d", hint.Quote(f.key), len(columns[i]), hint.Quote(all[0].key), len(columns[0]))
		}
	}
	for row := range columns[0] {
		values := make([]json.RawMessage, len(all))
		for i := range all {
			values[i] = columns[i][row]
		}
		if err := each(object(keys(all), values)); err != nil {
			return err
		}
	}
	return nil
}

// keyedColumns reads pandas' orientation columns: an object of objects with a value for each row's key.
func keyedColumns(all []field, each func(json.RawMessage) error) error {
	columns := make([]map[string]json.RawMessage, len(all))
	for i, f := range all {
		if err := json.Unmarshal(f.value, &columns[i]); err != nil {
			return notJSON(err)
		}
	}
	rows, err := fields(all[0].value)
	if err != nil {
		return err
	}
	for _, row := range rows {
		values := make([]json.RawMessage, len(all))
		for i := range all {
			if values[i] = columns[i][row.key]; values[i] == nil {
				values[i] = json.RawMessage("null")
			}
		}
		if err := each(object(keys(all), values)); err != nil {
			return err
		}
	}
	return nil
}

// object makes a JSON object.
func object(keys []string, values []json.RawMessage) json.RawMessage {
	out := []byte{'{'}
	for i, key := range keys {
		if i > 0 {
			out = append(out, ',')
		}
		name, err := json.Marshal(key)
		if err != nil {
			name = []byte(strconv.Quote(key)) // of a string there is no error
		}
		out = append(append(append(out, name...), ':'), values[i]...)
	}
	return append(out, '}')
}

// errEnough ends a look at the first rows.
var errEnough = errors.New("enough rows")

// sniffJSONFile finds the columns of a file that is one JSON value.
func (f *Format) sniffJSONFile(s source, c Reading, w wanted) error {
	f.kind, f.ignored = jsonFile, false
	var lines []string
	err := s.read(io.Discard, func(r io.Reader) error {
		decoded, err := decoding(r, f.encoding)
		if err != nil {
			return err
		}
		return jsonObjects(decoded, func(row json.RawMessage) error {
			if lines = append(lines, string(row)); len(lines) == mostSample {
				return errEnough
			}
			return nil
		})
	})
	if err != nil && err != errEnough && len(lines) == 0 {
		return err
	}
	return f.sniffKeys(lines, c, w)
}
