package dataset

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/parquet-go/parquet-go"

	"mslora/internal/hint"
	"mslora/internal/parquetcheck"
)

// parquetObjects gives the rows of a Parquet file as JSON objects of its columns. A column of lists gives arrays.
func (s source) parquetObjects(sum io.Writer, open func(*parquet.File), each func(json.RawMessage) error) error {
	file, size, release, err := s.randomAccess(sum)
	if err != nil {
		return err
	}
	defer release()
	table, err := parquetcheck.Watch(func() (*parquet.File, error) { return parquetcheck.Open(file, size) })
	if err != nil {
		return hint.New("give the file the extension of what it is, or write it again", "not a Parquet file, or a damaged one: %w", err)
	}
	open(table)
	for _, group := range table.RowGroups() {
		if err := parquetGroup(table, group, each); err != nil {
			return err
		}
	}
	return nil
}

// parquetGroup gives the rows of a group of rows, a few at a time.
func parquetGroup(table *parquet.File, group parquet.RowGroup, each func(json.RawMessage) error) error {
	columns, names := table.Schema().Columns(), parquetNames(table)
	var reader parquet.Rows
	rows := make([]parquet.Row, 64)
	for {
		objects, err := parquetcheck.Watch(func() (objects []json.RawMessage, err error) {
			if reader == nil {
				reader = group.Rows()
			}
			n, err := reader.ReadRows(rows)
			for _, row := range rows[:n] {
				objects = append(objects, parquetObject(names, columns, row))
			}
			return objects, err
		})
		for _, object := range objects {
			if err := each(object); err != nil {
				return errors.Join(err, reader.Close())
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return reader.Close()
		case err != nil: // the reader may still be at it
			return hint.New("write the file again", "damaged Parquet file: %w", err)
		case len(objects) == 0:
			return hint.New("write the file again", "damaged Parquet file: rows are missing")
		}
	}
}

// parquetNames gives the names of the columns, of lists their own instead of their elements'.
func parquetNames(table *parquet.File) (names []string) {
	for _, path := range table.Schema().Columns() {
		names = append(names, path[0])
	}
	return names
}

// mostUnpacked is how large a compressed Parquet file may get, in bytes: it is in memory as a whole.
const mostUnpacked = 1 << 30

// randomAccess opens the source for reading anywhere; what is compressed lies in memory.
func (s source) randomAccess(sum io.Writer) (file io.ReaderAt, size int64, release func() error, err error) {
	opened, err := s.open()
	if err != nil {
		return nil, 0, nil, err
	}
	if onDisk, ok := opened.(*os.File); ok && s.compression() == "" {
		if size, err = io.Copy(sum, onDisk); err != nil {
			return nil, 0, nil, errors.Join(err, onDisk.Close())
		}
		return onDisk, size, onDisk.Close, nil
	}
	opened.Close()
	var content []byte
	err = s.read(sum, func(r io.Reader) (err error) {
		if content, err = io.ReadAll(io.LimitReader(r, mostUnpacked+1)); err == nil && len(content) > mostUnpacked {
			err = hint.New("unpack it: a Parquet file is compressed in itself", "the file unpacks to more than %d MiB", mostUnpacked>>20)
		}
		return err
	})
	return bytes.NewReader(content), int64(len(content)), func() error { return nil }, err
}

// parquetObject writes a row as a JSON object.
func parquetObject(names []string, columns [][]string, row parquet.Row) json.RawMessage {
	values := make([]json.RawMessage, len(names))
	var parts []json.RawMessage
	at := -1
	flush := func() {
		switch {
		case at < 0:
		case len(columns[at]) == 1 && len(parts) == 1:
			values[at] = parts[0]
		default:
			values[at] = append(append(json.RawMessage{'['}, bytes.Join(rawBytes(parts), []byte{','})...), ']')
		}
		parts = nil
	}
	for _, value := range row {
		if value.Column() != at {
			flush()
			at = value.Column()
		}
		parts = append(parts, parquetValue(value))
	}
	flush()
	for i := range values {
		if values[i] == nil {
			values[i] = json.RawMessage("null")
		}
	}
	return object(names, values)
}

func rawBytes(parts []json.RawMessage) [][]byte {
	all := make([][]byte, len(parts))
	for i, part := range parts {
		all[i] = part
	}
	return all
}

func parquetValue(value parquet.Value) json.RawMessage {
	switch {
	case value.IsNull():
		return json.RawMessage("null")
	case value.Kind() == parquet.Boolean:
		return strconv.AppendBool(nil, value.Boolean())
	case value.Kind() == parquet.Int32 || value.Kind() == parquet.Int64:
		return json.RawMessage(value.String())
	case value.Kind() == parquet.Float || value.Kind() == parquet.Double:
		if text := value.String(); json.Valid([]byte(text)) {
			return json.RawMessage(text)
		}
		return json.RawMessage(strconv.Quote(value.String())) // not a number
	case value.Kind() == parquet.ByteArray:
		return quoteJSON(string(value.ByteArray()))
	}
	return quoteJSON(value.String())
}

// quoteJSON writes a text as a JSON string. Bytes that are not UTF-8 stay as they are, to be found.
func quoteJSON(text string) json.RawMessage {
	out := []byte{'"'}
	for i := range len(text) {
		switch b := text[i]; {
		case b == '"' || b == '\\':
			out = append(out, '\\', b)
		case b < 0x20:
			out = fmt.Appendf(out, `\u%04x`, b)
		default:
			out = append(out, b)
		}
	}
	return append(out, '"')
}

// sniffParquet finds the columns of a Parquet file, and the names of labels that Hugging Face keeps in it.
func (f *Format) sniffParquet(s source, c Reading, w wanted) error {
	f.kind, f.ignored, f.encoding = parquetFile, false, "utf-8"
	var lines []string
	var features string
	err := s.parquetObjects(io.Discard, func(table *parquet.File) { features, _ = table.Lookup("huggingface") }, func(row json.RawMessage) error {
		if lines = append(lines, string(row)); len(lines) == mostSample {
			return errEnough
		}
		return nil
	})
	switch {
	case errors.Is(err, errEnough):
	case err != nil:
		return err
	case len(lines) == 0:
		return hint.New("the file needs at least one text", "no rows")
	}
	if err := f.sniffKeys(lines, c, w); err != nil {
		return err
	}
	if f.label >= 0 && f.labelNames == nil && !w.flag {
		f.labelNames = classLabels(features, f.names[f.label])
	}
	return nil
}

// classLabels reads the names of a ClassLabel column from what Hugging Face's datasets writes into a Parquet file; nil: none.
func classLabels(metadata, column string) map[string]string {
	var parsed struct {
		Info struct {
			Features map[string]struct {
				Names []string `json:"names"`
			} `json:"features"`
		} `json:"info"`
	}
	if json.NewDecoder(strings.NewReader(metadata)).Decode(&parsed) != nil || len(parsed.Info.Features[column].Names) == 0 {
		return nil
	}
	names := map[string]string{}
	for number, name := range parsed.Info.Features[column].Names {
		names[strconv.Itoa(number)] = name
	}
	return names
}

// parquetRows reads a Parquet file.
func (f *Format) parquetRows(s source, sum io.Writer, give func(int, NamedText, error) error) error {
	row := 0
	return s.parquetObjects(sum, func(*parquet.File) {}, func(data json.RawMessage) error {
		row++
		t, err := f.object(data)
		t.Line = row
		return give(row, t, err)
	})
}
