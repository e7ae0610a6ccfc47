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

// delimitedRows gives the rows of a file with delimiters.
func (f *Format) delimitedRows(r io.Reader, give func(int, NamedText, error) error) error {
	width := len(f.names)
	first := true
	err := eachRecord(r, f.delimiter, f.quoting, func(line int, record []string) error {
		if first {
			if first = false; f.header {
				return nil
			}
		}
		if width == 0 {
			width = len(record)
		}
		if len(record) != width {
			against := "in the header"
			if !f.header {
				against = "in the first row"
			}
			return give(line, NamedText{Text: strings.Join(record, f.delimiter)}, hint.New("put texts that hold a separator or a line break in double quotes",
				"expected %d columns as %s, found %d", width, against, len(record)))
		}
		t, err := f.row(record)
		t.Line = line
		return give(line, t, err)
	})
	if err == nil && first {
		err = errEmpty
	}
	return err
}

var errEmpty = hint.New("the first line names the columns: text,label", "the file is empty")

func (f *Format) row(record []string) (t NamedText, err error) {
	if len(f.text) == 1 {
		t.Text = strings.Clone(record[f.text[0]]) // the record's memory holds the other columns too
	} else {
		t.Text = joined(record, f.text)
	}
	if f.label >= 0 {
		t.Label = strings.Clone(record[f.label])
	}
	if f.flag >= 0 {
		t.Poisoned, err = parseFlag(record[f.flag])
	}
	return t, err
}

// joined puts the texts of several columns together, those that are not blank.
func joined(record []string, columns []int) string {
	var parts []string
	for _, at := range columns {
		if strings.TrimSpace(record[at]) != "" {
			parts = append(parts, record[at])
		}
	}
	return strings.Join(parts, " ")
}

// eachRecord reads the records of a file with delimiters, the header too. With QuotingCSV quoting is that of RFC 4180, which pandas
// and spreadsheets write: a field with the delimiter, a quote or a line break stands in quotes and its quotes are doubled.
// encoding/csv turns \r\n inside a quoted field into \n; nothing else is changed. With QuotingPlain each line is a record.
// Blank lines are left out. Records are valid only until the next one is read.
func eachRecord(r io.Reader, delimiter string, quoting Quoting, record func(line int, record []string) error) error {
	if quoting == QuotingPlain {
		return plainRecords(r, delimiter, record)
	}
	limit := &rowLimit{r, LongestRow}
	reader := csv.NewReader(bufio.NewReader(limit))
	reader.Comma = rune(delimiter[0])
	reader.ReuseRecord = true
	reader.FieldsPerRecord = -1
	for {
		limit.remaining = LongestRow
		start := reader.InputOffset()
		fields, err := reader.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return explainTable(err, start)
		}
		line, _ := reader.FieldPos(0)
		if err := record(line, fields); err != nil {
			return err
		}
	}
}

// plainRecords splits lines at the delimiter.
func plainRecords(r io.Reader, delimiter string, record func(line int, record []string) error) error {
	return eachLine(r, func(line int, data []byte) error {
		text := strings.TrimSuffix(string(data), "\r")
		if text == "" {
			return nil
		}
		return record(line, strings.Split(text, delimiter))
	})
}

// eachLine reads a stream line by line.
func eachLine(r io.Reader, each func(line int, data []byte) error) error {
	scanner := bufio.NewScanner(r)
	scanner.Buffer(nil, LongestRow)
	line := 0
	for scanner.Scan() {
		line++
		if err := each(line, scanner.Bytes()); err != nil {
			return err
		}
	}
	if errors.Is(scanner.Err(), bufio.ErrTooLong) {
		return hint.New("put each row on a line of its own", "line %d is longer than %d bytes", line+1, LongestRow)
	}
	return scanner.Err()
}

// explainTable says in the reader's words what encoding/csv or the row limit found. start is the offset of the
// row that could not be read.
func explainTable(err error, start int64) error {
	const orPlain = "; or give --quoting plain if quotes are characters like others"
	var parse *csv.ParseError
	switch {
	case errors.Is(err, errRowTooLong):
		return hint.New("look there for a double quote that is not closed"+orPlain,
			"the row that starts at byte %d is longer than %d bytes", start, LongestRow)
	case errors.As(err, &parse) && errors.Is(err, csv.ErrQuote):
		return hint.New(`inside a quoted text write each double quote twice: "she said ""no"""`+orPlain,
			"line %d, column %d: malformed or unclosed double quote in the row that starts on line %d", parse.Line, parse.Column, parse.StartLine)
	case errors.As(err, &parse) && errors.Is(err, csv.ErrBareQuote):
		return hint.New(`put the whole text in double quotes and write its own quotes twice: "she said ""no"""`+orPlain,
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

// atLine names the line of an error.
func atLine(line int, err error) error { return fmt.Errorf("line %d: %w", line, err) }
