package dataset

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"

	"mslora/internal/hint"
)

// LongestRow is the largest row in bytes. The longest text of the paper's sets has 28,570; a row beyond this
// limit is nearly always a quote that was never closed.
const LongestRow = 1 << 20

var errRowTooLong = errors.New("row too long")

// NoLabel is the label of a row that has none, which only Paraphrased allows.
const NoLabel = -1

// addRow receives one row of a file. Line numbers start at 1; a row is named by the line on which it starts.
type addRow func(line int, t Text) error

// columns says where a table has its text, label and poison flag; flag is -1 where there is none.
type columns struct{ text, label, flag int }

// parseHeader knows the names text, label and poisoned, and pandas' 0, 1 and 2 for the same. The column
// without a name, pandas' index, is skipped. label may be -1 too unless labelled.
func parseHeader(header []string, labelled bool) (columns, error) {
	const names = "name the columns text, label and, if known, poisoned; delete the others"
	found := columns{-1, -1, -1}
	for i, name := range header {
		var column *int
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "":
			if i == 0 {
				continue
			}
			return found, hint.New(names, "column %d has no name", i+1)
		case "text", "0":
			column = &found.text
		case "label", "1":
			column = &found.label
		case "poisoned", "2":
			column = &found.flag
		default:
			return found, hint.New(names, "unknown column %s in the header", hint.Quote(name))
		}
		if *column >= 0 {
			return found, hint.New(names, "column %s is there twice", hint.Quote(name))
		}
		*column = i
	}
	switch {
	case found.text < 0:
		return found, hint.New(names, "there is no column text in the header")
	case found.label < 0 && labelled:
		return found, hint.New(names, "there is no column label in the header")
	}
	return found, nil
}

// readTable reads the texts of a CSV or TSV file. Every row needs a label if labelled; else a row without one gets
// NoLabel.
func readTable(r io.Reader, comma rune, labelled bool, add addRow) error {
	var at columns
	return readRecords(r, comma, func(header []string) (err error) {
		at, err = parseHeader(header, labelled)
		return err
	}, func(line int, record []string) error {
		t, err := at.row(record)
		if err != nil {
			return err
		}
		return add(line, t)
	})
}

// readRecords reads CSV, or TSV with comma = '\t', with a header line. Quoting is that of RFC 4180, which pandas
// and spreadsheets write, in both: a field with the separator, a quote or a line break stands in quotes and its
// quotes are doubled. encoding/csv turns \r\n inside a quoted field into \n; nothing else is changed. Records
// are valid only until the next one is read.
func readRecords(r io.Reader, comma rune, header func([]string) error, row func(line int, record []string) error) error {
	limit := &rowLimit{r, LongestRow}
	reader := csv.NewReader(skipBOM(limit))
	reader.Comma = comma
	reader.ReuseRecord = true
	reader.FieldsPerRecord = -1
	var width int
	for {
		limit.remaining = LongestRow
		start := reader.InputOffset()
		record, err := reader.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return explainTable(err, start)
		}
		line, _ := reader.FieldPos(0)
		switch {
		case width == 0:
			width = len(record)
			if err = checkHeader(record, comma); err == nil {
				err = header(record)
			}
		case len(record) != width:
			return hint.New("put texts that hold a separator or a line break in double quotes",
				"line %d: expected %d columns as in the header, found %d", line, width, len(record))
		default:
			err = row(line, record)
		}
		if err != nil {
			return fmt.Errorf("line %d: %w", line, err)
		}
	}
	if width == 0 {
		return hint.New("the first line names the columns: text,label", "the file is empty")
	}
	return nil
}

// checkHeader refuses a header that is no text, or has one column in which another separator stands: spreadsheets in
// many countries write semicolons into .csv files.
func checkHeader(header []string, comma rune) error {
	if err := CheckText(strings.Join(header, "")); err != nil {
		return err // of all columns at once: UTF-16, say, has a byte order mark and NUL bytes
	}
	if len(header) > 1 {
		return nil
	}
	for _, other := range []struct {
		separator rune
		name      string
	}{{',', "commas"}, {'\t', "tabs"}, {';', "semicolons"}} {
		if other.separator != comma && strings.ContainsRune(header[0], other.separator) {
			return hint.New("a .csv file has commas between its columns, a .tsv file tabs", "columns are separated by %s", other.name)
		}
	}
	return nil
}

func (c columns) row(record []string) (t Text, err error) {
	if err = CheckText(record[c.text]); err != nil {
		return t, err
	}
	t.Label = NoLabel
	if c.label >= 0 {
		if t.Label, err = parseLabel(record[c.label]); err != nil {
			return t, err
		}
	}
	if c.flag >= 0 {
		if t.Poisoned, err = parseFlag(record[c.flag]); err != nil {
			return t, err
		}
	}
	t.Text = strings.Clone(record[c.text]) // the record's memory holds the other columns too
	return t, nil
}

// explainTable says in the reader's words what encoding/csv or the row limit found. start is the offset of the
// row that could not be read.
func explainTable(err error, start int64) error {
	var parse *csv.ParseError
	switch {
	case errors.Is(err, errRowTooLong):
		return hint.New("look there for a double quote that is not closed",
			"the row that starts at byte %d is longer than %d bytes", start, LongestRow)
	case errors.As(err, &parse) && errors.Is(err, csv.ErrQuote):
		return hint.New(`inside a quoted text write each double quote twice: "she said ""no"""`,
			"line %d, column %d: malformed or unclosed double quote in the row that starts on line %d", parse.Line, parse.Column, parse.StartLine)
	case errors.As(err, &parse) && errors.Is(err, csv.ErrBareQuote):
		return hint.New(`put the whole text in double quotes and write its own quotes twice: "she said ""no"""`,
			"line %d, column %d: double quote in a text that is not quoted", parse.Line, parse.Column)
	}
	return err
}

// rowLimit ends reading inside a row that is too long, before it fills the memory. What was buffered
// before the row does not count, a few kilobytes.
type rowLimit struct {
	r         io.Reader
	remaining int
}

func (l *rowLimit) Read(p []byte) (int, error) {
	if l.remaining <= 0 {
		return 0, errRowTooLong
	}
	n, err := l.r.Read(p[:min(len(p), l.remaining)])
	l.remaining -= n
	return n, err
}

// skipBOM drops the byte order mark that spreadsheets put before UTF-8.
func skipBOM(r io.Reader) *bufio.Reader {
	reader := bufio.NewReader(r)
	if start, _ := reader.Peek(3); string(start) == "\xef\xbb\xbf" {
		reader.Discard(3)
	}
	return reader
}
