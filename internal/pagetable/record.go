package pagetable

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// Record is a file that a measurement left: a table of raw figures, the command, and the machine where the figures depend on it.
// tools/bench/record.py writes the same.
type Record struct {
	Command      string            `json:"command"`
	Processor    string            `json:"processor,omitempty"`
	Instructions []string          `json:"instructions,omitempty"`
	Processors   int               `json:"processors,omitempty"`
	Versions     map[string]string `json:"versions,omitempty"`
	Began        *Moment           `json:"began,omitempty"`
	Ended        *Moment           `json:"ended,omitempty"`
	Columns      []Column          `json:"columns"`
	Rows         [][]any           `json:"rows"` // a text, a number or nil for each column
}

// Moment is when something was measured, and how busy the machine was.
type Moment struct {
	Time string    `json:"time"`
	Load []float64 `json:"load_average"` // of 1, 5 and 15 minutes
}

// Column says how a page shows the values below a name: numbers by a verb of package fmt without its %, texts by "".
type Column struct {
	Name   string `json:"name"`
	Format string `json:"format"`
}

// ReadRecord reads the record in a file.
func ReadRecord(path string) (Record, error) {
	r, err := ReadFile[Record](path)
	if err != nil {
		return r, err
	}
	if len(r.Rows) == 0 {
		return r, fmt.Errorf("%s has no rows", path)
	}
	for _, row := range r.Rows {
		if len(row) != len(r.Columns) {
			return r, fmt.Errorf("%s: a row has %d values, expected %d", path, len(row), len(r.Columns))
		}
	}
	return r, nil
}

// Markdown is the table, and a line that says how it was measured.
func (r Record) Markdown() string {
	var out strings.Builder
	names, alignments := make([]string, len(r.Columns)), make([]string, len(r.Columns))
	for i, column := range r.Columns {
		names[i], alignments[i] = column.Name, "--:"
		if column.Format == "" {
			alignments[i] = "---"
		}
	}
	fmt.Fprintf(&out, "| %s |\n|%s|\n", strings.Join(names, " | "), strings.Join(alignments, "|"))
	for _, row := range r.Rows {
		out.WriteString("|")
		for i, column := range r.Columns {
			if cell := column.cell(row[i]); cell != "" {
				out.WriteString(" " + cell)
			}
			out.WriteString(" |")
		}
		out.WriteString("\n")
	}
	return out.String() + "\n" + r.origin() + "\n"
}

func (c Column) cell(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case float64:
		if c.Format == ".0f" && v >= 0 {
			return Thousands(int(math.Round(v)))
		}
		return fmt.Sprintf("%"+c.Format, v)
	}
	return fmt.Sprint(value)
}

// origin tells how the figures were measured.
func (r Record) origin() string {
	text := "Measured by `" + r.Command + "`"
	if r.Processor != "" {
		text += fmt.Sprintf(" on %s (%s), %d processors", r.Processor, strings.Join(r.Instructions, ", "), r.Processors)
	}
	for i, name := range slices.Sorted(maps.Keys(r.Versions)) {
		text += []string{"; ", ", "}[min(i, 1)] + name + " " + r.Versions[name]
	}
	if r.Began != nil && r.Ended != nil {
		text += fmt.Sprintf("; load average %.1f at the beginning, %.1f at the end", r.Began.Load[0], r.Ended.Load[0])
	}
	return text + "."
}
