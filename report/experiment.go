package report

import (
	"bytes"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"slices"
	"time"

	"mslora/eval"
)

// Experiment is what is known about the cells of an experiment.
type Experiment struct {
	Title    string
	Created  time.Time // shown in UTC
	Rows     []eval.Row
	Pictures []Picture
	NotDrawn []Pair // kind of figure, and why there is none
	Cells    []Cell // finished ones
	Missing  []Missing
	Plans    []Plan
}

// Picture is a figure.
type Picture struct {
	Name, Help string
	Alt        string // what stands in its place for who does not see it
	SVG        []byte
}

// Cell is a finished cell.
type Cell struct {
	Title               string
	Settings, Checksums []Pair
}

// Missing is a cell without a result.
type Missing struct {
	Title, Folder, Why string
}

// Plan is what one `mslora run` was asked for.
type Plan struct {
	Command         string // that runs what is missing
	Cells, Finished int
}

//go:embed experiment.html head.html cite.html sums.html page.css
var experimentFiles embed.FS

var experimentTemplate = template.Must(template.New("experiment.html").Funcs(template.FuncMap{
	"name": name, "text": prose, "score": score, "paper": paperScore,
	"image": func(svg []byte) template.URL {
		return template.URL("data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString(svg)) // an image runs nothing
	},
}).ParseFS(experimentFiles, "experiment.html", "head.html", "cite.html", "sums.html", "page.css"))

// experimentMark is in every page, which tells it from others.
const experimentMark = `<meta name="generator" content="mslora: report of an experiment"/>`

// IsExperiment tells whether a file is a page that Experiment.Write wrote.
func IsExperiment(content []byte) bool { return bytes.Contains(content, []byte(experimentMark)) }

// Write writes one HTML page that needs nothing else: no script, no font, no other file.
func (e Experiment) Write(w io.Writer) error {
	var page bytes.Buffer
	err := experimentTemplate.Execute(&page, struct {
		Experiment
		Head     head
		Citation string
		Paper    bool // it has some of the cells
	}{
		e, head{Title: name(e.Title) + ": report of an experiment", Mark: experimentMark, Images: true}, citation,
		slices.ContainsFunc(e.Rows, func(row eval.Row) bool { return row.Paper != nil }),
	})
	if err != nil {
		return err
	}
	_, err = w.Write(page.Bytes())
	return err
}

// score writes a score, – if it was not measured.
func score(s *eval.Statistic) string {
	if s == nil {
		return "–"
	}
	return s.String()
}

// paperScore writes the paper's CACC or ASR, if it has the cell.
func paperScore(row eval.Row, what string) string {
	switch {
	case row.Paper == nil:
		return ""
	case what == "asr":
		return fmt.Sprintf("%.2f", row.Paper.ASR)
	}
	return fmt.Sprintf("%.2f", row.Paper.CACC)
}
