// Package spreadsheet writes CSV files that people open in spreadsheets, for Excel if they ask for it.
package spreadsheet

import (
	"encoding/csv"
	"fmt"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// longestCell is how many characters, counted as UTF-16 does, Excel keeps of a cell. It drops what follows, or spreads it over rows.
const longestCell = 32767

// byteOrderMark tells Excel that a file is UTF-8; without it accents and scripts are garbled.
const byteOrderMark = "\ufeff"

// Writer writes records. What may run as a formula is the caller's to escape, see visible.Cell: a number may begin with a sign.
type Writer struct {
	csv   *csv.Writer
	excel bool
	err   error
}

// New makes a writer. With excel the file begins with a byte order mark, and cells that are too long for Excel end with a mark that says
// so. A *bufio.Writer is written to without another buffer between.
func New(out io.Writer, excel bool) *Writer {
	w := &Writer{csv: csv.NewWriter(out), excel: excel}
	if excel {
		_, w.err = io.WriteString(out, byteOrderMark)
	}
	return w
}

// Write writes one record.
func (w *Writer) Write(cells ...string) error {
	if w.err != nil {
		return w.err
	}
	if w.excel {
		for i, cell := range cells {
			cells[i] = cut(cell)
		}
	}
	w.err = w.csv.Write(cells)
	return w.err
}

// Flush writes what is buffered and gives the first error.
func (w *Writer) Flush() error {
	w.csv.Flush()
	if w.err == nil {
		w.err = w.csv.Error()
	}
	return w.err
}

// cut shortens a cell to what Excel keeps, the mark included.
func cut(cell string) string {
	if len(cell) <= longestCell { // there are no more characters than bytes
		return cell
	}
	length := 0
	for _, r := range cell {
		length += utf16.RuneLen(r)
	}
	if length <= longestCell {
		return cell
	}
	mark := fmt.Sprintf("…⟨cut, %d characters⟩", utf8.RuneCountInString(cell))
	room := longestCell - utf8.RuneCountInString(mark)
	for i, r := range cell {
		if room -= utf16.RuneLen(r); room < 0 {
			return cell[:i] + mark
		}
	}
	return cell
}
