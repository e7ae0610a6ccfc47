package report

import (
	"bytes"
	"embed"
	"html/template"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Audit is what is known about the poison of a data set.
type Audit struct {
	Title    string    // of the data
	Created  time.Time // shown in UTC
	Texts    int
	Verdict  []string // the first sentences, for people
	Doubts   []string // why they rest on less than they could
	Next     []string // what to do
	Attacked []AttackedLabel
	Triggers []PossibleTrigger
	Prove    []string // commands that show whether a classifier obeys the trigger
	Files    []Pair   // name and content
	Settings []Pair
	Sums     []Pair // checksums
}

// AttackedLabel is a label that looks poisoned.
type AttackedLabel struct {
	Label                      string
	Texts, Poisoned, Low, High int
	Suspected                  int
	Nats                       float64 // of evidence
	Common                     []string
	Examples                   []Pair // line and text, the most suspicious first
}

// PossibleTrigger is a phrase that may be a trigger.
type PossibleTrigger struct {
	Phrase, Label            string
	Texts                    int
	Strength                 float64
	VanillaFlips, CleanFlips float64 // shares of probes that got the label
}

//go:embed audit.html head.html cite.html sums.html page.css
var auditFiles embed.FS

var auditTemplate = template.Must(template.New("audit.html").Funcs(template.FuncMap{
	"name": name, "text": prose, "grouped": grouped, "decimals": decimals, "probability": probability,
	"nats": func(x float64) string { return strconv.FormatFloat(x, 'f', 0, 64) },
}).ParseFS(auditFiles, "audit.html", "head.html", "cite.html", "sums.html", "page.css"))

// Write writes one HTML page that needs nothing else: no script, no font, no other file.
func (a Audit) Write(w io.Writer) error {
	var page bytes.Buffer
	err := auditTemplate.Execute(&page, struct {
		Audit
		Head     head
		Citation string
	}{a, head{Title: name(a.Title) + ": audit for poisoned texts"}, citation})
	if err != nil {
		return err
	}
	_, err = w.Write(page.Bytes())
	return err
}

// ShellWord quotes a word of unknown origin for a POSIX shell; ok is false if it holds a character that a terminal may act on.
func ShellWord(word string) (quoted string, ok bool) {
	for _, r := range word {
		if !unicode.IsPrint(r) {
			return "", false
		}
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'", true
}
