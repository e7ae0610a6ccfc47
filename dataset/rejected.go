package dataset

import (
	"bytes"
	"encoding/csv"
	"strconv"
)

// mostRejected is how many rejected rows are kept; all are counted.
const mostRejected = 100_000

// Rejected collects the rows that SkipBad and SkipEmpty leave out.
type Rejected struct {
	Rows [][]string // file, line, what is wrong, text, label
}

func (r *Rejected) add(path string, line int, reason string, t NamedText) {
	if r != nil && len(r.Rows) < mostRejected {
		r.Rows = append(r.Rows, []string{path, strconv.Itoa(line), reason, t.Text, t.Label})
	}
}

// Encode writes the rows as CSV with a header.
func (r *Rejected) Encode() []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.Write([]string{"file", "line", "reason", "text", "label"}) // a buffer takes all
	w.WriteAll(r.Rows)
	return b.Bytes()
}
