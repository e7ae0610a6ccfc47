package dataset

import (
	"bytes"
	"encoding/csv"
	"path/filepath"
	"strconv"

	"mslora/internal/atomicfile"
)

// mostRejected is how many rejected rows are kept; all are counted.
const mostRejected = 100_000

// RejectedFile, in the folder that a command makes, has the rows that SkipBad and SkipEmpty left out.
const RejectedFile = "rejected.csv"

// Rejected collects the rows that SkipBad and SkipEmpty leave out.
type Rejected struct {
	Rows [][]string // file, line, what is wrong, text, label
}

// Collecting gives the reading with a place for the rows that it leaves out, if it is to leave out any.
func (c Reading) Collecting() Reading {
	if c.SkipBad || c.SkipEmpty {
		c.Rejected = &Rejected{}
	}
	return c
}

func (r *Rejected) add(path string, line int, reason string, t NamedText) {
	if r != nil && len(r.Rows) < mostRejected {
		r.Rows = append(r.Rows, []string{path, strconv.Itoa(line), reason, t.Text, t.Label})
	}
}

// Write writes RejectedFile into a folder, as CSV with a header, if rows were left out.
func (r *Rejected) Write(folder string) error {
	if r == nil || len(r.Rows) == 0 {
		return nil
	}
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.Write([]string{"file", "line", "reason", "text", "label"}) // a buffer takes all
	w.WriteAll(r.Rows)
	return atomicfile.WriteFile(filepath.Join(folder, RejectedFile), b.Bytes(), 0o644)
}
