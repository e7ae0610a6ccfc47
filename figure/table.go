package figure

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"

	"mslora/internal/spreadsheet"
	"mslora/internal/visible"
)

// Table is the numbers of a figure. A cell is a string, an int, or a float64; one that is not a number, or infinite, is empty.
type Table struct {
	Columns []string
	Rows    [][]any
}

func (t *Table) add(cells ...any) { t.Rows = append(t.Rows, cells) }

// WriteCSV writes the table for spreadsheets.
func (t Table) WriteCSV(out io.Writer) error {
	w := spreadsheet.New(out, false)
	if err := w.Write(t.Columns...); err != nil {
		return err
	}
	for _, row := range t.Rows {
		cells := make([]string, len(row))
		for i, value := range row {
			switch v := value.(type) {
			case string:
				cells[i] = visible.Cell(v)
			case float64:
				if !missing(v) {
					cells[i] = fmt.Sprintf("%.6g", v)
				}
			default:
				cells[i] = fmt.Sprint(v)
			}
		}
		if err := w.Write(cells...); err != nil {
			return err
		}
	}
	return w.Flush()
}

func missing(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) }

// MarshalJSON gives a list with an object for each row, its keys in the order of the columns.
func (t Table) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	out.WriteByte('[')
	for i, row := range t.Rows {
		if i > 0 {
			out.WriteByte(',')
		}
		out.WriteByte('{')
		for k, value := range row {
			if k > 0 {
				out.WriteByte(',')
			}
			if v, ok := value.(float64); ok && missing(v) {
				value = nil
			} else if ok {
				value = json.RawMessage(fmt.Sprintf("%.6g", v))
			}
			encoded, err := json.Marshal(value)
			if err != nil {
				return nil, err
			}
			fmt.Fprintf(&out, "%q:%s", t.Columns[k], encoded)
		}
		out.WriteByte('}')
	}
	out.WriteByte(']')
	return out.Bytes(), nil
}
